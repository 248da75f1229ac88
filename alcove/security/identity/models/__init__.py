"""Tables of identity: people, factors, devices, sessions, notices."""

from alcove.security.identity.models.devices import Device, DeviceCode, DevicePin
from alcove.security.identity.models.effort import Effort
from alcove.security.identity.models.factors import (
    Challenge,
    DirectoryAccount,
    Factor,
    Passkey,
    RecoveryCode,
    SentCode,
)
from alcove.security.identity.models.notices import Notice
from alcove.security.identity.models.people import (
    NEEDED,
    GivenBy,
    Membership,
    OldPassword,
    PatientAccount,
    Person,
    Review,
    SignInRule,
    initials_of,
)
from alcove.security.identity.models.sessions import HandOver, Link, Session, SignIn, Throttle
from alcove.security.identity.models.typed import Typed

__all__ = [
    "NEEDED",
    "Challenge",
    "Device",
    "DeviceCode",
    "DevicePin",
    "DirectoryAccount",
    "Effort",
    "Factor",
    "GivenBy",
    "HandOver",
    "Link",
    "Membership",
    "Notice",
    "OldPassword",
    "Passkey",
    "PatientAccount",
    "Person",
    "RecoveryCode",
    "Review",
    "SentCode",
    "Session",
    "SignIn",
    "SignInRule",
    "Throttle",
    "Typed",
    "initials_of",
]
