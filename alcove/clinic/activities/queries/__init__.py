"""What is asked about tasks: which ones somebody sees, one with all that hangs on it, and what the worker has to do."""
