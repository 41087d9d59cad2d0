"""Ladders as data: loaded from a file, versioned, and read as the pure ladder wants them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from measures.models import Deadline
from workflows import models
from workflows.ladder import Rung

LADDERS = Path(__file__).resolve().parent / "data" / "ladders.toml"
_read: dict[tuple[str, int, bool], tuple[Rung, ...]] = {}


def rungs_of(code: str, version: int, *, has_lead: bool = True) -> tuple[Rung, ...]:
    """The rungs of a ladder's version; versions in use never change, so they are read once.

    Without a lead (or where the unit leads itself) that audience does not exist.
    """
    key = (code, version, has_lead)
    if key not in _read:
        rows = models.Ladder.objects.get(code=code, version=version).rungs.order_by("seq")
        absent = () if has_lead else ("lead",)
        _read[key] = tuple(
            Rung(row.key, row.offset, tuple(name for name in row.audiences if name not in absent), row.sms, row.slip)
            for row in rows
        )
    return _read[key]


def rungs_for(deadline: Deadline) -> tuple[Rung, ...]:
    """The rungs of its ladder that can be climbed here."""
    row = deadline.assignment
    has_lead = row.lead_id is not None and row.lead_id != row.unit_id
    return rungs_of(deadline.ladder_code, deadline.ladder_version, has_lead=has_lead)


def newest(code: str) -> models.Ladder:
    """The version new deadlines get. Raises Ladder.DoesNotExist when no such ladder is loaded."""
    ladder = models.Ladder.objects.filter(code=code).order_by("-version").first()
    if ladder is None:
        raise models.Ladder.DoesNotExist(f"no ladder {code!r} is loaded")
    return ladder


def in_words(offset: int) -> str:
    """How far a rung stands from its date: "three working days before the date"."""
    if offset == 0:
        return _("on the date itself")
    if offset < 0:
        return ngettext("%(days)s working day before the date", "%(days)s working days before the date", -offset) % {
            "days": -offset
        }
    return ngettext("%(days)s working day after the date", "%(days)s working days after the date", offset) % {
        "days": offset
    }


def forget() -> None:
    """Read every ladder anew (another database is in use)."""
    _read.clear()


@transaction.atomic
def load_ladders(path: Path = LADDERS) -> int:
    """Load the ladders as data. One that differs from the newest version becomes the next version."""
    made = 0
    for entry in tomllib.loads(path.read_text("utf-8"))["ladder"]:
        wanted = [
            (seq, rung["key"], rung["offset"], rung["tells"], rung.get("sms", False), rung.get("slip", ""))
            for seq, rung in enumerate(entry["rung"])
        ]
        newest = models.Ladder.objects.filter(code=entry["code"]).order_by("-version").first()
        if newest:
            present = [
                (rung.seq, rung.key, rung.offset, rung.audiences, rung.sms, rung.slip)
                for rung in newest.rungs.order_by("seq")
            ]
            if present == wanted:
                continue
        version = newest.version + 1 if newest else 1
        ladder = models.Ladder.objects.create(code=entry["code"], version=version, name=entry["name"])
        models.Rung.objects.bulk_create(
            models.Rung(ladder=ladder, seq=seq, key=key, offset=offset, audiences=tells, sms=sms, slip=slip)
            for seq, key, offset, tells, sms, slip in wanted
        )
        made += 1
    return made
