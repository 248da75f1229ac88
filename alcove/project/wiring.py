"""The static tables of the house: what runs by itself, which jobs there are, which verbs the console has.

Nothing registers itself; whoever wants to know who follows what reads this page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

from alcove.clinic.activities import tasks as activity_tasks
from alcove.clinic.calendar import tasks as calendar_tasks
from alcove.clinic.calendar.actions.freed import FREED_JOB
from alcove.clinic.clients import tasks as contact_tasks
from alcove.clinic.clients.actions import EXPORT_JOB, RECUT_JOB
from alcove.clinic.downtime import tasks as downtime_tasks
from alcove.clinic.downtime.actions import PACKS_JOB
from alcove.clinic.messaging import tasks as message_tasks
from alcove.clinic.messaging.actions import FAILED_JOB
from alcove.clinic.practice import tasks as practice_tasks
from alcove.compliance import tasks as compliance_tasks
from alcove.compliance.baseline import tasks as baseline_tasks
from alcove.compliance.privacy import tasks as privacy_tasks
from alcove.compliance.uptime import tasks as uptime_tasks
from alcove.operations.backups import tasks as backup_tasks
from alcove.operations.mail.delivery import Post
from alcove.operations.monitoring import tasks as monitoring_tasks
from alcove.operations.releases import tasks as release_tasks
from alcove.operations.sweep import tasks as sweep_tasks
from alcove.project import rebuilding
from alcove.security.audit import chain
from alcove.security.identity import tasks as account_tasks
from alcove.security.jobs import queue
from alcove.security.jobs.worker import Every
from alcove.security.policy_defaults import AUDIT_LINK_SECONDS, MAIL_LOOK_SECONDS, WATCH_SECONDS

COMMANDS = [
    "alcove.project.commands",
    "alcove.security.access.commands",
    "alcove.security.identity.commands",
    "alcove.clinic.clients.commands",
    "alcove.api.commands",
]
"""Modules whose ``COMMANDS`` make up the ``alcove`` command."""

FAILED_MESSAGE_FOLLOWERS: tuple[Callable[..., Any], ...] = (activity_tasks.follow_failed_message,)
"""Who hears of a message that came back or could not leave: ``(outgoing, client, about, kind, why)``, ids as hex."""


def follow_failed_message(**what: str) -> None:
    """Tell everyone who follows."""
    for follower in FAILED_MESSAGE_FOLLOWERS:
        follower(**what)


JOBS: dict[str, Callable[..., Any]] = {
    FAILED_JOB: follow_failed_message,
    FREED_JOB: calendar_tasks.offer_freed,
    EXPORT_JOB: contact_tasks.make_export,
    RECUT_JOB: contact_tasks.recut_contacts,
    PACKS_JOB: downtime_tasks.make,
}
"""Queued jobs by name."""

_post = Post()
_messages = Post(message_tasks.deliver, message_tasks.is_any_due)
_backups = Post(backup_tasks.make, backup_tasks.is_due, name="backups")
_drills = Post(rebuilding.drill_if_due, rebuilding.is_drill_due, name="drill")
_sweep = Post(sweep_tasks.sweep, sweep_tasks.is_due, name="sweep")
_news = Post(release_tasks.ask, release_tasks.is_due, name="news")
_packs = Post(downtime_tasks.make, downtime_tasks.is_due, name="downtime packs")
_sequencer = chain.Sequencer(head_file=None)


def link() -> int:
    """Link new audit entries; every process that writes some may call it, the worker does each second."""
    _sequencer.head_file = settings.ALCOVE.log / "audit.head"
    return _sequencer.link()


def checkpoint() -> None:
    """Write the log's signed head beside the database and into every configured place."""
    link()
    chain.checkpoint([settings.ALCOVE.log / "checkpoints", *settings.ALCOVE.checkpoint_places])


def schedule() -> list[Every]:
    """Return what the worker runs by itself."""
    return [
        Every("audit link", AUDIT_LINK_SECONDS, link),
        Every("mail", MAIL_LOOK_SECONDS, _post.look),
        Every("messages", message_tasks.LOOK_SECONDS, _messages.look),
        Every("audit checkpoint", settings.ALCOVE.checkpoint_minutes * 60, checkpoint),
        Every("backups", backup_tasks.LOOK_SECONDS, _backups.look),
        Every("drill", backup_tasks.LOOK_SECONDS, _drills.look),
        Every("health", monitoring_tasks.LOOK_SECONDS, monitoring_tasks.look),
        Every("sweep", sweep_tasks.LOOK_SECONDS, _sweep.look),
        Every("news", release_tasks.LOOK_SECONDS, _news.look),
        Every("downtime packs", downtime_tasks.LOOK_SECONDS, _packs.look),
        Every("late backups", backup_tasks.LOOK_SECONDS, backup_tasks.report_late),
        Every("holds", calendar_tasks.HOLDS_SECONDS, calendar_tasks.let_go_of_holds),
        Every("tasks", activity_tasks.LOOK_SECONDS, activity_tasks.look_after_tasks),
        Every("tasks of leavers", account_tasks.LEAVERS_SECONDS, activity_tasks.move_from_leavers),
        Every("bookings to look at", calendar_tasks.AFFECTED_SECONDS, calendar_tasks.raise_affected),
        Every("contact values", contact_tasks.LOOK_SECONDS, contact_tasks.fit_contacts),
        Every("leavers", account_tasks.LEAVERS_SECONDS, account_tasks.end_leavers),
        Every("accounts", account_tasks.LOOK_SECONDS, account_tasks.look_after_accounts),
        Every("effort", account_tasks.LOOK_SECONDS, account_tasks.forget_old_effort),
        Every("typed text", account_tasks.LOOK_SECONDS, account_tasks.forget_old_drafts),
        Every("hand-overs", account_tasks.HAND_OVER_SECONDS, account_tasks.end_hand_overs),
        Every("done jobs", account_tasks.LOOK_SECONDS, queue.forget_done),
        Every("exports", contact_tasks.EXPORTS_SECONDS, contact_tasks.end_exports),
        Every("holidays", practice_tasks.LOOK_SECONDS, practice_tasks.keep_holidays),
        Every("erasures", privacy_tasks.ERASE_SECONDS, privacy_tasks.carry_out),
        Every("retention", privacy_tasks.PROPOSE_SECONDS, privacy_tasks.propose),
        Every("baseline", baseline_tasks.LOOK_SECONDS, baseline_tasks.compare_if_due),
        Every("places outside", baseline_tasks.CALLS_SECONDS, baseline_tasks.note_calls),
        Every("running", uptime_tasks.LOOK_SECONDS, uptime_tasks.note_server),
        Every("old uptime", uptime_tasks.FORGET_SECONDS, uptime_tasks.forget_old),
        Every("watching", WATCH_SECONDS, compliance_tasks.look),
        Every("addresses", compliance_tasks.ADDRESSES_SECONDS, compliance_tasks.drop_addresses),
        Every("glass reviews", contact_tasks.REVIEW_SECONDS, contact_tasks.escalate_glass),
    ]
