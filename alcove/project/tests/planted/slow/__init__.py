"""The first goes through and is kept, the second takes its time."""
