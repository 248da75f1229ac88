"""The daily sweep: every row of the record, with its kept versions, is compared with what the last recorded deed left.

Rows carry marks (``security.access.marks``); what was changed, put in or taken out by hand does not fit them. What is
found stands on a page for the officer, is told by e-mail, and stays until somebody says what it was.
"""
