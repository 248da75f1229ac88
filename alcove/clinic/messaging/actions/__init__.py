"""What happens to messages about visits, to clients' choices and to the texts. The only place that writes them."""

from alcove.clinic.messaging.actions.choosing import (
    Unchanged,
    choose,
    choose_own,
    confirm_address,
    unconfirm_address,
)
from alcove.clinic.messaging.actions.planning import (
    FAILED_JOB,
    Plan,
    plan,
    withdraw,
    withdraw_all,
    withdraw_one,
)
from alcove.clinic.messaging.actions.texts import reset_text, set_spending, write_text
from alcove.clinic.messaging.models.kinds import ALL, KINDS
from alcove.clinic.messaging.queries.routing import recipient_known

__all__ = [
    "ALL",
    "FAILED_JOB",
    "KINDS",
    "Plan",
    "Unchanged",
    "choose",
    "choose_own",
    "confirm_address",
    "plan",
    "recipient_known",
    "reset_text",
    "set_spending",
    "unconfirm_address",
    "withdraw",
    "withdraw_all",
    "withdraw_one",
    "write_text",
]
