"""The tags page builders use; `docs/ui-components.md` lists them with examples."""

import json
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.forms.forms import BaseForm
from django.template.base import Parser, TextNode, Token
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from alcove.ui import charts, differences, fields, icons, moments, states

register = template.Library()


def drawn_once(name: str) -> None:
    """Draw a simple tag when its template is read, not on every page, wherever all it is given are constants.

    Most icons and many chips are; a page has dozens of them.
    """
    compiled = register.tags[name]

    def compile_tag(parser: Parser, token: Token) -> template.Node:
        node = compiled(parser, token)
        given = [*node.args, *node.kwargs.values()]
        if node.target_var or any(one.is_var or one.filters for one in given):
            return node  # type: ignore[no-any-return]  # a node, made by simple_tag
        named = {key: one.resolve({}) for key, one in node.kwargs.items()}
        return TextNode(node.func(*[one.resolve({}) for one in node.args], **named))

    register.tag(name, compile_tag)


TONES = frozenset({"", "ok", "warn", "bad", "info", "brand", "plum", "clay", "quiet"})
BANNER_ICONS = {
    "bad": "triangle-alert",
    "warn": "triangle-alert",
    "info": "info",
    "ok": "circle-check",
    "clay": "info",
}
PHONE_ITEMS = 4

# Nothing here may need eval, an injected style or a script in an answer; no page is kept in browser storage.
# A refused input (422) or a clash (409) goes where the answer was meant to go. Other trouble goes to #problem
# at the top of the page, so that what was typed stays where it is.
HTMX_CONFIG = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,
    "historyRestoreAsHxRequest": False,
    "refreshOnHistoryMiss": True,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "(409|422)", "swap": True, "error": False},
        {"code": "[45]..", "swap": True, "error": True, "target": "#problem", "swapOverride": "innerHTML"},
    ],
}


@register.simple_tag
def htmx_config() -> SafeString:
    """The content of the htmx-config meta tag, which stands in single quotes."""
    return SafeString(json.dumps(HTMX_CONFIG, separators=(",", ":")))  # constants of this page


@register.simple_tag
def icon(name: str) -> SafeString:
    """`{% icon "lock" %}`: one of Lucide's icons, hidden from screen readers."""
    return icons.icon(name)


@register.simple_tag
@lru_cache(maxsize=256)
def worded(icon: str, word: str, css: str) -> SafeString:
    """`{% worded "check" "Here" "st" %}`: an icon beside its word; nothing without an icon.

    For short lists of states that a page shows hundreds of times.
    """
    return format_html('<span class="{}">{}{}</span>', css, icons.icon(icon), word) if icon else SafeString()


@register.simple_tag
def avatar(initials: str, tone: str = "", size: str = "") -> SafeString:
    """`{% avatar "OH" "clay" "lg" %}`: initials in a circle. Decoration: the name stands beside it."""
    classes = " ".join(part for part in ("av", _tone(tone), size) if part)
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, initials)


@register.simple_tag
def chip(text: object, tone: str = "", icon: str = "") -> SafeString:
    """`{% chip "Signed" "ok" "lock" %}`: a state in a word, with colour."""
    picture = icons.icon(icon) if icon else ""
    classes = f"chip {_tone(tone)}".strip()
    return format_html('<span class="{}">{}<span>{}</span></span>', classes, picture, text)


@register.inclusion_tag("ui/parts/field.html")
def field(bound: BoundField, unit: str = "", width: str = "", optional: bool = True) -> dict[str, object]:
    """`{% field form.weight unit="kg" width="s" %}`: label, control, help and error of one field."""
    return fields.drawn(bound, unit=unit, width=width, optional=optional)


@register.inclusion_tag("ui/parts/errors.html")
def errors(*forms: BaseForm) -> dict[str, object]:
    """`{% errors form %}`: what must be mended, with a link to each field; takes the focus."""
    found = fields.errors(forms)
    count = len(found)
    sentence = "One thing needs mending" if count == 1 else f"{count} things need mending"
    return {"errors": found, "count": count, "sentence": sentence}


@register.inclusion_tag("ui/parts/pager.html")
def pager(page: object, label: str = "Pages") -> dict[str, object]:
    """`{% pager page %}`: `1–50 of 1,284` and the neighbours of this page of a list."""
    return {"page": page, "label": label}


@register.simple_tag
def tabs(items: Iterable[object], label: str) -> SafeString:
    """`{% tabs items "Sections" %}`: links to the parts of one thing.

    An item has name, url and current, and may have icon, chip and tone.
    """
    links = format_html_join("", '<a href="{}"{}>{}{}{}</a>', (_tab(item) for item in items))
    return format_html('<nav class="tabs" aria-label="{}" data-tabs>{}</nav>', label, links)


