"""Rights over people, and what can happen to them."""

from alcove.security.access.policy import Permission, RoleKey, right
from alcove.security.audit.events import Event


class People(Permission):
    ADD = right("setup.people.add", "Add staff accounts", RoleKey.OWNER, RoleKey.MANAGER)
    SUSPEND = right("setup.people.suspend", "Suspend staff accounts and reset their factors", RoleKey.OWNER)
    REVIEW = right("setup.people.review", "Confirm or end people's rights at the review of access", RoleKey.OWNER, RoleKey.MANAGER)  # fmt: skip  # noqa: E501
    EFFORT = right(
        "setup.effort.view", "See what security costs in time, by role", RoleKey.OWNER, RoleKey.OFFICER
    )
    OWN_VIEW = right("account.own.view", "See one's own account", *RoleKey)
    OWN = right("account.own.edit", "Keep one's own account: password, factors, sessions", *RoleKey)


class Devices(Permission):
    VIEW = right("setup.devices.view", "See devices and their sessions", RoleKey.OWNER, RoleKey.MANAGER, RoleKey.OFFICER, RoleKey.IT_PROVIDER)  # fmt: skip  # noqa: E501
    APPROVE = right("setup.devices.approve", "Approve, rename, retire and lose devices", RoleKey.OWNER, RoleKey.MANAGER)  # fmt: skip  # noqa: E501


class Tablet(Permission):
    """A tablet in a client's hands: who hands it over, and what it may then show of that one client."""

    HAND = right("clients.tablet.hand", "Hand a tablet to a client", RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER, RoleKey.FRONT_DESK)  # fmt: skip  # noqa: E501
    CONTACT = right("clients.own.contact", "Check one's own contact details, as the client this is about")
    HISTORY = right("clients.own.history", "Check one's own medical history, as the client this is about")


class Patients(Permission):
    INVITE = right("clients.portal.invite", "Invite clients to the portal and end their access to it", RoleKey.OWNER, RoleKey.MANAGER, RoleKey.PRACTITIONER, RoleKey.PRESCRIBER, RoleKey.FRONT_DESK)  # fmt: skip  # noqa: E501


class Own(Permission):
    """What a patient holds through their own account. No role has it, and its pages ask who it is besides."""

    VIEW = right("clients.own.view", "See one's own portal account, as the client this is about")
    EDIT = right("clients.own.edit", "Keep one's own portal account, as the client this is about")


class Door(Permission):
    """Held by nobody; the sign-in flow lends it to itself so that its writes are actions like all others."""

    PASS = right("identity.door.pass", "Pass from one stage of signing in to the next")
    SUPPORT = right("identity.door.support", "Ask for support access, as the host's operator")
    DELIVER = right("identity.door.deliver", "Deliver what people are told by mail and SMS")


