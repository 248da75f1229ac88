"""The daily comparison of the running system with a safe baseline, and the register of places outside it calls.

A weakness is filed once, told once, closed by itself when the next comparison no longer sees it, or accepted by the
officer until a day. The register says where data goes; the witness (``operations.egress``) says which places were
really called, and one the register does not know is a weakness.
"""
