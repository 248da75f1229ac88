"""Untrusted input of Setup, turned into typed values."""
