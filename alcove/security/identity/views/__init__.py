"""Pages of identity: the door, one's own account, people and roles."""