class Did(Event):
    SIGNED_IN = "identity.session.begun", "signed in"
    SIGN_IN_FAILED = "identity.session.failed", "failed to sign in"
    PASSWORD_ACCEPTED = "identity.password.accepted", "gave the right password"
    DIRECTORY_ACCEPTED = "identity.directory.accepted", "was named by the practice's directory"
    DIRECTORY_TIED = "identity.directory.tied", "tied their account of the practice's directory to this one"
    DIRECTORY_UNTIED = "identity.directory.untied", "parted an account from the practice's directory"
    SIGNED_OUT = "identity.session.ended", "signed out"
    LOCKED = "identity.session.locked", "locked the screen"
    UNLOCKED = "identity.session.unlocked", "unlocked the screen"
    UNLOCK_FAILED = "identity.session.unlock_failed", "failed to unlock the screen"
    PASSWORD_LEAKED = "identity.password.leaked", "signed in with a password that is on a list of leaked ones"
    PASSWORD_SET = "identity.password.set", "set a password"
    FACTOR_ADDED = "identity.factor.added", "set up a second factor"
    CODES_RENEWED = "identity.codes.renewed", "made new recovery codes"
    FACTORS_RESET = "identity.factor.reset", "reset a person's second factors"
    PASSKEY_ADDED = "identity.passkey.added", "added a passkey"
    PASSKEY_RENAMED = "identity.passkey.renamed", "renamed a passkey"
    PASSKEY_REMOVED = "identity.passkey.removed", "removed a passkey"
    PASSKEY_REFUSED = "identity.passkey.refused", "gave a passkey's answer that does not count"
    PASSKEY_COPIED = "identity.passkey.copied", "used a passkey that seems to have been copied"
    PROVED = "identity.session.proved", "gave a factor again before a sensitive act"
    PERSON_ADDED = "identity.person.added", "added a staff account"
    PERSON_CHANGED = "identity.person.changed", "changed a staff account"
    IDENTITY_CHECKED = "identity.person.checked", "checked who a person is"
    AGREED = "identity.person.agreed", "signed the confidentiality agreement"
    TRAINED = "identity.person.trained", "recorded a person's first training"
    REGISTRATION_TYPED = "identity.registration.typed", "typed in a professional registration"
    REGISTRATION_CHECKED = "identity.registration.checked", "verified a professional registration"
    LEAVING_SET = "identity.person.leaving", "set when a person leaves"
    PERSON_LEFT = "identity.person.left", "ended everything of a person who left"
    REVIEW_ASKED = "identity.review.asked", "asked whether a person's rights are still right"
    REVIEW_DECIDED = "identity.review.decided", "decided on a person's rights at the review of access"
    REVIEW_LATE = "identity.review.late", "suspended an account whose rights nobody confirmed"
    REVIEW_FILED = "identity.review.filed", "downloaded the review of access"
    UNUSED_TOLD = "identity.person.unused", "told the last owner that their account is unused"
    DOOR_RULE_SET = "identity.door_rule.changed", "set where and when a role may sign in"
    DOOR_RULE_REFUSED = "identity.door_rule.refused", "was turned away: not from there, or not at that hour"
    PATIENT_INVITED = "identity.patient.invited", "invited this client to the portal"
    PATIENT_RESET = "identity.patient.reset", "reset this client's portal account"
    PATIENT_CLOSED = "identity.patient.closed", "ended this client's access to the portal"
    PATIENT_CODE_SENT = "identity.patient.code_sent", "asked for the code of an invitation to the portal"
    PATIENT_PROVED = "identity.patient.proved", "proved that an invitation to the portal is theirs"
    PATIENT_REFUSED = "identity.patient.refused", "did not prove that an invitation to the portal is theirs"
    PATIENT_PASSWORD_SET = "identity.patient.password", "set the password of their portal account"
    PATIENT_LOOKED = "identity.patient.looked", "looked at their own portal account"
    RECOVERY_BEGUN = "identity.recovery.begun", "asked for recovery of an account without factors"
    RECOVERY_PROVED = "identity.recovery.proved", "gave a proof for the recovery of an account"
    RECOVERY_REFUSED = "identity.recovery.refused", "gave a wrong proof for the recovery of an account"
    RECOVERED = "identity.recovery.done", "recovered an account without factors"
    PERSON_SUSPENDED = "identity.person.suspended", "suspended a staff account"
    PERSON_RESTORED = "identity.person.restored", "restored a staff account"
    ROLES_GIVEN = "identity.roles.given", "changed a person's roles"
    PREVIEW_BEGUN = "identity.preview.begun", "began to look through a role's eyes"
    PREVIEW_ENDED = "identity.preview.ended", "stopped looking through a role's eyes"
    LINK_MADE = "identity.link.made", "made a single-use sign-in link"
    DEVICE_SEEN = "identity.device.seen", "came with a new browser"
    DEVICE_USED = "identity.device.used", "came with a known browser"
    DEVICE_APPROVED = "identity.device.approved", "approved a browser"
    DEVICE_REFUSED = "identity.device.refused", "refused a browser"
    DEVICE_CHANGED = "identity.device.changed", "changed a browser's name or class"
    DEVICE_CODE_MADE = "identity.device.code_made", "made a code that approves a browser"
    DEVICE_CODE_FAILED = "identity.device.code_failed", "gave a wrong approval code"
    DEVICE_TURNED_AWAY = (
        "identity.device.turned_away",
        "was turned away with a browser that is lost or refused",
    )
    DEVICE_LOST = "identity.device.lost", "declared a device lost"
    DEVICE_RETIRED = "identity.device.retired", "took a device out of use"
    PIN_SET = "identity.pin.set", "set an unlocking PIN on a device"
    PIN_ENDED = "identity.pin.ended", "lost the unlocking PIN after wrong tries"
    TABLET_HANDED = "identity.tablet.handed", "handed a tablet to this client"
    TABLET_RETURNED = "identity.tablet.returned", "took the tablet back"
    TABLET_DONE = "identity.tablet.done", "was done with the tablet"
    TABLET_ENDED = "identity.tablet.ended", "left the tablet until it locked itself"
    TYPED_KEPT = "identity.typed.kept", "kept what was typed as a draft"
    TYPED_FORGOTTEN = "identity.typed.forgotten", "threw away what was typed"
    NOTICE_SENT = "identity.notice.sent", "sent this person a message"
    NOTICE_DROPPED = "identity.notice.dropped", "gave up sending this person a message"
    ADDRESS_READ = "identity.address.read", "looked up where to send this client a message"
    CODE_SENT = "identity.code.sent", "asked for a code by SMS"
    CONFIRM_SENT = "identity.email.asked", "asked this person to confirm their e-mail address"
    EMAIL_CONFIRMED = "identity.email.confirmed", "confirmed an e-mail address"
    PHONE_CHANGED = "identity.phone.changed", "changed their phone number"
    PHONE_CONFIRMED = "identity.phone.confirmed", "confirmed a phone number"
    PHONE_CODE_WRONG = "identity.phone.failed", "gave a wrong code for a phone number"
