"""Setup's pages about the practice itself."""
