"""Reads of identity that need more than a filter."""
