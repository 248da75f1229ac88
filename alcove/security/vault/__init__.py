"""The vault keeps secrets; it knows no people and no rules.

Invariant: a client's words leave this package only while that client's key is open in the keyring of the work at
hand, and enter a database or a file only sealed. Never: a key in the database in clear, a plaintext fallback when a
key is missing, a value shown as empty when it does not open. Proved by ``tests/promises`` 1, 4 and 5.
"""
