"""E-mail to a real SMTP server on loopback: always under TLS, with a certificate that is checked, and no word in a log."""

from __future__ import annotations

import dataclasses
import logging
import socket
import ssl
from email import message_from_bytes
from email.policy import default
from uuid import UUID

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from alcove.config import load
from alcove.operations.mail.message import Message, NotSent
from alcove.operations.mail.roads import road
from alcove.operations.mail.smtp import Smtp
from alcove.security.vault import certificate

SECRET = "Zephyrine Quillfeather 482913"
MESSAGE = Message(
    UUID(int=7), "sign_in_code", "lily@clinic.example", f"Subject {SECRET}", f"Text – {SECRET}\n\nEnd\n", 300
)


@pytest.fixture(scope="module")
def cert(tmp_path_factory):
    home = tmp_path_factory.mktemp("mail")
    config = load({"ALCOVE_HOME": str(home), "ALCOVE_HOSTS": "localhost,127.0.0.1"})
    return certificate.ensure(config)


@pytest.fixture(scope="module")
def other_cert(tmp_path_factory):
    config = load(
        {"ALCOVE_HOME": str(tmp_path_factory.mktemp("other")), "ALCOVE_HOSTS": "localhost,127.0.0.1"}
    )
    return certificate.ensure(config)


class Box:
    """Takes mail; ``answers`` to RCPT and DATA can be planted."""

    def __init__(self):
        self.letters, self.was_tls, self.rcpt, self.data = [], [], "", ""

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - as above
        if self.data:
            return self.data
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        self.was_tls.append(session.ssl is not None)
        return "250 taken"


def context(cert):
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(*map(str, cert))
    return made


def serve(box, *, cert=None, starttls=True, implicit=False, password=""):
    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data.password.decode() == password, handled=False)

    class Server(Controller):
        def factory(self):
            return SMTP(
                self.handler,
                hostname="localhost",
                tls_context=context(cert) if starttls and not implicit else None,
                require_starttls=starttls and not implicit,
                authenticator=check if password else None,
                auth_required=bool(password),
                auth_require_tls=not implicit,
            )

        def _trigger_server(self):
            # It was given port 0, any free one, and knocks at its own door once it knows which.
            self.port = self.server.sockets[0].getsockname()[1]
            with socket.create_connection((self.hostname, self.port), 5):
                self._factory_invoked.wait(5)

    server = Server(box, hostname="127.0.0.1", port=0, ssl_context=context(cert) if implicit else None)
    server.start()
    return server


@pytest.fixture
def box(cert):
    made = Box()
    made.server = serve(made, cert=cert)
    yield made
    made.server.stop()


def to(box, cert, **more):
    return Smtp("localhost", box.server.port, "clinic@juniper.example", ca_file=str(cert[0]), **more)


def test_a_message_arrives_whole_under_tls(box, cert):
    to(box, cert).send(MESSAGE)
    [letter] = box.letters
    assert box.was_tls == [True]
    assert letter["To"] == "lily@clinic.example"
    assert letter["From"] == "clinic@juniper.example"
    assert letter["Subject"] == MESSAGE.subject
    assert letter["Message-ID"] == f"<{MESSAGE.id.hex}@juniper.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().replace("\r\n", "\n") == MESSAGE.text


def test_smtps_is_tls_from_the_first_byte(cert):
    box = Box()
    box.server = serve(box, cert=cert, implicit=True)
    try:
        to(box, cert, is_implicit=True).send(MESSAGE)
        assert len(box.letters) == 1
    finally:
        box.server.stop()


def test_a_server_without_tls_gets_nothing(cert):
    box = Box()
    box.server = serve(box, starttls=False)
    try:
        with pytest.raises(NotSent) as fault:
            to(box, cert).send(MESSAGE)
        assert (fault.value.fault, fault.value.is_final) == ("no TLS", False)
        assert not box.letters
    finally:
        box.server.stop()


