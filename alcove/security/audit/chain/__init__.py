"""The chain: the sequencer links new entries into blocks, ``verify`` walks everything and names the first fault.

A block's code covers its number, time, the ranges it adds, a digest of their entries' codes, and the block before.
The newest block is also noted in a file outside the database (``write_head``), so that a cut tail is found by
whoever holds only the database; checkpoints, signed and copied elsewhere, find one that took the file as well.
"""

from alcove.security.audit.chain.entries import Fault, Verdict, forged, rows
from alcove.security.audit.chain.heads import checkpoint, read_checkpoint, write_head
from alcove.security.audit.chain.links import Sequencer
from alcove.security.audit.chain.proof import verify

__all__ = [
    "Fault",
    "Sequencer",
    "Verdict",
    "checkpoint",
    "forged",
    "read_checkpoint",
    "rows",
    "verify",
    "write_head",
]
