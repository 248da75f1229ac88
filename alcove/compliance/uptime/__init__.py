"""Uptime: whether each location, and the world outside, reached the server, and whose fault it was where not.

Probes (``alcove.probe``) ask from where people work and tell what they saw; the server notes when it ran itself. The
month's report compares both with the goal and tells line faults from server faults (docs/uptime.md).
"""
