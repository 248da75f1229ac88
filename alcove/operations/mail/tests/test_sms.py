"""SMS by HTTP: Twilio by its own published description, and a plain gateway; what each answer means."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl
from uuid import UUID

import jsonschema
import pytest

from alcove.config import ConfigError, load
from alcove.operations.mail.message import Message, NotSent
from alcove.operations.mail.roads import OnlyLogged, road
from alcove.operations.mail.sms import HttpGateway, Twilio

SID = "AC" + "0123456789abcdef" * 2
TEXT = "482913 is your sign-in code. Größe & 100 %.\n\n@juniper.example #482913"
MESSAGE = Message(UUID(int=9), "sign_in_code", "+14155550123", "", TEXT, 240)


class Gateway:
    """A loopback server that keeps what it was sent and answers what it is told to."""

    def __init__(self):
        self.requests, self.status, self.hangs_up = [], 201, False
        outer = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.requests.append((self.path, dict(self.headers), body))
                if outer.hangs_up:
                    self.connection.close()
                    return
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", f"{outer.url}/elsewhere")
                self.end_headers()
                self.wfile.write(json.dumps({"message": f"about {TEXT}"}).encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


def refused_by(description: dict, request) -> list[str]:
    """Return what Twilio's own description says is wrong with a request; nothing if it fits."""
    path, headers, body = request
    for template, item in description["paths"].items():
        names = re.findall(r"{(\w+)}", template)
        found = re.fullmatch(re.sub(r"{\w+}", "([^/]+)", template.replace(".", r"\.")), path)
        if found and "post" in item:
            break
    else:
        return [f"no such path: {path}"]
    operation = item["post"]
    faults = []
    for parameter in operation.get("parameters", []) + item.get("parameters", []):
        if parameter["in"] == "path":
            value = dict(zip(names, found.groups(), strict=True))[parameter["name"]]
            faults += [
                error.message for error in jsonschema.Draft7Validator(parameter["schema"]).iter_errors(value)
            ]
    [(kind, content)] = operation["requestBody"]["content"].items()
    if headers["Content-Type"] != kind:
        faults.append(f"{headers['Content-Type']} is not {kind}")
    schema = content["schema"]
    fields = {}
    for name, text in parse_qsl(body, keep_blank_values=True, strict_parsing=True):
        declared = schema["properties"].get(name)
        if declared is None:
            faults.append(f"Twilio has no field {name}")
            continue
        fields[name] = int(text) if declared.get("type") == "integer" else text
        if declared.get("format") == "phone-number" and not re.fullmatch(r"\+[1-9]\d{1,14}", text):
            faults.append(f"{name} is no phone number in E.164")
    resolver = {**schema, "components": description["components"], "additionalProperties": False}
    faults += [error.message for error in jsonschema.Draft7Validator(resolver).iter_errors(fields)]
    if operation["security"] == [{"accountSid_authToken": []}] and not headers.get(
        "Authorization", ""
    ).startswith("Basic "):
        faults.append("no basic authorization")
    return faults


@pytest.fixture(scope="module")
def description(shared: Path):
    with gzip.open(shared / "api_schemas" / "twilio_api_v2010.json.gz") as file:
        return json.load(file)


def twilio(gateway, sender="+14155550100", account=SID):
    return Twilio(account=account, token="token: secret", sender=sender, base=gateway.url)


def test_twilio_gets_what_its_own_description_asks_for(gateway, description):
    twilio(gateway).send(MESSAGE)
    [request] = gateway.requests
    assert refused_by(description, request) == []
    path, headers, body = request
    assert path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"{SID}:token: secret".encode()).decode()
    fields = dict(parse_qsl(body))
    assert fields == {"To": "+14155550123", "From": "+14155550100", "Body": TEXT, "ValidityPeriod": "240"}


def test_a_messaging_service_stands_in_for_a_number(gateway, description):
    twilio(gateway, sender="MG" + "0" * 32).send(MESSAGE)
    assert refused_by(description, gateway.requests[0]) == []
    assert "MessagingServiceSid=MG" in gateway.requests[0][2]


def test_the_description_notices_what_is_wrong(gateway, description):
    twilio(gateway, account="AC-short").send(MESSAGE)
    twilio(gateway, sender="0415 555").send(MESSAGE)
    HttpGateway(f"{gateway.url}/2010-04-01/Accounts/{SID}/Messages.json").send(MESSAGE)
    for request in gateway.requests:
        assert refused_by(description, request)


@pytest.mark.parametrize(("life", "period"), [(0, "6"), (300, "300"), (86_400, "14400")])
def test_the_time_twilio_may_hold_it_stays_within_its_bounds(gateway, life, period):
    twilio(gateway).send(Message(MESSAGE.id, "new_device", MESSAGE.to, "", "x", life))
    assert dict(parse_qsl(gateway.requests[0][2]))["ValidityPeriod"] == period


