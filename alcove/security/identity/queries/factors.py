"""What someone can prove themselves with."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from alcove.security.access.actors import Actor
from alcove.security.access.errors import NotFound
from alcove.security.access.need import NOBODY
from alcove.security.identity.models import Factor, Passkey, Person, RecoveryCode
from alcove.security.identity.queries.by_sms import is_offered


@dataclass(frozen=True, slots=True)
class Ways:
    """Which factors someone has set up."""

    passkey: bool = False
    code: bool = False
    recovery: bool = False
    sms: bool = False
    password: bool = False

    @property
    def second(self) -> bool:
        """Whether there is any second factor, so that a password alone must not lead to a new one."""
        return self.passkey or self.code or self.recovery or self.sms


def ways(person: Person) -> Ways:
    """Return what this person can prove themselves with."""
    return Ways(
        passkey=Passkey.objects.filter(person=person).exists(),
        code=Factor.objects.filter(person=person, confirmed_at__isnull=False).exists(),
        recovery=RecoveryCode.objects.filter(person=person, used_at__isnull=True).exists(),
        sms=is_offered(person),
        password=bool(person.password),
    )


def own_passkeys(actor: Actor) -> list[Passkey]:
    """Return the actor's own passkeys."""
    return list(Passkey.objects.filter(person_id=actor.id or NOBODY))


def own_passkey(actor: Actor, passkey_id: UUID) -> Passkey:
    """Return one of the actor's own passkeys; raise ``NotFound``."""
    held = Passkey.objects.select_related("person").filter(pk=passkey_id, person_id=actor.id or NOBODY)
    found = held.first()
    if found is None:
        raise NotFound("there is no such passkey")
    return found
