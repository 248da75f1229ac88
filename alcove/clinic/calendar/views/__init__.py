"""Pages of the calendar and of reception."""
