"""Every rule of the house finds a planted fault, lets a clean sample pass, and holds over the whole program."""

from __future__ import annotations

import pytest

from tests.house import rules
from tests.house.rules import Rule, Source

pytestmark = pytest.mark.source

VIEWS, ACTIONS, QUERIES = (f"alcove/clinic/stock/{room}.py" for room in ("views", "actions", "queries"))
MODELS, APPS, FORMS = (f"alcove/clinic/stock/{room}.py" for room in ("models", "apps", "forms"))
PAGE = "alcove/clinic/stock/templates/stock/list.html"

FAULTS: dict[Rule, list[tuple[str, str]]] = {
    rules.late_imports: [
        (ACTIONS, "def order():\n    from alcove.clinic.money import actions\n"),
        (ACTIONS, "class Order:\n    def place(self):\n        import alcove.portal.views\n"),
        (ACTIONS, "def order():\n    from alcove.clinic.money import x  # noqa: PLC0415 - not on the list\n"),
        (ACTIONS, "def order():\n    importlib.import_module('alcove.clinic.money.actions').pay()\n"),
        ("alcove/security/access/writes.py", "def turn():\n    from django.db import connection\n"),
    ],
    rules.opened_keys: [
        (QUERIES, "from alcove.security.vault import keyring\nkeyring.put(row, parts)\n"),
        (QUERIES, "from alcove.security.vault.keyring import client_secret\n"),
        (QUERIES, "from alcove.security.vault.bulk import each_opened\n"),
        (QUERIES, "from alcove.security.vault import bulk\nbulk.each_opened(rows, column)\n"),
        ("alcove/project/founding.py", "keyring.new_client_key(client_id)\n"),
    ],
    rules.signals: [
        (MODELS, "from django.db.models.signals import post_save\n"),
        (MODELS, "from django.dispatch import receiver\n"),
        (MODELS, "from django.db.models import signals\n"),
    ],
    rules.doors_by_person: [
        (VIEWS, "if request.user.is_superuser:\n    pass\n"),
        (VIEWS, "from django.views.decorators.csrf import csrf_exempt\n"),
        ("alcove/project/settings.py", 'INSTALLED_APPS = ["django.contrib.admin"]\n'),
    ],
    rules.overridden_saves: [
        (MODELS, "class Order(models.Model):\n    def save(self, *args, **options):\n        mail()\n"),
        (MODELS, "class Order(models.Model):\n    def delete(self):\n        pass\n"),
        (FORMS, "class OrderForm(forms.Form):\n    def save(self):\n        pass\n"),
    ],
    rules.work_in_ready: [(APPS, "class StockConfig(AppConfig):\n    def ready(self):\n        warm_up()\n")],
    rules.requests_below_views: [
        (ACTIONS, "def order(request, item): ...\n"),
        (QUERIES, "def items(by: HttpRequest): ...\n"),
        (QUERIES, "from django.shortcuts import get_object_or_404\n"),
        ("alcove/clinic/stock/models/items.py", "def price(self, request): ...\n"),
        ("alcove/security/audit/pen.py", "def write(by: HttpRequest): ...\n"),
    ],
    rules.banned_names: [
        (ACTIONS, "class OrderManager: ...\n"),
        (ACTIONS, "def order_helper(): ...\n"),
        (ACTIONS, "class PricingService: ...\n"),
        ("alcove/security/vault/keyring.py", "class Service: ...\n"),
        ("alcove/compliance/actions/risks.py", "def add_service(): ...\n"),
        ("alcove/clinic/practice/actions/services.py", ""),
        ("alcove/clinic/stock/queries/utils.py", ""),
        ("alcove/ui/common.py", ""),
    ],
    rules.strange_rooms: [
        ("alcove/clinic/stock/services.py", ""),
        ("alcove/clinic/stock/selectors/items.py", ""),
        ("alcove/compliance/signals.py", ""),
        ("alcove/tools.py", ""),
        ("alcove/security/people/models.py", ""),
    ],
    rules.long_files: [(ACTIONS, "x = 1\n" * 401)],
    rules.writes_outside_actions: [
        (VIEWS, "def items(request):\n    item.save()\n"),
        (QUERIES, "def items():\n    Item.objects.filter(pk=1).update(name='x')\n"),
        (FORMS, "def clean(self):\n    Item.objects.create(name='x')\n"),
    ],
    rules.bare_excuses: [
        (ACTIONS, "x = y  # type: ignore\n"),
        (ACTIONS, "x = y  # type: ignore[arg-type]\n"),
        (ACTIONS, "x = y  # noqa\n"),
        (ACTIONS, "x = y  # noqa: S608\n"),
    ],
    rules.unsafe_markup: [
        (PAGE, "<p>{{ note.body|safe }}</p>"),
        (PAGE, "{% autoescape off %}{{ note }}{% endautoescape %}"),
        (VIEWS, "def page(note):\n    return mark_safe(note.body)  # it is fine\n"),
        ("alcove/ui/fields.py", "def page(text):\n    return mark_safe(text)\n"),
    ],
    rules.inline_script: [
        (PAGE, '<p style="color: red">'),
        (PAGE, '<a href="{% url "stock:items" %}" onclick="go()">'),
        (PAGE, '<button hx-on:click="go()">'),
        (PAGE, '<button hx-on--after-request="go()">'),
        (PAGE, '<a href="javascript:go()">'),
        (PAGE, "<button hx-vals='js:{a: go()}'>"),
        (PAGE, "<input hx-trigger=\"keyup[key=='Enter']\">"),
        (PAGE, "<script>go()</script>"),
        (PAGE, "<style>p { color: red }</style>"),
        (PAGE, '<script src="https://cdn.example/x.js"></script>'),
        (PAGE, '<iframe srcdoc="<p>x</p>"></iframe>'),
        (
            "alcove/ui/templatetags/ui.py",
            "def bar(width):\n    return format_html('<i style=\"width: {}\">', width)\n",
        ),
    ],
    rules.forms_without_token: [(PAGE, '<form method="post" action="/x"><button>Save</button></form>')],
}

