"""Finding work by any words people have for it: its number, unit, task, clause, site, handler, slip or filing number.

Every word must be met by something of a row. Words are looked up in the small tables first (units, steps, sites,
people), so that a search costs little however much work there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from bureaus.access import Standing
from bureaus.models import Bureau, User
from measures.access import visible_assignments
from measures.models import Assignment, Filing, Measure, Site, Step
from workflows.models import Slip
from workflows.queries import Item, items

MOST = 50  # rows that are shown
MOST_WORDS = 6
LONGEST = 40  # characters of a word that count


@dataclass(frozen=True)
class Found:
    """Rows with their lights, what is open before what is settled, the newest first; `is_cut`: there are more."""

    items: list[Item]
    is_cut: bool
    words: list[str]


def search(standing: Standing, text: str, now: datetime) -> Found:
    """What this person may see and every word of the text fits; nothing for a text without words."""
    words = words_of(text)
    if not words:
        return Found([], False, [])
    fits = Q()
    for word in words:
        fits &= _fits(word)
    rows = visible_assignments(standing).filter(fits).order_by("-pk")
    found = list(rows.filter(state__in=Assignment.OPEN)[: MOST + 1])
    if len(found) <= MOST:
        found += rows.exclude(state__in=Assignment.OPEN)[: MOST + 1 - len(found)]
    return Found(items(found[:MOST], now), len(found) > MOST, words)


def words_of(text: str) -> list[str]:
    # A character of no text would end a pattern in SQLite, and PostgreSQL refuses it.
    return [word[:LONGEST] for word in re.split(r"[\s\x00,，、;；]+", text) if word][:MOST_WORDS]


def _fits(word: str) -> Q:
    units = Bureau.objects.filter(
        Q(name__icontains=word) | Q(short_name__icontains=word) | Q(aliases__name__icontains=word) | Q(code=word)
    )
    steps = Step.objects.filter(Q(title__icontains=word) | Q(clause__icontains=word))
    fits = (
        Q(unit__in=units.values("pk"))
        | Q(step__in=steps.values("pk"))
        | Q(measure__in=Measure.objects.filter(title__icontains=word).values("pk"))
        | Q(site__in=Site.objects.filter(name__icontains=word).values("pk"))
        | Q(handler__in=User.objects.filter(name__icontains=word).values("pk"))
        | Q(pk__in=Slip.objects.filter(number__icontains=word).values("assignment"))
        | Q(pk__in=Filing.objects.filter(number__icontains=word).values("assignment"))
    )
    if re.fullmatch(r"\d{4}(-\d{2}|Q[1-4])?", word):
        fits |= Q(period=word)
    if word.isascii() and word.isdigit() and len(word) < 16:
        fits |= Q(pk=int(word))
    return fits
