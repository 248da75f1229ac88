"""How tests stand, what the page shows, and the list a new practice may begin with."""
