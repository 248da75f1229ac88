"""Spans of time, whose fault a failing was, the month's report, and how the probes are."""
