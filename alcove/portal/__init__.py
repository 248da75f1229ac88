"""The patients' own pages. Nothing of the staff answers here, and nobody here reaches the staff's pages."""
