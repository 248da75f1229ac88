"""All promises that can be run so far, by number."""

from alcove.project.prove import (
    accounts,
    backups,
    doors,
    downtime,
    entering,
    erasing,
    guessing,
    handing,
    log,
    needing,
    past,
    sealing,
    spares,
    watching,
)
from alcove.project.prove.outcome import Promise

PROMISES: list[Promise] = sorted(
    [
        *sealing.PROMISES,
        *spares.PROMISES,
        *accounts.PROMISES,
        *backups.PROMISES,
        *doors.PROMISES,
        *downtime.PROMISES,
        *entering.PROMISES,
        *erasing.PROMISES,
        *guessing.PROMISES,
        *handing.PROMISES,
        *log.PROMISES,
        *needing.PROMISES,
        *watching.PROMISES,
        *past.PROMISES,
    ],
    key=lambda item: item.number,
)
