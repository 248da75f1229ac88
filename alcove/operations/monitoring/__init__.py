"""Monitoring: whether each part works, who is told when one does not, and figures for a monitor of one's own.

Knows no client and shows none: parts, ages and counts only.
"""
