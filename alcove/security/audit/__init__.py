"""Audit remembers: who did or looked at what, when, whose, with what result. Never a value.

Invariant: an entry carries its own authentication code and its writer's counter from the first moment, and the
sequencer links it into one keyed chain within a second. Never: an entry changed or deleted by the program, a client
value in one, a read that leaves before its entry is durable. Proved by ``tests/promises`` 20 and 21.
Why not one chain extended by every writer: docs/decisions/0002-audit-chain.md has the figures.
"""
