"""Jobs: work to be done later.

A row is written in the transaction of the deed that wants it, claimed by one worker, tried again with growing waits.
Never: a client's value in a job's arguments; they are ids.
"""
