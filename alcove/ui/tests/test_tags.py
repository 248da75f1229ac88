"""The tags draw what they promise, escape what people typed, and never write a style or a script."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.template import TemplateSyntaxError
from django.template.backends.django import DjangoTemplates
from django.utils import timezone

from alcove.ui import charts, moments, states
from alcove.ui.storage import HashedStaticFiles

ENGINE = DjangoTemplates({"NAME": "ui-tests", "DIRS": [], "APP_DIRS": True, "OPTIONS": {}})
EVIL = "<script>alert(1)</script>"

Render = Callable[..., str]


@pytest.fixture
def render() -> Render:
    def draw(source: str, **context: Any) -> str:
        html = str(ENGINE.from_string("{% load ui %}" + source).render(context))
        assert " style=" not in html
        assert "<script" not in html
        return html

    return draw


class Person(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the card.")
    born = forms.DateField(label="Born on", required=False)
    kind = forms.ChoiceField(label="By", widget=forms.RadioSelect, choices=[("a", "A"), ("b", "B")])
    news = forms.BooleanField(label="News", required=False)
    word = forms.CharField(label="Password", widget=forms.PasswordInput)


def test_icon_is_inline_and_hidden(render: Render) -> None:
    html = render('{% icon "lock" %}')
    assert html.startswith("<svg") and 'aria-hidden="true"' in html and 'class="ic"' in html


def test_unknown_icon_and_tone_raise(render: Render) -> None:
    with pytest.raises(KeyError, match="no-such-icon"):
        render('{% icon "no-such-icon" %}')
    with pytest.raises(TemplateSyntaxError, match="no tone"):
        render('{% chip "A" "purple" %}')


@pytest.mark.parametrize(
    "source",
    [
        "{% chip text %}",
        "{% avatar text %}",
        "{% diff text 'other' %}",
        "{% diff 'other' text %}",
        "{% empty text %}",
        "{% notice text %}",
        "{% banner 'bad' %}{{ text }}{% endbanner %}",
        "{% masked text '/x/' text %}",
        "{% qr 'x' text %}",
        "{% steps 1 2 text %}",
    ],
)
def test_text_of_people_is_escaped(render: Render, source: str) -> None:
    assert "&lt;script&gt;" in render(source, text=EVIL)


def test_field_names_its_help_and_error(render: Render) -> None:
    html = render("{% field form.name %}", form=Person({}))
    assert 'aria-describedby="id_name-error id_name-help"' in html
    assert 'aria-invalid="true"' in html
    for place in ("id_name-error", "id_name-help"):
        assert html.count(f'id="{place}"') == 1
    assert 'for="id_name"' in html


def test_field_marks_the_optional_and_uses_native_pickers(render: Render) -> None:
    html = render("{% field form.born %}", form=Person(initial={"born": date(2026, 3, 4)}))
    assert "optional" in html and 'type="date"' in html and 'value="2026-03-04"' in html
    assert "optional" not in render("{% field form.name %}", form=Person())


def test_radios_are_a_group_with_a_legend(render: Render) -> None:
    html = render("{% field form.kind %}", form=Person({}))
    assert "<fieldset" in html and "<legend>" in html and html.count('type="radio"') == 2
    assert 'id="id_kind-error"' in html and 'aria-describedby="id_kind-error"' in html


def test_password_can_be_shown(render: Render) -> None:
    html = render("{% field form.word %}", form=Person())
    assert 'data-show-password aria-pressed="false" aria-controls="id_word"' in html


def test_errors_link_to_places_that_exist(render: Render) -> None:
    html = render("{% errors form %}{% for f in form %}{% field f %}{% endfor %}", form=Person({}))
    links = re.findall(r'href="#([^"]+)"', html)
    assert links == ["id_name", "id_kind", "id_word"]
    assert all(f'id="{place}"' in html for place in links)
    assert "data-focus" in html


def test_what_is_missing_is_said_so_that_one_can_mend_it(render: Render) -> None:
    class Visit(forms.Form):
        day = forms.DateField()
        room = forms.ChoiceField(choices=[("a", "A")])
        people = forms.MultipleChoiceField(choices=[("a", "A")], widget=forms.CheckboxSelectMultiple)
        agreed = forms.BooleanField()

    html = render("{% errors form %}{% for f in form %}{% field f %}{% endfor %}", form=Visit({}))
    assert "This field is required" not in html
    for words in ("Give the date.", "Choose one.", "Choose at least one.", "Tick this to go on."):
        assert html.count(words) == 2, words


def test_no_errors_no_list(render: Render) -> None:
    assert render("{% errors form %}", form=Person()).strip() == ""


def test_pager_takes_objects_and_dictionaries(render: Render) -> None:
    page = {"first": 1, "last": 50, "total": 1284, "previous_url": None, "next_url": "?page=2"}
    html = render("{% pager page %}", page=page)
    assert "1–50 of 1" in html and 'rel="next"' in html and 'rel="prev"' not in html


def test_line_chart_writes_its_ends(render: Render) -> None:
    start = date(2026, 1, 1)
    series = [(start + timedelta(days=10 * step), 70 + step) for step in range(4)]
    html = render('{% line_chart series title="Weight" unit="kg" low=69 high=72 %}', series=series)
    assert 'role="img"' in html and ">70 kg<" in html and ">73 kg<" in html
    assert html.count("<circle") == 4 and html.count('class="line"') == 3
    assert "area-ok" in html


def test_charts_bear_nothing_one_value_and_one_day(render: Render) -> None:
    assert "Nothing measured yet." in render("{% line_chart series %}", series=[])
    assert "5" in render("{% line_chart series %}", series=[(date(2026, 1, 1), 5)])
    render("{% line_chart series %}", series=[(date(2026, 1, 1), 0), (date(2026, 1, 1), 0)])
    render("{% bar_chart rows %}", rows=[("None", 0)])


@pytest.mark.parametrize(("value", "text"), [(3, "3 ml"), (0.7, "0.7 ml"), (0.75, "0.75 ml"), (2.0, "2 ml")])
def test_figures(value: float, text: str) -> None:
    assert charts.number(value, "ml") == text


def test_moments(render: Render) -> None:
    now = timezone.now()
    assert ">3 minutes ago<" in render("{% ago m %}", m=now - timedelta(minutes=3))
    assert ">in 2 hours<" in render("{% ago m %}", m=now + timedelta(hours=2, seconds=30))
    assert "Today " in render("{% when m %}", m=now)
    assert ">Yesterday<" in render("{% when m %}", m=timezone.localdate() - timedelta(days=1))
    assert "no date" in render("{% when m %}", m=None)


def test_difference_is_heard(render: Render) -> None:
    html = render("{% diff 'mild swelling' 'moderate swelling' %}")
    assert "<del>" in html and "removed" in html and "<ins>" in html and "added" in html


def test_grid_labels_every_box(render: Render) -> None:
    cells = [{"name": "a", "checked": True, "label": "Owner"}, {"name": "b", "label": "Nurse"}]
    grid = {
        "legend": "Rights",
        "columns": [{"title": "Owner"}, {"title": "Nurse"}],
        "rows": [{"title": "Refund", "cells": cells}],
    }
    html = render("{% check_grid grid %}", grid=grid)
    assert html.count('type="checkbox"') == 2 and html.count("<label>") == 2 and html.count(" checked") == 1


def test_phone_bar_keeps_everything_reachable(render: Render) -> None:
    items = [{"name": str(n), "url": f"/{n}/", "icon": "lock", "current": n == 5} for n in range(7)]
    nav = [{"title": "One", "items": items[:3]}, {"title": "Two", "items": items[3:]}]
    html = render(
        "{% phone_bar nav as bar %}{% for i in bar.first %}{{ i.name }}{% endfor %}|"
        "{% for g in bar.rest %}{% for i in g.items %}{{ i.name }}{% endfor %}{% endfor %}|"
        "{{ bar.more_current }}",
        nav=nav,
    )
    assert html == "0123|456|True"


def test_qr_is_inline(render: Render) -> None:
    html = render('{% qr "otpauth://totp/x" "Code" %}')
    assert "<svg" in html and 'role="img"' in html and 'aria-label="Code"' in html


class Code(forms.Form):
    code = forms.CharField(
        label="Code", max_length=6, widget=forms.TextInput(attrs={"autocomplete": "one-time-code"})
    )


def test_code_field_takes_a_paste_with_a_space(render: Render) -> None:
    html = render("{% field form.code %}", form=Code())
    assert 'autocomplete="one-time-code"' in html and 'inputmode="numeric"' in html
    assert 'class="one-time"' in html and "maxlength" not in html
    assert Code({"code": "1234567"}).errors


def test_secret_can_be_scanned_typed_and_copied(render: Render) -> None:
    html = render("{% secret text uri 'Code for your app' %}", text=f"ABCD {EVIL}", uri="otpauth://totp/x")
    assert 'role="img"' in html and "<details" in html and "&lt;script&gt;" in html
    assert 'data-copy="secret"' in html and 'id="secret"' in html
    plain = render("{% secret text %}", text="https://example.test/set-up/")
    assert "<details" not in plain and 'role="img"' not in plain


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (12, "12 s"), (249, "4 min 09 s"), (3900, "1 h 05 min")]
)
def test_time_left_in_words(seconds: int, words: str) -> None:
    assert moments.left(seconds) == words


def test_countdown_says_the_hour_without_a_script(render: Render) -> None:
    until = timezone.now() + timedelta(minutes=10)
    html = render("{% countdown until 'Works for' 'Expired.' %}", until=until)
    assert f">{moments.clock(timezone.localtime(until))}</time>" in html
    assert 'role="status"' in html and "<span hidden data-countdown-over>Expired.</span>" in html
    over = render("{% countdown until 'Works for' 'Expired.' %}", until=until - timedelta(hours=1))
    assert 'data-countdown="0"' in over and "<span data-countdown-over>Expired.</span>" in over


@pytest.mark.parametrize(
    ("state", "word"), [("pending", "Waiting"), ("approved", "Approved"), ("lost", "Lost")]
)
def test_states_have_a_word_and_an_icon(render: Render, state: str, word: str) -> None:
    html = render("{% state state %}", state=state)
    assert f"<span>{word}</span>" in html and "<svg" in html
    assert "&lt;script&gt;" in render("{% state state text %}", state=state, text=EVIL)


def test_every_state_can_be_drawn_and_no_other(render: Render) -> None:
    for known in states.STATES:
        assert "chip" in render("{% state state %}", state=known)
    with pytest.raises(KeyError, match="There is no state 'gone'"):
        render("{% state 'gone' %}")


def test_confirm_works_without_a_script(render: Render) -> None:
    html = render(
        "{% confirm 'lost' '/lost/' button='Report lost' title=title verb='Report as lost' danger=True %}<p>{{ title }}</p>{% endconfirm %}",
        title=EVIL,
        csrf_token="tok",
    )
    assert '<a class="btn btn-danger" href="/lost/" data-opens="lost">' in html
    assert '<form method="post" action="/lost/"' in html and 'value="tok"' in html
    assert html.count("&lt;script&gt;") == 2 and 'aria-labelledby="lost-title"' in html


def test_named_steps_say_where_one_is(render: Render) -> None:
    html = render("{% steps 2 3 names='Password|Phone|Codes' %}")
    assert "2 of 3 · Phone" in html and html.count('aria-current="step"') == 1
    assert 'Password<span class="vh">, done</span>' in html
    assert 'aria-hidden="true"' in render("{% steps 1 2 %}")


def test_what_is_constant_is_drawn_once_and_what_people_typed_never(render: Render) -> None:
    def nodes(source: str) -> list[str]:
        parsed = ENGINE.from_string("{% load ui %}" + source).template.nodelist  # type: ignore[attr-defined]
        return [type(node).__name__ for node in parsed if type(node).__name__ != "LoadNode"]

    assert nodes('{% icon "lock" %}') == nodes('{% chip "Signed" "ok" "lock" %}') == ["TextNode"]
    assert (
        nodes("{% chip word 'warn' %}")
        == nodes("{% icon name %}")
        == nodes('{% chip "a"|upper %}')
        == ["SimpleNode"]
    )
    assert render('{% chip "Signed" "ok" "lock" %}') == render("{% chip word 'ok' 'lock' %}", word="Signed")
    assert "&lt;script&gt;" in render("{% chip word %}", word=EVIL)
    assert render('{% icon "lock" as picture %}x{{ picture }}').startswith("x<svg")


def test_a_day_is_marked_as_a_time_and_other_facts_stay(render: Render) -> None:
    assert render("{% day on %}", on=date(2026, 8, 2)) == '<time datetime="2026-08-02">2 Aug 2026</time>'
    assert "Today" in render("{{ fact|said }}", fact=timezone.localdate())
    assert render("{{ fact|said }}", fact=EVIL) == "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_switches_differ_by_place(render: Render) -> None:
    assert render('{% switches "rail" %}').count('name="theme-rail"') == 3
    assert 'name="theme-more"' in render("{% switches where %}", where="more")


def test_hashed_names_are_looked_up_anew_when_files_were_gathered_again(tmp_path: Path) -> None:
    storage = HashedStaticFiles(location=str(tmp_path), base_url="/static/")
    storage.hashed_files = {"a.css": "a.111111111111.css"}
    assert storage.url("a.css") == storage.url("a.css") == "/static/a.111111111111.css"
    storage.hashed_files = {"a.css": "a.222222222222.css"}
    assert storage.url("a.css") == "/static/a.222222222222.css"


def test_files_are_gathered_small_and_name_each_other_by_hash(tmp_path: Path) -> None:
    source = FileSystemStorage(location=str(tmp_path / "from"))
    for name, words in {
        "a.js": '// why\nimport "./b.js";\nconst late = () => import("./b.js");\nconst text = `two  // spaces`;\n',
        "b.js": "/* why */\nexport const one = 1;\n",
        "c.css": "/* why */\n.one {\n  color: #123;\n}\n",
        "d.min.js": "/* a licence */ run();\n",
    }.items():
        source.save(name, ContentFile(words.encode()))
    storage = HashedStaticFiles(location=str(tmp_path / "to"), base_url="/static/")
    for name in ("a.js", "b.js", "c.css", "d.min.js"):
        storage.save(name, source.open(name))
    list(storage.post_process({name: (source, name) for name in ("a.js", "b.js", "c.css", "d.min.js")}))
    held = {name: (tmp_path / "to" / hashed).read_text() for name, hashed in storage.hashed_files.items()}
    b = storage.hashed_files["b.js"]
    assert held["a.js"].count(f"./{b}") == 2
    assert "`two  // spaces`" in held["a.js"]
    assert not any("why" in words for words in held.values())
    assert held["c.css"] == ".one{color:#123}"
    assert "a licence" in held["d.min.js"]
