"""The continuity page, the page for the wall, and the forms."""
