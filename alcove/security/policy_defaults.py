"""Every security number of the product, once, each with its source.

Screens, code and tests read this page; nobody repeats a number. A practice may be stricter, never looser.
The sources are named short: NIST 800-63B-4, ASVS 5.0.0, CE (Cyber Essentials v3.3), PCI DSS v4.0.1, HIPAA.
"""

from datetime import timedelta
from typing import Final

PASSWORD_MIN_LENGTH: Final = 15
"""NIST 800-63B-4 for a password that stands alone; satisfies CE (12), PCI (12) and ASVS (8)."""
PASSWORD_MAX_LENGTH: Final = 128
"""At least 64 must be allowed (NIST); 128 bounds the cost of hashing."""
ARGON2_TIME_COST: Final = 3
ARGON2_MEMORY_KIB: Final = 19 * 1024
ARGON2_PARALLELISM: Final = 1
"""Argon2id t=3 m=19 MiB p=1: one pass more than OWASP's least (t=2 at 19 MiB), and well under 100 ms of one core, so
a flood cannot take the server down; 46 MiB at t=2 took 130 to 170 ms."""

TOTP_SECONDS: Final = 30
TOTP_DRIFT_STEPS: Final = 1
"""RFC 6238: one 30-second step either side, one use each."""
RECOVERY_CODES: Final = 10
SIGN_IN_STAGE_LIFE: Final = timedelta(minutes=10)
"""How long a half-finished sign-in lives (ASVS V6.5.5: one-time codes die after 10 minutes)."""
SETUP_LINK_LIFE: Final = timedelta(minutes=60)
DEMO_LINK_LIFE: Final = timedelta(minutes=60)

ATTEMPTS_IN_WINDOW: Final = 10
ATTEMPT_WINDOW: Final = timedelta(minutes=5)
"""CE: at most 10 guesses in 5 minutes, counted per account and per network."""
FACTOR_FAILURES_IN_A_ROW: Final = 100
"""NIST 800-63B-4 3.2.2: a factor stops at 100 failures in a row."""

SESSION_IDLE: Final = timedelta(minutes=15)
"""PCI 8.2.8; HIPAA 164.312(a)(2)(iii)."""
PRIVACY_SCREEN: Final = timedelta(seconds=60)
"""UIX-07: where strangers walk past (front desk, treatment room) the page covers itself after this long."""
SCREEN_COVER: Final = timedelta(minutes=5)
"""The page covers itself after this long without a touch; the session goes on until its idle limit."""
SESSION_ABSOLUTE: Final = timedelta(hours=12)
SESSION_IDLE_BY_DEVICE: Final = {
    "desk": timedelta(minutes=5),
    "room": timedelta(minutes=10),
    "office": timedelta(minutes=15),
    "personal": timedelta(minutes=5),
}
"""IDN-12: shorter where strangers walk past. A practice may set 2 to 30 minutes each."""
SESSION_TOUCH: Final = timedelta(seconds=30)
"""A session's last use is written at most this often: the idle limit may be late by it, never early."""

