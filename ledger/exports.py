"""Sheets that leave the ledger: what may be in them for whom, and the workbook itself.

A purpose needs certain sheets and no others, and nobody gets a sheet of a part of the ledger they do not see. Every
sheet says above itself and on every printed page who took it, when, what for, and by what the rows are known again.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, cast

from django.utils.translation import gettext as _

from bureaus.access import WrongMoment
from bureaus.clock import ZONE
from bureaus.models import Bureau
from ledger import access, exported
from ledger.access import Reach
from ledger.exported import Scope, Values
from ledger.models import ExportJob
from ledger.workbooks import leaving, template, values, writing
from ledger.workbooks.columns import Column, Sheet

Purpose = ExportJob.Purpose
ALL = "all"  # every sheet the purpose needs
_NEEDED = {
    Purpose.EMPLOYMENT: ("people", "work", "wishes", "training", "offers", "visits", "support"),
    Purpose.RIGHTS: ("people", "rights", "homes"),
    Purpose.SERVICES: ("people", "wishes", "offers", "visits", "homes"),
    Purpose.CORRECTION: tuple(template.BY_CODE),
}
_PARTS = {
    "people": access.ROSTER,
    "work": access.WORK,
    "wishes": access.WISHES,
    "training": access.TRAINING,
    "offers": access.OFFERS,
    "visits": access.OFFERS,
    "support": access.SUPPORT,
    "rights": access.RIGHTS,
    "homes": access.HOMES,
}
SHEETS: dict[str, Sheet] = {**template.BY_CODE, "support": leaving.SUPPORT}
_DIGITS = str.maketrans("0123456789", "ghijklmnop")
_TRIES = 3


@dataclass(frozen=True)
class Order:
    """What is to go out. `county` None: all that the reach covers; `content`: a sheet, or all of the purpose."""

    purpose: str
    content: str
    county: Bureau | None
    masked: bool = True

    @property
    def comes_back(self) -> bool:
        return self.purpose == Purpose.CORRECTION


@dataclass(frozen=True)
class Written:
    rows: int
    fingerprint: str
    sheets: tuple[str, ...]


def needed(purpose: str, reach: Reach) -> tuple[str, ...]:
    """The sheets of a purpose that somebody may have."""
    if purpose not in Purpose.values or (purpose == Purpose.CORRECTION and not reach.keeps):
        return ()
    return tuple(code for code in _NEEDED[Purpose(purpose)] if reach.sees(_PARTS[code]))


def covers(county: Bureau, counties: Collection[int] | None) -> bool:
    return counties is None or county.pk in counties


def chosen(order: Order, reach: Reach) -> tuple[str, ...]:
    """The sheets of an order; none where it is not theirs to give."""
    found = needed(order.purpose, reach)
    if order.county is None:
        if reach.counties is not None or order.comes_back:
            return ()
    elif not covers(order.county, reach.keeps if order.comes_back else reach.counties):
        return ()
    return found if order.content == ALL else tuple(code for code in found if code == order.content)


def counted(order: Order, reach: Reach) -> int:
    """How many rows it would have now."""
    scope = _scope(order, reach)
    return sum(exported.rows(code, scope).count() for code in chosen(order, reach))


def nameless() -> IO[bytes]:
    """A file without a name on the disk, gone when it is closed."""
    return cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115


def write(target: IO[bytes], order: Order, reach: Reach, *, taken_by: str, now: datetime) -> Written:
    """The workbook. Raises WrongMoment where the rows change faster than they can be written."""
    codes, scope = chosen(order, reach), _scope(order, reach)
    for _try in range(_TRIES):
        before = _Tally()
        for code in codes:
            for pk in exported.rows(code, scope).values_list("pk", flat=True).iterator(2000):
                before.count(code, pk)
        target.seek(0)
        target.truncate()
        tally = _Tally()
        writing.table(
            target,
            [(_shown(code, order, reach), tally.through(code, exported.cells(code, scope))) for code in codes],
            watermark=watermark(order, before, taken_by=taken_by, now=now),
            meta=writing.Meta(order.county.code if order.county else "", now, purpose=order.purpose),
            masked=_mask if order.masked else None,
            brought_back_by=str(order.county) if order.comes_back else "",
        )
        # What stands above the rows was written before them; it must be about these very rows.
        if tally.fingerprint == before.fingerprint:
            return Written(tally.n, tally.fingerprint, codes)
    raise WrongMoment(_("The ledger is being written to just now. Try again in a few minutes."))


def watermark(order: Order, tally: _Tally, *, taken_by: str, now: datetime) -> str:
    words = {
        "name": taken_by,
        "at": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M}",
        "purpose": Purpose(order.purpose).label,
        "kind": _("masked") if order.masked else _("not masked"),
        "n": tally.n,
        "mark": tally.fingerprint[:16],
    }
    return _("Taken by %(name)s at %(at)s · for: %(purpose)s · %(kind)s · rows: %(n)d · mark: %(mark)s") % words


class _Tally:
    """Rows as they go by: how many, and by what they are known again.

    The hash is spelt with letters alone: a run of digits in it might look like somebody's number to the audit log.
    """

    def __init__(self) -> None:
        self.n = 0
        self._digest = hashlib.sha256()

    def count(self, code: str, pk: int) -> None:
        self.n += 1
        self._digest.update(f"{code}:{pk}\n".encode())

    def through(self, code: str, rows: Iterable[tuple[int, Values]]) -> Iterator[Values]:
        for pk, found in rows:
            self.count(code, pk)
            yield found

    @property
    def fingerprint(self) -> str:
        return self._digest.hexdigest().translate(_DIGITS)


def _scope(order: Order, reach: Reach) -> Scope:
    counties = reach.counties if order.county is None else frozenset({order.county.pk})
    return Scope(counties, reach.rights, order.comes_back)


def _shown(code: str, order: Order, reach: Reach) -> Sheet:
    if order.comes_back:
        return SHEETS[code]
    return leaving.to_read(SHEETS[code], health=reach.sees(access.HEALTH))


def _mask(column: Column, text: str) -> str:
    """Masked; that somebody declined to say, or that it does not apply, is nothing to be hidden."""
    if text in (values.DECLINED_WORD, values.NOT_APPLICABLE_WORD):
        return text
    return values.mask(column, text)