def _tab(item: Any) -> tuple[object, ...]:
    url, name, current, picture, said = (
        _get(item, key) for key in ("url", "name", "current", "icon", "chip")
    )
    return (
        url,
        SafeString(' aria-current="page"') if current else "",
        name,
        icons.icon(picture) if picture else "",
        format_html(" {}", chip(said, _get(item, "tone") or "")) if said else "",
    )


@register.inclusion_tag("ui/parts/empty.html")
def empty(sentence: str, url: str = "", button: str = "", main: bool = False) -> dict[str, object]:
    """`{% empty "No orders yet." url "New order" %}`: what will be here, and how to begin."""
    return {"sentence": sentence, "url": url, "button": button, "main": main}


@register.simple_block_tag
def banner(content: SafeString, tone: str = "info", icon: str = "") -> SafeString:
    """`{% banner "bad" %}<b>Stop.</b> …{% endbanner %}`: a band that cannot be closed."""
    picture = icons.icon(icon or BANNER_ICONS[tone])
    return format_html('<div class="ban {}" role="note">{}<div>{}</div></div>', _tone(tone), picture, content)


@register.inclusion_tag("ui/parts/notice.html", takes_context=True)
def notice(context: Context, sentence: str, undo_url: str | None = None) -> dict[str, object]:
    """`{% notice "Moved to Friday." undo_url %}`: a quiet word on what was done, with Undo when it can be."""
    return {"sentence": sentence, "undo_url": undo_url, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("ui/parts/line_chart.html")
def line_chart(
    series: Sequence[tuple[date, charts.Number]],
    title: str = "",
    unit: str = "",
    low: charts.Number | None = None,
    high: charts.Number | None = None,
    empty: str = "Nothing measured yet.",
) -> dict[str, object]:
    """`{% line_chart weights title="Weight" unit="kg" low=60 high=75 %}`: one line, its ends written out."""
    words: dict[str, object] = {
        "title": title,
        "empty": empty,
        "when_label": "Day",
        "value_label": title or "Value",
    }
    return words | charts.line(series, unit, low, high)


@register.inclusion_tag("ui/parts/bar_chart.html")
def bar_chart(
    rows: Sequence[Sequence[object]],
    title: str = "",
    unit: str = "",
    label: str = "What",
    value_label: str = "Value",
) -> dict[str, object]:
    """`{% bar_chart rows title="By room" unit="h" %}`: a table that shows its shares.

    A row is (label, value) or (label, value, text).
    """
    return {"rows": charts.bars(rows, unit), "title": title, "label": label, "value_label": value_label}


@register.simple_tag
def diff(before: str, after: str) -> SafeString:
    """`{% diff before after %}`: what was removed and added, word by word."""
    return differences.diff(before, after)


@register.simple_tag
def qr(text: str, label: str = "QR code") -> SafeString:
    """`{% qr "otpauth://…" "Code for your authenticator app" %}`."""
    return icons.qr(text, label)


@register.simple_tag
def when(moment: date | None) -> SafeString:
    """`{% when note.signed_at %}`: `Today 14:30` or `22 Aug 2026, 10:00`."""
    return moments.when(moment)


@register.simple_tag
def day(moment: date) -> SafeString:
    """`{% day visit.starts_at %}`: `22 Aug 2026`, marked as a time."""
    return moments.day(moment)


@register.filter
def said(value: object) -> object:
    """`{{ fact.value|said }}`: days and moments as `{% when %}` says them, anything else as it is."""
    return moments.when(value) if isinstance(value, date) else value


@register.simple_tag
def switches(where: str) -> SafeString:
    """`{% switches "rail" %}`: how the page looks in this browser. Nobody's own, so drawn once for each place."""
    return _switches(where)


@cache
def _switches(where: str) -> SafeString:
    return render_to_string("ui/parts/switches.html", {"where": where})


@register.simple_tag
def ago(moment: date | None) -> SafeString:
    """`{% ago entry.at %}`: `3 minutes ago`."""
    return moments.ago(moment)


@register.inclusion_tag("ui/parts/check_grid.html")
def check_grid(grid: Any, hide_legend: bool = False) -> dict[str, object]:
    """`{% check_grid grid %}`: boxes by row and column; on a phone each row turns into a short list."""
    columns = grid["columns"] if isinstance(grid, dict) else grid.columns
    return {"grid": grid, "span": len(columns) + 1, "hide_legend": hide_legend}


@register.inclusion_tag("ui/parts/steps.html")
def steps(step: int, total: int, title: str = "", names: str = "") -> dict[str, object]:
    """`{% steps 2 3 "Your phone" %}`: how far along one is.

    `names="Password|Phone|Codes"` writes each step's name under its mark; `title` is then the name of this step.
    """
    words = names.split("|") if names else [""] * total
    marks = [
        {"name": name, "done": number <= step, "before": number < step, "current": number == step}
        for number, name in enumerate(words, 1)
    ]
    title = title or (words[step - 1] if names else "")
    return {"step": step, "total": total, "title": title, "names": names, "marks": marks}


@register.simple_tag
def state(key: str, word: str = "") -> SafeString:
    """`{% state device.state %}`: the chip of a state that many things have; an unknown one raises.

    `word` says it in other words ("Waiting for Dr Rahimi") with the same colour and icon.
    """
    usual, tone, picture = states.of(key)
    return chip(word or usual, tone, picture)


@register.inclusion_tag("ui/parts/secret.html")
def secret(
    text: str,
    uri: str = "",
    label: str = "QR code",
    instead: str = "Type the key instead",
    id: str = "secret",
) -> dict[str, object]:
    """`{% secret key uri=uri label="Code for your authenticator app" %}`: a secret to take along, once.

    With `uri` its QR code, and the text folded below for those who cannot scan; without, the text with *Copy*.
    """
    return {"secret": text, "uri": uri, "label": label, "instead": instead, "id": id}


@register.inclusion_tag("ui/parts/countdown.html")
def countdown(until: datetime, words: str = "Ends in", done: str = "The time is over.") -> dict[str, object]:
    """`{% countdown link.expires_at "Works for" "This link has expired." %}`: time left until a moment.

    Seconds are counted in the page from what the server says is left, so a wrong clock on the device does no harm.
    Read out at the last minute, half minute and ten seconds, not each second. Without JavaScript the hour stands there.
    """
    seconds = max(0, math.ceil((until - timezone.now()).total_seconds()))
    return {
        "seconds": seconds,
        "left": moments.left(seconds),
        "clock": moments.clock(timezone.localtime(until)),
        "iso": until.isoformat(),
        "words": words,
        "joint": "at" if words.startswith("Ends") else "until",
        "done": done,
    }


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Context,
    content: SafeString,
    id: str,
    url: str,
    *,
    button: str,
    title: str,
    verb: str,
    danger: bool = False,
) -> SafeString:
    """`{% confirm "lost" url button="Report lost" title="Is it lost?" verb="Report as lost" %}…{% endconfirm %}`.

    A button that asks once, in a dialog. Without JavaScript the button is a link to `url`, whose GET shows the same
    question as a page of its own (`ui/confirm.html`); the POST to `url` does it, either way.
    """
    page: dict[str, object] = {"content": content, "id": id, "url": url, "button": button, "title": title}
    page |= {"verb": verb, "danger": danger, "csrf_token": context.get("csrf_token")}
    return render_to_string("ui/parts/confirm.html", page)