@pytest.mark.parametrize("implicit", [False, True])
def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(cert, other_cert, implicit):
    box = Box()
    box.server = serve(box, cert=other_cert, implicit=implicit)
    try:
        with pytest.raises(NotSent) as fault:
            to(box, cert, is_implicit=implicit).send(MESSAGE)
        assert fault.value.fault == "certificate"
        assert not fault.value.is_final
        assert not box.letters
    finally:
        box.server.stop()


def test_a_certificate_of_another_name_is_refused(cert, tmp_path):
    named = certificate.ensure(load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_HOSTS": "mail.example"}))
    box = Box()
    box.server = serve(box, cert=named)
    try:
        with pytest.raises(NotSent, match="certificate"):
            Smtp("localhost", box.server.port, "c@j.example", ca_file=str(named[0])).send(MESSAGE)
    finally:
        box.server.stop()


def test_the_password_goes_only_under_tls_and_a_wrong_one_waits_for_the_operator(cert):
    box = Box()
    box.server = serve(box, cert=cert, password="gateway pass")
    try:
        with pytest.raises(NotSent) as fault:
            to(box, cert, user="clinic", password="wrong").send(MESSAGE)
        assert (fault.value.fault, fault.value.is_final) == ("SMTP 535", False)
        to(box, cert, user="clinic", password="gateway pass").send(MESSAGE)
        assert len(box.letters) == 1
    finally:
        box.server.stop()


@pytest.mark.parametrize(
    ("rcpt", "data", "is_final"),
    [
        ("550 no such user lily@clinic.example", "", True),
        ("451 try later", "", False),
        ("", f"554 looks like {SECRET}", True),
        ("", "452 mailbox full", False),
    ],
)
def test_what_the_server_says_decides_and_is_quoted_nowhere(box, cert, rcpt, data, is_final, caplog):
    box.rcpt, box.data = rcpt, data
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as fault:
        to(box, cert).send(MESSAGE)
    assert fault.value.is_final is is_final
    # The server of the test, in this same process, may log what it likes.
    ours = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    said = str(fault.value) + " ".join(ours)
    assert "lily" not in said
    assert SECRET not in said
    assert fault.value.__suppress_context__


def test_nobody_there_is_a_reason_to_try_again(cert):
    with pytest.raises(NotSent) as fault:
        Smtp("localhost", 1, "c@j.example", ca_file=str(cert[0])).send(MESSAGE)
    assert (fault.value.fault, fault.value.is_final) == ("ConnectionRefusedError", False)


@pytest.mark.parametrize(
    "forged",
    [
        {"to": "a@b.example\nBcc: all@evil.example"},
        {"subject": "Hi\r\nBcc: all@evil.example"},
        {"to": "a@b.example, c@d.example\r\n"},
    ],
)
def test_no_line_can_be_smuggled_into_the_head(box, cert, forged):
    with pytest.raises(NotSent) as fault:
        to(box, cert).send(dataclasses.replace(MESSAGE, **forged))
    assert fault.value.is_final
    assert not box.letters


def test_a_message_shows_neither_address_nor_text():
    assert SECRET not in repr(MESSAGE)
    assert "lily" not in repr(MESSAGE)
    assert "hunter" not in repr(Smtp("h", 1, "s@x.example", password="hunter"))


def test_the_road_is_read_from_the_settings(tmp_path):
    (tmp_path / "secret").write_text("from file\n")
    config = load(
        {
            "ALCOVE_HOME": str(tmp_path),
            "ALCOVE_EMAIL_URL": "smtp+tls://clinic%40juniper.example@mail.example:2525/?from=a+b@juniper.example",
            "ALCOVE_EMAIL_PASSWORD_FILE": str(tmp_path / "secret"),
        }
    )
    found = road("email", config, is_demo=False)
    assert (found.host, found.port, found.is_implicit) == ("mail.example", 2525, False)
    assert (found.user, found.password, found.sender) == (
        "clinic@juniper.example",
        "from file",
        "a+b@juniper.example",
    )
    assert (
        road(
            "email",
            dataclasses.replace(config, email_url="smtps://m.example/?from=a@b.example"),
            is_demo=False,
        ).port
        == 465
    )
    assert road("email", dataclasses.replace(config, email_url=""), is_demo=False) is None


# The moment of leaving -----------------------------------------------------------------------------------------------


def test_the_last_word_waits_for_the_note_and_without_it_nothing_is_taken(box, cert):
    class Stop(Exception):
        pass

    def stop():
        assert not box.letters
        raise Stop

    with pytest.raises(Stop):
        to(box, cert).send(MESSAGE, stop)
    assert not box.letters
    noted = []
    to(box, cert).send(MESSAGE, lambda: noted.append(len(box.letters)))
    assert (noted, len(box.letters)) == ([0], 1)


def test_lines_that_begin_with_a_dot_and_bare_line_ends_arrive_as_they_were(box, cert):
    text = ".\n..two\n.\r\nend without a line end"
    to(box, cert).send(dataclasses.replace(MESSAGE, text=text))
    assert box.letters[0].get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("planted", "bounced", "final"),
    [
        ({"rcpt": "550 5.1.1 no such user"}, True, True),
        ({"rcpt": "550 5.7.1 your address is on a list"}, False, True),
        ({"rcpt": "450 4.2.0 later"}, False, False),
        ({"data": "552 5.2.2 mailbox full"}, True, True),
        ({"data": "554 5.7.1 not from you"}, False, True),
        ({"data": "451 later"}, False, False),
    ],
)
def test_a_bounce_is_what_is_wrong_with_the_address(box, cert, planted, bounced, final):
    for name, value in planted.items():
        setattr(box, name, value)
    with pytest.raises(NotSent) as fault:
        to(box, cert).send(MESSAGE)
    assert (fault.value.is_bounce, fault.value.is_final, fault.value.may_have_left) == (bounced, final, False)