CLEAN: dict[Rule, list[tuple[str, str]]] = {
    rules.late_imports: [
        (ACTIONS, "from alcove.clinic.clients.models import Client\n\ndef order(): ...\n"),
        (
            "alcove/security/access/writes.py",
            "def turn():\n    from django.db import connection  # noqa: PLC0415 - Django still loads\n",
        ),
    ],
    rules.opened_keys: [
        ("alcove/security/access/opening.py", "keyring.put(row, parts)\n"),
        (QUERIES, "with keyring.keyring():\n    jobs.put(row)\n"),
    ],
    rules.signals: [(MODELS, "import signal\nfrom django.db import models\n")],
    rules.doors_by_person: [(VIEWS, "if actor.holds(Stock.VIEW):\n    pass\n")],
    rules.overridden_saves: [(MODELS, "class Order(models.Model):\n    def saved_on(self):\n        pass\n")],
    rules.work_in_ready: [(APPS, "class StockConfig(AppConfig):\n    name = 'alcove.clinic.stock'\n")],
    rules.requests_below_views: [
        (VIEWS, "def items(request: HttpRequest): ...\n"),
        (ACTIONS, "def order(change: Change): ...\n"),
        (FORMS, "from django.http import QueryDict\n"),
    ],
    rules.banned_names: [
        (ACTIONS, "class Score: ...\n\ndef information_given(): ...\n"),
        ("alcove/clinic/stock/queries/items.py", "MANAGER = 'a role'\n"),
        ("alcove/clinic/practice/models/menu.py", "class Service: ...\n\nclass ServiceRoom: ...\n"),
        (ACTIONS, "def add_service(): ...\n"),
        ("alcove/clinic/practice/templates/practice/service.html", ""),
    ],
    rules.strange_rooms: [
        ("alcove/clinic/stock/queries/items.py", ""),
        ("alcove/clinic/stock/templates/stock/list.html", ""),
        ("alcove/clinic/__init__.py", ""),
        ("alcove/compliance/views/log.py", ""),
        ("alcove/security/vault/keyring.py", ""),
        ("alcove/project/anything.py", ""),
    ],
    rules.long_files: [(ACTIONS, "x = 1\n" * 400), ("alcove/clinic/stock/tests/test_x.py", "x = 1\n" * 900)],
    rules.writes_outside_actions: [
        (ACTIONS, "change.create(Item, Did.ADDED)\nItem.objects.filter(pk=1).update(name='x')\n"),
        (VIEWS, "seen.update(context)\nactions.create(actor)\n"),
        (QUERIES, "def squared(picture, made):\n    picture.save(made, 'JPEG')\n"),
    ],
    rules.bare_excuses: [
        (ACTIONS, "x = y  # type: ignore[arg-type]  # Django's stubs miss this one\n"),
        (ACTIONS, "x = y  # noqa: S608 - built from constants\nz = y  # noqa: S608\n"),
        (ACTIONS, "x = y  # fmt: skip  # noqa: E501\n"),
    ],
    rules.unsafe_markup: [
        (PAGE, "<p>{{ note.body }} {{ safe }}</p>"),
        (VIEWS, "format_html('<b>{}</b>', note.body)\n"),
        ("alcove/ui/icons.py", "x = mark_safe(drawn)  # from the wheel, not from a person\n"),
        ("alcove/ui/icons.py", 'x = SafeString("")\n'),
    ],
    rules.inline_script: [
        (PAGE, '<a class="on" href="{% url "stock:items" %}" data-once="1" title="onclick = no">'),
        (PAGE, '<script src="{% static "ui/js/app.js" %}" type="module"></script>'),
        (PAGE, '<button hx-post="/x" hx-target="closest form" hx-trigger="input changed delay:200ms">'),
        (PAGE, "<p>style = calm, see https://example.org</p>"),
        ("alcove/ui/templatetags/ui.py", "format_html('<i class=\"bar\">{}</i>', width)\n"),
    ],
    rules.forms_without_token: [
        (PAGE, '<form method="post">{% csrf_token %}</form><form method="get"></form>'),
    ],
}