def test_a_plain_gateway_gets_a_form_with_the_messages_own_id(gateway):
    HttpGateway(f"{gateway.url}/send?v=2", user="u", secret="p", sender="Juniper").send(MESSAGE)
    path, headers, body = gateway.requests[0]
    assert path == "/send?v=2"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert dict(parse_qsl(body)) == {"to": MESSAGE.to, "from": "Juniper", "text": TEXT, "id": MESSAGE.id.hex}


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(400, True), (404, True), (422, True), (302, False), (401, False), (402, False), (403, False), (408, False),
     (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_what_is_wrong_with_the_message_is_final_and_what_is_wrong_with_us_waits(
    gateway, status, is_final, caplog
):
    gateway.status = status
    with caplog.at_level(logging.DEBUG), pytest.raises(NotSent) as fault:
        twilio(gateway).send(MESSAGE)
    assert (fault.value.fault, fault.value.is_final) == (f"HTTP {status}", is_final)
    for said in (str(fault.value), repr(fault.value), caplog.text):
        assert "482913" not in said
        assert MESSAGE.to not in said


def test_a_redirect_is_not_followed(gateway):
    gateway.status = 302
    with pytest.raises(NotSent):
        twilio(gateway).send(MESSAGE)
    assert len(gateway.requests) == 1


def test_when_the_answer_is_lost_it_is_not_sent_again(gateway):
    gateway.hangs_up = True
    with pytest.raises(NotSent) as fault:
        twilio(gateway).send(MESSAGE)
    assert (fault.value.fault, fault.value.is_final) == ("no answer", True)


def test_when_nobody_is_there_it_is_tried_again(gateway):
    gateway.close()
    with pytest.raises(NotSent) as fault:
        Twilio(account=SID, token="t", sender="+1", base="http://127.0.0.1:1").send(MESSAGE)
    assert (fault.value.fault, fault.value.is_final) == ("ConnectionRefusedError", False)


def test_https_with_a_certificate_nobody_vouches_for_gets_nothing(gateway, tmp_path):
    import ssl

    from alcove.security.vault import certificate

    paths = certificate.ensure(load({"ALCOVE_HOME": str(tmp_path), "ALCOVE_HOSTS": "localhost"}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, paths))
    gateway.server.socket = context.wrap_socket(gateway.server.socket, server_side=True)
    url = gateway.url.replace("http://127.0.0.1", "https://localhost")
    with pytest.raises(NotSent) as fault:
        HttpGateway(url).send(MESSAGE)
    assert (fault.value.fault, fault.value.is_final) == ("certificate", False)
    assert not gateway.requests
    HttpGateway(url, ca_file=str(paths[0])).send(MESSAGE)
    assert len(gateway.requests) == 1


# Which road --------------------------------------------------------------------------------------------------------


def configured(home, **settings):
    return load({"ALCOVE_HOME": str(home)} | settings)


def test_the_road_is_read_from_the_settings(tmp_path):
    found = road(
        "sms",
        configured(tmp_path, ALCOVE_SMS_URL=f"twilio://{SID}:to%2Fken@/?from=+14155550100"),
        is_demo=False,
    )
    assert (found.account, found.token, found.sender) == (SID, "to/ken", "+14155550100")
    assert found.base == "https://api.twilio.com"
    (tmp_path / "token").write_text("from file\n")
    config = configured(
        tmp_path, ALCOVE_SMS_URL=f"twilio://{SID}@/?from=MG1", ALCOVE_SMS_SECRET_FILE=str(tmp_path / "token")
    )
    assert road("sms", config, is_demo=False).token == "from file"
    config = configured(tmp_path, ALCOVE_SMS_URL="https://u:p@sms.example:8443/v1/send?from=Juniper")
    found = road("sms", config, is_demo=False)
    assert (found.url, found.user, found.secret, found.sender) == (
        "https://sms.example:8443/v1/send",
        "u",
        "p",
        "Juniper",
    )


def test_without_a_setting_nothing_leaves(tmp_path):
    assert road("sms", configured(tmp_path), is_demo=False) is None


def test_a_demo_sends_nothing_whatever_is_set(tmp_path):
    config = configured(
        tmp_path,
        ALCOVE_SMS_URL=f"twilio://{SID}:t@/?from=+1",
        ALCOVE_EMAIL_URL="smtps://m.example/?from=a@b.example",
    )
    for channel in ("sms", "email"):
        assert isinstance(road(channel, config, is_demo=True), OnlyLogged)


def test_the_log_says_what_kind_was_due_and_no_more(caplog):
    with caplog.at_level(logging.DEBUG):
        OnlyLogged().send(MESSAGE)
    assert "sign_in_code" in caplog.text
    assert "482913" not in caplog.text
    assert MESSAGE.to not in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALCOVE_SMS_URL", "http://sms.example/send"),
        ("ALCOVE_SMS_URL", "twilio://AC1@/"),
        ("ALCOVE_SMS_URL", "twilio:///?from=+1"),
        ("ALCOVE_SMS_URL", "ftp://x"),
        ("ALCOVE_EMAIL_URL", "smtp://mail.example/?from=a@b.example"),
        ("ALCOVE_EMAIL_URL", "smtp+tls://mail.example/"),
        ("ALCOVE_EMAIL_URL", "smtps:///?from=a@b.example"),
        ("ALCOVE_PUBLIC_URL", "http://clinic.example"),
    ],
)
def test_a_setting_that_cannot_stand_stops_the_start_by_name(tmp_path, name, value):
    with pytest.raises(ConfigError, match=name):
        configured(tmp_path, **{name: value})


def test_no_secret_of_mail_or_sms_is_shown(tmp_path):
    from alcove.config import load_with_origins

    _, origins = load_with_origins(
        {"ALCOVE_HOME": str(tmp_path), "ALCOVE_SMS_URL": f"twilio://{SID}:hunter2@/?from=+1"}
    )
    assert "hunter2" not in str(origins)
    with pytest.raises(ConfigError) as error:
        configured(tmp_path, ALCOVE_SMS_URL="ftp://u:hunter2@x")
    assert "hunter2" not in str(error.value)
