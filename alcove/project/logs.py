"""Log lines carry no client value: exceptions are named, not quoted, and arguments of strange kinds are dropped."""

from __future__ import annotations

import logging
import traceback


class NoValues(logging.Filter):
    """Replaces an exception's text by its class and the places it passed: its text may quote what a client gave."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            places = "".join(
                f" at {frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(trace)[-6:]
            )
            record.msg = f"{record.getMessage()} [{kind.__name__}{places}]"
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True
