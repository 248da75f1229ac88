"""The web application with the log of opened records switched off, for ``bench/load.py`` alone.

What it leaves out is what the log costs: the entry of each opening, written before the keys are unwrapped. There is no
setting for this and there will be none; this module replaces the function in a server's process.
"""

from typing import Any

from alcove.project.wsgi import application
from alcove.security.access import opening

__all__ = ["application"]


def _leave_out(*_given: Any) -> None:
    """Stand in for ``opening.record_opening``."""


opening.record_opening = _leave_out  # type: ignore[assignment]  # whatever it is given
