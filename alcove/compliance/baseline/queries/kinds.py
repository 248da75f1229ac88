"""Every kind of weakness: what it is called, why it matters, how it is mended, and where."""

# ruff: noqa: E501 - a table of texts is read line by line

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """``where``: name of the page on which it is mended, "" if that is done on the machine; ``book``: a runbook."""

    title: str
    why: str
    mend: str
    where: str = ""
    book: str = ""


@dataclass(frozen=True, slots=True)
class Weak:
    """Something weak as a comparison sees it; see ``models.Weakness``."""

    kind: str
    subject: str
    what: str


class Silent(Exception):
    """Nobody answers, which another page tells: nothing is found, and nothing is gone."""


KINDS: Final = {
    "rights": Kind(
        "A role holds rights nobody gave it",
        "Rights that are neither in the approved list nor ticked by somebody on the log were put in past the product: whoever holds the role sees or does more than the practice decided.",
        "Untick what the role should not have, find out who can write to the database, and look in the log at what was done with these rights.",
        "identity:roles", "rights-nobody-gave",
    ),
    "held": Kind(
        "Somebody holds a role nobody gave them",
        "The log knows of no deed that gave this role, so it was put in past the product.",
        "Take the role away, end the person’s sessions, find out who can write to the database, and look in the log at what they did.",
        "identity:people", "rights-nobody-gave",
    ),
    "owners": Kind(
        "Many owners",
        "Every owner can give rights to anybody. Each more is one more account worth stealing.",
        "Give those who only run the day the role Manager.",
        "identity:people",
    ),
    "vouched": Kind(
        "An owner or officer whose identity nobody checked",
        "They decide about rights and read the log; nobody has confirmed that the account belongs to the person it names.",
        "Have a second person check who they are, on their page under People.",
        "identity:people",
    ),
    "links": Kind(
        "A link is open for too long",
        "A link that lives longer than the product makes them opens something to whoever finds it.",
        "End it where it was made. If nobody knows of it, look into the log for who could have put it in.",
        "identity:people",
    ),
    "feeds": Kind(
        "A calendar link nobody reads any more",
        "The address of a private calendar that no phone has asked for lies somewhere, and still opens.",
        "End the link on the practitioner’s page; a new one is made in a minute.",
        "practice:team",
    ),
    "exports": Kind(
        "An export was left open",
        "A file with the cards of many clients is still there after the time it should have gone by itself.",
        "See under Health whether the worker runs; it removes the file at its next round.",
        "clients:exports",
    ),
    "support": Kind(
        "Support access is open for too long",
        "The host’s operator gets in for longer than an owner can allow.",
        "End it under Support access, and ask the host who changed it.",
        "identity:support",
    ),
    "rules": Kind(
        "A security setting is looser than the baseline",
        "A screen that stays open, or a limit that is too wide, is how strangers get to read.",
        "Choose a value within the baseline under Security settings, or accept it here with the reason.",
        "identity:rules",
    ),
    "headers": Kind(
        "Pages are sent without their protection",
        "Browsers keep strange scripts and frames out only if every page says so.",
        "Look at what stands in front of Alcove (a proxy, a changed installation): it must pass these headers on as they are.",
    ),
    "certificate": Kind(
        "The certificate ends soon",
        "When it has ended, browsers refuse the site or people learn to click warnings away.",
        "Put the new certificate in place and restart; Alcove renews only the ones it made itself.",
        "monitoring:health",
    ),
    "ports": Kind(
        "Something else listens to the network",
        "The account Alcove runs under answers on a port it was not told to: another door into the same machine.",
        "Find the program (ss -ltnp), end it, or let it run under another account.",
    ),
    "settings": Kind(
        "The installation runs with an unsafe setting",
        "Some switches are for looking for faults and weaken what protects people.",
        "Set it back in alcove.toml or the environment, and restart.",
    ),
    "files": Kind(
        "Others on this machine may read a folder or a key",
        "Whoever reads a key file and the database reads everything.",
        "chmod -R go-rwx on the folder it names, as the account Alcove runs under.",
        book="root-key",
    ),
    "places": Kind(
        "A call to a place the register does not know",
        "Data may be leaving for somewhere nobody has decided on, without a contract.",
        "If it is meant, say on the page Where data goes what it is for. If not, stop it: which adapter or program calls there?",
        "baseline:places", "unknown-place",
    ),
    "components": Kind(
        "A component has a weakness known for weeks",
        "How to use it has been public for more than 14 days: whoever looks for installations like this one finds a recipe.",
        "Upgrade to the release that brings the component without it; if there is none yet, accept it here with what protects you meanwhile.",
        "releases:releases",
    ),
    "news": Kind(
        "News of releases does not come",
        "While news is refused or old, nobody learns of a release that mends a weakness. Somebody may be holding it back.",
        "Read why on the page Releases. Ask the maintainers by another way, or bring the news in a file: alcove release news FILE.",
        "releases:releases",
    ),
    "trials": Kind(
        "An emergency test is overdue or failed",
        "A failover line nobody has tried, or an exercise nobody has made, is found not to work on the day it is needed.",
        "Make the test, and enter how it went under Continuity. A line that failed counts again when a later test has passed.",
        "continuity:continuity",
    ),
    "entrants": Kind(
        "Somebody who should not enter is still listed",
        "A key or a code that was not taken back opens the door, whatever happened to the account.",
        "Take back key and card, change the code, then take them off the list under Continuity.",
        "continuity:continuity",
    ),
    "probes": Kind(
        "A probe of uptime is silent",
        "While nobody looks from there, a line that fails is noticed by whoever stands at the counter, and the month’s report has a hole.",
        "See whether the machine it runs on is on and reaches Alcove. If it is not needed any more, end the probe under Uptime, Probes.",
        "uptime:probes",
    ),
    "uptime": Kind(
        "A month missed the goal of uptime",
        "More minutes without the system than the practice allows itself: clients waited, or were treated from paper.",
        "Read under Uptime whether it was the line or the server. A line: talk to the provider, test the failover line. A server: move upgrades to the evening, look at what failed. It goes by itself when the next month has ended.",
        "uptime:uptime",
    ),
    "unasked": Kind(
        "A comparison could not be made",
        "What cannot be asked cannot be seen to be sound; what it found before stays open.",
        "Press Compare now; if it stays, look into the server’s log.",
        "monitoring:health",
    ),
}  # fmt: skip
"""By the code word a weakness is filed under."""
