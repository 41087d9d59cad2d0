"""What templates draw often: lights (colour, shape and word), states, days."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus.clock import local_date
from measures.lights import Light
from measures.models import Attachment, FormCheck
from workflows import file_kinds
from workflows.differing import GONE, NEW, Part
from workflows.ladders import in_words
from workflows.models import Slip
from workflows.queries import Item

register = template.Library()

_SHAPES = {
    Light.RED: '<circle cx="6" cy="6" r="5.5" fill="#c0272d"/>',
    Light.AMBER: '<path d="M6 .8 11.7 11H.3z" fill="#e09a00"/>',
    Light.GREEN: '<rect x="1" y="1" width="10" height="10" rx="2" fill="#1d7a46"/>',
    Light.GREY: '<circle cx="6" cy="6" r="4.5" fill="none" stroke="#5d6b7a" stroke-width="2"/>',
    Light.DONE: '<path d="M1 6.5 4.5 10 11 2.5" fill="none" stroke="#124a8a" stroke-width="2"/>',
}


@register.simple_tag
def shape(light: str) -> SafeString:
    """The light's shape alone, so that it can be told without colour."""
    return mark_safe(f'<svg viewBox="0 0 12 12" aria-hidden="true">{_SHAPES[Light(light)]}</svg>')  # noqa: S308


@register.simple_tag
def lamp(light: str, word: str = "") -> SafeString:
    """Colour, shape and word: it survives colour-blindness and a printer without colour."""
    return format_html('<span class="light {}">{}{}</span>', light, shape(light), word or Light(light).label)


@register.simple_tag
def item_lamp(item: Item) -> SafeString:
    """The light of a list's row, with the reason as its word."""
    words = {
        "overdue": _("overdue"),
        "soon": _("due soon"),
        "behind": _("behind schedule"),
        "checkup": _("checkup overdue"),
        "submitted": _("submitted"),
        "cancelled": _("cancelled"),
        "open": _("no end date"),
    }
    return lamp(item.light, words.get(item.shown.why, ""))


@register.simple_tag
def headline_lamp(item: Item) -> SafeString:
    """The light above one item's page, with the days beside it, or in place of its word when it is late."""
    if item.shown.why == "overdue" and item.days is not None and item.days < 0:
        return lamp(item.light, _late(-item.days))
    return item_lamp(item) + days(item.days)


def _late(count: int) -> str:
    return ngettext("%(n)s day overdue", "%(n)s days overdue", count) % {"n": count}


@register.simple_tag
def days(count: int | None) -> SafeString:
    """How far off a date is, in words."""
    if count is None:
        return mark_safe("")
    if count < 0:
        return format_html('<span class="days red">{}</span>', _late(-count))
    if count == 0:
        return format_html('<span class="days amber">{}</span>', _("due today"))
    text = ngettext("%(n)s day left", "%(n)s days left", count) % {"n": count}
    return format_html('<span class="days{}">{}</span>', " amber" if count <= 5 else "", text)


@register.simple_tag
def early(count: int, submitted_at: Any = None) -> SafeString:
    """How long before its date work was handed in, or after it."""
    if count < 0:
        return format_html('<span class="days red">{}</span>', _late(-count))
    if submitted_at is None:
        return days(count)
    if count == 0:
        return format_html('<span class="days">{}</span>', _("on its last day"))
    text = ngettext("%(n)s day early", "%(n)s days early", count) % {"n": count}
    return format_html('<span class="days fewer">{}</span>', text)


@register.filter
def get(mapping: dict[Any, Any] | None, key: Any) -> Any:
    """A value of a mapping by a key the template holds."""
    return mapping.get(key) if mapping else None


@register.filter
def day(value: date | None) -> str:
    return f"{value:%Y-%m-%d}" if value else "—"


@register.simple_tag
def colon() -> str:
    """Between a word and what it names, in the language's own punctuation."""
    return _(": ")


@register.filter
def bracketed(value: Any) -> str:
    """In brackets of the language's own punctuation, with the space it wants before them."""
    return _(" (%(text)s)") % {"text": value}


@register.filter
def rung(key: str) -> str:
    """A rung by its distance from the date: "T-3" is three working days before it."""
    match = re.fullmatch(r"\D+?([+-]\d+)?", key)
    return in_words(int(match[1] or 0)) if match else key


@register.filter
def handed_in(slip: Slip) -> str:
    """How the date a slip is about was met in the end (`queries.with_handing_in`); empty if it was not."""
    moment = getattr(slip, "handed_in_at", None)
    if moment is None:
        return ""
    on = local_date(moment)
    late = (on - slip.due_on).days if slip.due_on else 0
    if late <= 0:
        return _("handed in on %(day)s") % {"day": date_format(on, "DATE_FORMAT")}
    sentence = ngettext("handed in on %(day)s (%(n)s day late)", "handed in on %(day)s (%(n)s days late)", late)
    return sentence % {"day": date_format(on, "DATE_FORMAT"), "n": late}


@register.filter
def form_outcome(code: str) -> str:
    """What a receiver found, as history keeps it."""
    return str(dict(FormCheck.Outcome.choices).get(code, code))


@register.simple_tag
def mark(what: str, words: str) -> SafeString:
    """Words that went or came, by a word and a line and not by colour alone."""
    if what == GONE:
        return format_html("<del><small>{}</small>{}</del>", _("went"), words)
    if what == NEW:
        return format_html("<ins><small>{}</small>{}</ins>", _("came"), words)
    return format_html("{}", words)


@register.simple_tag
def marked(parts: Iterable[Part]) -> SafeString:
    return format_html_join("", "{}", ((mark(what, words),) for what, words in parts))


@register.filter
def file_page(file: Attachment) -> str:
    """Where a file's name leads: to its page if it can be looked at there, otherwise to the file."""
    kind = file_kinds.of_type(file.content_type)
    return reverse("attachment-preview" if kind and kind.shown else "attachment", args=[file.pk])


@register.filter
def file_kind(file: Attachment) -> str:
    """What it is, in words."""
    kind = file_kinds.of_type(file.content_type)
    return str(kind.name) if kind else ""


@register.simple_tag
def points(gap: int) -> str:
    """How far progress is from what it should be, in words."""
    if gap == 0:
        return _("as it should be")
    if gap > 0:
        return ngettext("%(n)s point ahead", "%(n)s points ahead", gap) % {"n": gap}
    return ngettext("%(n)s point behind", "%(n)s points behind", -gap) % {"n": -gap}


@register.simple_tag
def trend(change: int) -> SafeString:
    """More or fewer overdue than before, by sign and word: it survives a printer without colour."""
    if change == 0:
        return format_html('<span class="meta">{}</span>', _("unchanged"))
    text = _("%(n)s more") if change > 0 else _("%(n)s fewer")
    return format_html(
        '<span class="days {}">{} {}</span>',
        "red" if change > 0 else "fewer",
        "▲" if change > 0 else "▼",
        text % {"n": abs(change)},
    )
