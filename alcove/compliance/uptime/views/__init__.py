"""The month's report, the probes, and what probes post to."""
