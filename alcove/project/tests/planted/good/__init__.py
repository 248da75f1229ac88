"""A change that goes through."""