FRESH_LIFE: Final = timedelta(minutes=5)
"""A factor given longer ago than this does not count for a sensitive act (ASVS V7.5.1)."""
PIN_DIGITS: Final = 6
PIN_TRIES: Final = 5
"""IDN-13: wrong PINs in a row on one device before a full sign-in is needed (ASVS V6.5.1)."""
DEVICE_PROOF_LIFE: Final = timedelta(minutes=5)
"""How long a session cookie works away from its device's key (docs/decisions/0009-devices.md)."""
DEVICE_CODE_LIFE: Final = timedelta(minutes=10)
DEVICE_CODE_TRIES: Final = 3
DEVICE_CODE_DIGITS: Final = 4
"""IDN-10; a practice may set up to 8 digits."""
SENT_CODE_LIFE: Final = timedelta(minutes=5)
SENT_CODE_DIGITS: Final = 6
SENT_CODE_TRIES: Final = 5
"""IDN-07; at least six digits and at most ten minutes by ASVS V6.5.4 and V6.5.5."""
SENT_CODE_WAIT: Final = timedelta(seconds=30)
SENT_CODES_PER_STAGE: Final = 3
SENT_CODES_PER_HOUR: Final = 10
"""How often a code is sent again: enough for a slow network, too little to guess or pester (NIST 800-63B-4 3.2.2)."""
CONFIRM_LINK_LIFE: Final = timedelta(hours=24)
"""NIST 800-63A-4: a code that confirms an e-mail address is good for at most 24 hours."""
NOTICE_LIFE: Final = timedelta(hours=24)
"""A message nobody could send within this time is given up, and the log says so."""
NOTICE_LEASE: Final = timedelta(minutes=2)
"""A message claimed longer ago than this belonged to a process that died."""
FAILURE_TOLD_EVERY: Final = timedelta(hours=1)
"""IDN-15: the holder hears of failed second factors, at most this often."""
CHALLENGE_LIFE: Final = timedelta(minutes=5)
"""How long a passkey may take to answer (ASVS V6.5.5)."""
PASSKEY_GRACE: Final = timedelta(days=7)
"""IDN-08: owners and officers sign in with a passkey from then on."""
DIRECTORY_SKEW: Final = timedelta(seconds=60)
"""How far the directory's clock may be off (RFC 7519 4.1.4: no more than a few minutes)."""
ID_TOKEN_AGE: Final = timedelta(minutes=10)
"""An ID token issued longer ago belongs to another sign-in (as ``SIGN_IN_STAGE_LIFE``)."""
DIRECTORY_PROOF_LIFE: Final = timedelta(hours=12)
"""A second factor given to the directory longer ago counts for nothing here (NIST 800-63B-4 2.2.3: AAL2, at most 24 h;
12 h is where a session of Alcove's own ends)."""
EFFORT_LONGEST: Final = timedelta(minutes=10)
"""A sign-in, unlocking or hand-over that took longer was left alone meanwhile (as ``SIGN_IN_STAGE_LIFE``)."""
EFFORT_MOST_TAPS: Final = 99
EFFORT_SHOWN: Final = timedelta(days=30)
EFFORT_KEPT: Final = timedelta(days=90)
"""ANA-05: what security costs is shown for a month, and kept so long that a change can be compared."""
TYPED_LIFE: Final = timedelta(hours=24)
"""IDN-12: text that a lock interrupted is kept this long for whoever typed it; then it is gone unless saved."""
TYPED_SECONDS: Final = 60
TYPED_LENGTH: Final = 64 * 1024
TYPED_FIELDS: Final = 200
TYPED_PAGES: Final = 50
TYPED_PATH: Final = 200
"""How often what is typed is kept, and how much: more than any form here, less than somebody could fill a disk with."""
JOBS_KEPT: Final = timedelta(days=30)
"""Jobs that are done are kept this long, for whoever looks what happened; failed ones until somebody has looked."""
PATIENT_PASSWORD_MIN_LENGTH: Final = 12
PATIENTS_ON_AN_ADDRESS: Final = 3
"""IDN-03: so many clients may share one e-mail address at most; every portal sign-in costs as many password checks."""
OLD_PASSWORDS: Final = 5
UNUSED_LIMIT: Final = timedelta(days=90)
"""PCI DSS 8.2.6, CE: an account not used for so long is suspended."""
REVIEW_EVERY: Final = timedelta(days=182)
REVIEW_DECIDE_WITHIN: Final = timedelta(days=14)
"""ACC-13: rights are confirmed twice a year; an undecided account is suspended."""
LEAVER_LIMIT: Final = timedelta(seconds=60)
"""IDN-16: every credential of a leaver is dead by then."""
HAND_OVER_IDLE: Final = timedelta(seconds=90)
HAND_OVER_WARNING: Final = timedelta(seconds=60)
HAND_OVER_LIFE: Final = timedelta(minutes=30)
GLASS_LIFE: Final = timedelta(minutes=60)
GLASS_REVIEW: Final = timedelta(hours=72)
"""ACC-08: access taken in an emergency, and the time until someone else has reviewed it."""
CARE_REASON_LIFE: Final = timedelta(days=30)
"""ACC-07: a visit so long before or after now is a reason to read the record."""
REVEAL_LIFE: Final = timedelta(seconds=30)
EXPORT_ALONE: Final = 100
"""ACC-10: exports of more clients than this need a second person."""
EXPORT_LINK_LIFE: Final = timedelta(hours=24)
APPROVAL_LIFE: Final = timedelta(days=7)
OPERATOR_ACCESS: Final = timedelta(hours=4)
"""ACC-14: the longest time an owner can let the host's operator in."""
REASON_MIN_LENGTH: Final = 10
MAIL_LOOK_SECONDS: Final = 1.0
"""A code that was asked for leaves within this time."""
AUDIT_LINK_SECONDS: Final = 1.0
"""The sequencer links new audit entries within this time."""
ADDRESS_MONTHS: Final = 12
ADDRESS_MONTHS_BOUNDS: Final = (3, 24)
"""AUD-10: network addresses in the log are personal data and go after so long; a practice may choose within bounds."""
AUDIT_UNLINKED_LIMIT: Final = timedelta(minutes=10)
"""An entry older than this and still outside the chain is reported as a fault."""
HOLD_LIFE: Final = timedelta(minutes=10)
"""A time chosen online is kept so long while its form is filled in."""
UNDO_LIFE: Final = timedelta(seconds=30)
"""UIX-04, CAL-01: a move or a cancellation can be taken back so long, and no message leaves before."""
CHECK_IN_CODE_LIFE: Final = timedelta(minutes=30)
CHECK_IN_CODE_LIVES: Final = (timedelta(minutes=5), timedelta(minutes=60))
"""PRT-04: a code that checks somebody in is good for at least and at most so long."""
UPLOAD_MAX_BYTES: Final = 25 * 1024 * 1024
RIGHTS_FILE_MAX_BYTES: Final = 256 * 1024
"""ACC-12: a file of rights. Eleven roles with every right take 20 KiB."""
RECORD_YEARS: Final = 10
"""Nothing is destroyed before; ten years satisfy the laws we know of for adults."""
PHOTO_MAX_BYTES: Final = 8 * 1024 * 1024
PHOTO_PIXELS: Final = 40_000_000
"""A picture that unfolds to more is refused before it is unfolded: 40 megapixels are 160 MB of memory."""
LIST_PAGE: Final = 50
SEARCH_RESULTS: Final = 25
DIRECTORY_PADDING: Final = 64
"""Bytes: a directory part is padded to a multiple of this (docs/decisions/0003-search.md)."""
KEY_LIFE: Final = timedelta(days=365)
"""Rotation of root and house keys is due this long after the last one (VLT-09)."""
CERTIFICATE_DAYS: Final = 397
MESSAGE_UNDO: Final = timedelta(seconds=30)
"""MSG-05, CAL-01: nothing about a visit leaves before a deed can no longer be undone."""
QUIET_FROM: Final = "21:00"
QUIET_TO: Final = "08:00"
"""MSG-06: unless a client chooses otherwise; the hours of 47 CFR 64.1200(c)(1), in the client's own time."""
BEFORE_QUIET: Final = timedelta(minutes=15)
"""A message that quiet hours would make too late leaves so long before they begin."""
MESSAGE_FIRST_WAIT: Final = timedelta(seconds=10)
MESSAGE_LONGEST_WAIT: Final = timedelta(minutes=15)
"""MSG-07: waits between two tries grow from the one to the other."""
CAP_LOOK: Final = timedelta(hours=1)
"""A message that waits for money is looked at again so often: somebody may have raised the cap."""
FATE_FIRST_LOOK: Final = timedelta(minutes=2)
FATE_LOOK: Final = timedelta(minutes=10)
FATE_LAST_LOOK: Final = timedelta(hours=24)
"""When and for how long an SMS provider is asked what became of a message."""
MESSAGE_LONGEST: Final = {"email": 4_000, "sms": 459}
"""Signs of a text; an SMS of three parts (3 × 153) is the most that arrives whole everywhere."""
BOOKING_CODE_LIFE: Final = timedelta(minutes=10)
BOOKING_CODE_TRIES: Final = 5
"""CAL-07: a code that confirms who books online; at least six digits and at most ten minutes by ASVS V6.5.4, V6.5.5."""
BOOKING_CODES_PER_FORM: Final = 3
BOOKING_CODES_PER_HOUR: Final = 5
"""To one e-mail address or phone number: enough for a slow network, too little to pester somebody."""
HOLDS_PER_NETWORK: Final = 6
HOLDS_PER_CONTACT: Final = 2
"""Times that one network or one confirmed contact may hold at once: a household, a shared line, not a whole day."""
WAITLIST_HOLD: Final = timedelta(minutes=15)
"""CAL-11: a freed time waits so long for one person; a practice may set 5 to 120 minutes."""
CONTRAST_LEAST: Final = 4.5
"""CAL-09: WCAG 2.2, 1.4.3, text against what lies behind it."""
BACKUP_EVERY: Final = timedelta(hours=24)
WORKER_SILENT: Final = timedelta(seconds=45)
"""FND-06: a worker that gave no sign of life for so long is stopped; within a minute readiness says so."""
JOB_LATE: Final = timedelta(minutes=10)
MAIL_STUCK: Final = timedelta(minutes=5)
DISK_LOW_MIB: Final = 2048
DISK_BAD_MIB: Final = 512
CLOCK_DRIFT: Final = timedelta(seconds=5)
CERTIFICATE_LOW_DAYS: Final = 30
CERTIFICATE_BAD_DAYS: Final = 3
"""VLT-12's days."""
OWNERS_MOST: Final = 3
"""WAT-03: more owners than this are a weakness; two keep a practice out of trouble, a third stands in for them."""
ACCEPTED_MOST: Final = timedelta(days=366)
"""A weakness is accepted for a year at most, then somebody looks again."""
WEAKNESS_OLD: Final = timedelta(days=14)
"""FND-08: a critical or high weakness of a component that was published longer ago is shown in red."""
NEWS_EVERY: Final = timedelta(hours=22)
NEWS_STALE: Final = timedelta(days=30)
"""News older than this counts as old: its makers sign it anew each month, so somebody may be holding it back."""
EXPORT_LATE: Final = timedelta(hours=1)
"""A file that should have gone and is still there after this is a weakness: the worker removes it within minutes."""
SEAL_LATE: Final = timedelta(hours=1)
"""AUD-04: beyond the time between two signed heads; with the default hour, told within two."""
DEPUTY_AFTER: Final = timedelta(minutes=15)
"""WAT-01: deputies are told when nobody took a failing part in this time."""
BACKUP_LATE: Final = timedelta(hours=26)
"""BAK-01: a copy older than this alerts; the proposal of 90 FR 898 asks for 48 hours."""
BACKUP_KEPT: Final = timedelta(days=184)
"""BAK-02: daily points of six months, never fewer days."""
BACKUP_EVERY_POINT_KEPT: Final = timedelta(days=7)
"""So long every point stays, afterwards the newest of each day."""
BACKUP_LOCK_AHEAD: Final = timedelta(days=30)
"""BAK-03: a lock ends so long after the point's own end, so that a piece in use is locked anew monthly, not daily."""
KEY_COPY_LIFE: Final = timedelta(days=7)
"""VLT-10 allows 35 days: so long after an erasure the last copy of the client's key is gone."""
DRILL_EVERY: Final = timedelta(days=31)
"""BAK-05."""
FAILOVER_EVERY: Final = timedelta(days=183)
"""BAK-10: a test of a location's failover line is overdue so long after the last one, six months."""
EXERCISE_EVERY: Final = timedelta(days=365)
"""HIPAA 164.308(a)(7)(ii)(D): emergency mode is exercised once a year."""
FIRST_TESTS_WITHIN: Final = timedelta(days=31)
"""A new practice has so long before a test that was never made is a weakness."""
SHEET_EVERY: Final = timedelta(days=183)
"""The continuity page on the wall is printed anew so long after the last time, or when it was changed."""
RECOVERY_TEST_EVERY: Final = timedelta(days=365)
"""BAK-06: the shares of the recovery key are tried again so long after the last time."""
WATCH_SECONDS: Final = 30.0
"""How often the worker compares new entries of the log with the rules of alerts."""
WATCH_WAITS: Final = timedelta(hours=1)
"""Rules that ask whether anything was done for a client wait so long: a card is opened before something is booked."""
ACTIVITY_REVIEW_EVERY: Final = timedelta(days=31)
"""HIPAA 164.308(a)(1)(ii)(D): the review of activity is signed monthly."""
NO_REASON_CLIENTS: Final = 4
"""WAT-04. Records opened on one day without a reason of care and with nothing done for the client; one or two happen
wherever colleagues stand in for each other."""
BULK_CLIENTS: Final = 60
BULK_TIMES_USUAL: Final = 2.5
"""Different clients opened on one day: more than this, and so many times the person's own average of four weeks."""
NIGHT_FROM: Final = 22
NIGHT_TO: Final = 5
NIGHT_CLIENTS: Final = 3
"""Hours of the practice's own clock in which nobody works, and how many clients opened then are an alert."""
SPREE_CLIENTS: Final = 8
"""Clients printed or exported one by one by one person on one day."""
UNCOVERED_CLIENTS: Final = 30
"""Clients of whom one person uncovered masked values on one day."""
REFUSED_CLIENTS: Final = 3
"""Clients whom one person tried to open in vain on one day."""
RETURNING_DAYS: Final = 4
RETURNING_WITHIN: Final = timedelta(days=14)
"""Days on which the same client was opened without a reason."""
FORMER_AFTER: Final = timedelta(days=730)
"""A client who was last seen longer ago than this, with nothing booked, is a former one."""
GLASS_AGAIN: Final = timedelta(days=7)
"""A second emergency access by the same person within this time."""
GUESSED_CODES: Final = 10
"""Wrong second factors for one account on one day, each after the right password."""
PLACES_APART: Final = timedelta(minutes=15)
"""Use from one network, another and the first again within this time: nobody travels like that."""
CLIENTS_TAKEN_A_DAY: Final = 200
"""WAT-07: clients one person may print, download or read out by interface on one day."""
DOWNTIME_EVERY: Final = timedelta(hours=1)
"""BAK-08: a downtime pack of each location is made anew so often."""
DOWNTIME_LIFE: Final = timedelta(hours=48)
"""BAK-08: then a pack no longer opens by its own clock, and the house has long destroyed its copy."""
DOWNTIME_LATE: Final = timedelta(hours=2)
"""A newest pack older than this is shown red."""
DOWNTIME_FETCH_LATE: Final = timedelta(hours=24)
"""A location where nobody downloaded a pack for so long is overdue: its newest file has half its life behind it."""
DOWNTIME_PHRASE_AGE: Final = timedelta(days=90)
"""A passphrase of packs older than this should be replaced: whoever kept an old pack and sets a clock back needs it."""
DOWNTIME_ROUNDS: Final = 600_000
"""OWASP Password Storage Cheat Sheet: PBKDF2-HMAC-SHA-256, the figure for words people choose; ours are 150 bits."""
DOWNTIME_PADDING: Final = 64 * 1024
"""Bytes: a pack's size tells so roughly how many clients are in it."""
DOWNTIME_CLOCK_SLIP: Final = timedelta(minutes=10)
"""So far a device's clock may be behind the server's before its pack is refused as not yet made."""
UPTIME_GOAL: Final = 99_980
"""WAT-02: thousandths of a percent of the measured time: 99.98 %, 8.6 minutes in a month of 30 days."""
UPTIME_MEASURED: Final = 95
"""WAT-02: percent of a month that has to be measured before it is called met; less could hide what was not seen."""
UPTIME_SLACK: Final = timedelta(seconds=15)
"""So far two vantages may say another moment of the same thing: ten seconds of a try, five between two clocks."""
UPTIME_KEPT: Final = timedelta(days=761)
"""25 months: a month can be compared with the same of two years before."""
UPTIME_RUNNING: Final = timedelta(seconds=60)
"""The server notes so often that it runs."""
PROBES_MOST: Final = 20
PROBE_SILENT: Final = timedelta(minutes=15)
"""Three reports of five minutes did not come."""
PROBE_LOST: Final = timedelta(hours=24)
"""A probe silent for so long is a weakness: a cut line, or a machine off for the night, is none."""
PROBE_RHYTHM: Final = (timedelta(milliseconds=100), timedelta(minutes=10))
"""From try to try; the probe itself does 15 seconds at least, so that a hundred of them are no load."""
REPORT_MAX_BYTES: Final = 256 * 1024
REPORT_STRETCHES: Final = 2_000
"""A line that comes and goes every minute for a day makes 1,440; more come with the next report."""