def _cases(samples: dict[Rule, list[tuple[str, str]]]) -> list[object]:
    return [
        pytest.param(rule, Source(path, text), id=f"{rule.__name__}-{number}")
        for rule, cases in samples.items()
        for number, (path, text) in enumerate(cases)
    ]


def test_every_rule_has_a_fault_and_a_clean_sample():
    assert set(FAULTS) == set(CLEAN) == set(rules.RULES)


@pytest.mark.parametrize(("rule", "source"), _cases(FAULTS))
def test_a_planted_fault_is_found(rule: Rule, source: Source):
    assert list(rule(source)), f"{rule.__name__} does not see:\n{source.text}"


@pytest.mark.parametrize(("rule", "source"), _cases(CLEAN))
def test_a_clean_sample_passes(rule: Rule, source: Source):
    assert list(rule(source)) == []


@pytest.fixture(scope="module")
def program() -> list[Source]:
    return rules.sources()


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_program_keeps(rule: Rule, program: list[Source]):
    assert [f"{source.path}:{fault}" for source in program for fault in rule(source)] == []


def test_what_is_excepted_is_still_there(program: list[Source]):
    texts = {source.path: source.text for source in program}
    for path, name in rules.LATE_IMPORTS:
        assert name.rpartition(".")[2].replace("*", "import") in texts.get(path, ""), (
            f"{path} no longer imports {name}"
        )
    for path in rules.MAY_OPEN_KEYS:
        assert any(source.path.startswith(path) and "keyring" in source.text for source in program), path
    assert set(rules.STAND_ALONE) <= set(texts)
