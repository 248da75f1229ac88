"""Backups: points in time of the whole practice, sealed, in several places, each read back; and the way home again.

A place holds ``objects/`` (pieces named by a keyed hash of what is in them, sealed), ``points/`` (one sealed, signed
list for each point in time) and, unless they have a place of their own, ``keys/`` (key copies, see
``vault.copies``). Pieces come first, the point last and in one step: a run that is killed leaves no half point, and the
next run finds its pieces there.

Never: a plain byte of the practice outside the home; a root key, or a client's key, among the pieces; a point that
names a piece which was not read back; a deed of restoring that touches the practice at work.
"""
