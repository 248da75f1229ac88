"""How long data must be kept, what of a client that concerns, and the pages of deleted and erased clients."""