@register.simple_tag
def masked(value: str, url: str, label: str, seconds: int = 30) -> SafeString:
    """`{% masked "+61 4•• ••• 218" url "phone number" %}`: shows the whole for a while, by a POST."""
    return format_html(_MASKED, value=value, url=url, label=label, seconds=seconds)


_MASKED = (
    '<span class="masked"><span class="masked-value">{value}</span><button type="button" class="link" data-reveal'
    ' data-reveal-seconds="{seconds}" hx-post="{url}" hx-target="previous .masked-value" hx-swap="innerHTML">'
    'Show<span class="vh"> {label} for {seconds} seconds</span></button></span>'
)


@register.simple_tag
def phone_bar(nav: Any) -> dict[str, object]:
    """Split the places into the four of the bottom bar (marked `phone`, else the first) and the rest."""
    groups = [(_get(group, "title"), list(_get(group, "items") or [])) for group in nav]
    every = [item for _, items in groups for item in items]
    chosen = ([item for item in every if _get(item, "phone")] or every)[:PHONE_ITEMS]
    rest = [
        {"title": title, "items": [item for item in items if item not in chosen]} for title, items in groups
    ]
    rest = [group for group in rest if group["items"]]
    more_current = any(_get(item, "current") for item in every if item not in chosen)
    return {"first": chosen, "rest": rest, "more_current": more_current}


@register.filter
def choices(words: str) -> list[tuple[str, str]]:
    """`"auto light"` becomes pairs of value and word, for the small switches of the shell."""
    return [(word, word.capitalize()) for word in words.split()]


@register.filter
def thousands(value: object) -> str:
    """`1284` becomes `1,284`; what is not a whole number stays as it is."""
    return number_format(value, force_grouping=True) if isinstance(value, int) else str(value)


def _tone(tone: str) -> str:
    if tone not in TONES:
        raise template.TemplateSyntaxError(
            f"There is no tone {tone!r}. There are: {', '.join(sorted(TONES))}."
        )
    return tone


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


for _constant in ("icon", "chip", "htmx_config"):
    drawn_once(_constant)
