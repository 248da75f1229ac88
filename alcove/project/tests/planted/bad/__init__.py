"""The first goes through and is kept, the second takes a column away and then fails."""