def test_an_answer_lost_after_the_last_word_is_said_to_be_lost(cert):
    box = Box()
    box.server = serve(box, cert=cert)

    def cut():
        box.server.stop()

    with pytest.raises(NotSent) as fault:
        to(box, cert).send(MESSAGE, cut)
    assert (fault.value.fault, fault.value.may_have_left) == ("no answer", True)


# Two providers -------------------------------------------------------------------------------------------------------


class Road:
    repeats = True

    def __init__(self, fault=None):
        self.fault, self.sent = fault, 0

    def send(self, message, leaving=None):
        self.sent += 1
        if self.fault:
            raise self.fault
        return "x"

    def fate(self, reference):
        return "failed" if reference == "x" else ""


@pytest.fixture
def rested():
    from alcove.operations.mail import roads

    roads._failed_at.clear()
    yield roads
    roads._failed_at.clear()


def test_the_second_sends_what_the_first_cannot_and_the_first_rests(rested):
    first, second = Road(NotSent("SMTPServerDisconnected")), Road()
    either = rested.Either(first, second, "email")
    assert either.send(MESSAGE) == "2x"
    assert either.send(MESSAGE) == "2x"
    assert (first.sent, second.sent) == (1, 2)
    assert either.fate("2x") == "failed"


@pytest.mark.parametrize("more", [{"may_have_left": True}, {"is_bounce": True, "is_final": True}])
def test_the_second_never_sends_what_may_have_left_or_what_nobody_takes(rested, more):
    second = Road()
    with pytest.raises(NotSent):
        rested.Either(Road(NotSent("x", **more)), second, "email").send(MESSAGE)
    assert not second.sent


def test_a_second_provider_is_named_like_the_first():
    from alcove.config import ConfigError

    config = load({
        "ALCOVE_HOME": "/nowhere", "ALCOVE_EMAIL_URL": "smtps://a.example/?from=a@b.example",
        "ALCOVE_SECOND_EMAIL_URL": "smtp+tls://b.example/?from=a@b.example",
    })  # fmt: skip
    found = road("email", config, is_demo=False)
    assert (found.first.host, found.second.host) == ("a.example", "b.example")
    assert road("sms", config, is_demo=False) is None
    with pytest.raises(ConfigError, match="SECOND_SMS_URL"):
        load({"ALCOVE_HOME": "/nowhere", "ALCOVE_SECOND_SMS_URL": "http://far.example/"})
