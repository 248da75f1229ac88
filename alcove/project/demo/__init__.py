"""The demo practice: invented people and months of history, made through the same actions as any other.

Nothing here is a shortcut: cards, notes and looks are real deeds of real accounts, so the demo's log verifies like
every log. Only the time is told (``security.audit.telling``), and only a practice founded as a demo lets it be told.
"""
