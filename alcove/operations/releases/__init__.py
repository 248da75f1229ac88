"""Releases: whether one is as its maintainers signed it, what it is made of, and news of newer ones and weaknesses."""
