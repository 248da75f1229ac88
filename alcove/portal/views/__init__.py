"""Pages of the portal, and what staff do about it on a client's card."""
