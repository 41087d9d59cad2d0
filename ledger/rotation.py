"""Every encrypted value and workbook there is: which key it needs, and writing it anew with the first of the ring."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from ledger import keys
from ledger.encryption import CannotDecrypt, EncryptedTextField, Sealed, encrypted_fields
from ledger.imports import storing
from ledger.models import Person

BATCH = 500
WORKBOOK = "workbook"  # the place of those that are kept on disk


@dataclass
class Count:
    """`readable`: (place, key id) → how many; `unreadable`: place → primary keys of rows, or names of workbooks."""

    readable: Counter[tuple[str, str]] = field(default_factory=Counter)
    unreadable: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def needs_other_than(self, key_id: str) -> bool:
        return any(used != key_id for _place, used in self.readable)

    def as_json(self) -> dict[str, Any]:
        by_key = [{"place": place, "key": used, "n": n} for (place, used), n in sorted(self.readable.items())]
        return {"readable": by_key, "unreadable": {place: len(rows) for place, rows in sorted(self.unreadable.items())}}


def counted() -> Count:
    """Decrypt everything, keep nothing."""
    found = Count()
    for model, one in _fields():
        rows = model._base_manager.exclude(**{f"{one.name}__isnull": True}).order_by("pk")
        for primary_key, sealed in rows.values_list("pk", one.name).iterator(BATCH):
            try:
                sealed.open()
            except CannotDecrypt:
                found.unreadable[one.place].append(primary_key)
            else:
                found.readable[one.place, sealed.key_id] += 1
    for name, key_id in storing.kept():
        try:
            storing.prove(name)
        except FileNotFoundError:  # purged meanwhile
            pass
        except (CannotDecrypt, keys.KeysUnusable, OSError):
            found.unreadable[WORKBOOK].append(name)
        else:
            found.readable[WORKBOOK, key_id] += 1
    return found


def lost(ring: keys.KeyRing) -> bool:
    """Whether something was written with a key that is missing from this ring: a new one would not read or find it."""
    if not ring.index and Person._base_manager.exclude(id_index=None, phone_index=None).exists():
        return True
    if ring.fields:
        return False
    values = (model._base_manager.exclude(**{f"{one.name}__isnull": True}) for model, one in _fields())
    return any(rows.exists() for rows in values) or any(storing.kept())


def rotate() -> tuple[int, int]:
    """Write with the first key what has another, a batch a transaction. How many were written, how many cannot be read.

    Locks the rows of a batch for as long as it takes: an edit meanwhile waits, and is not lost. Workbooks come last,
    each whole or not at all.
    """
    done = left = 0
    for model, one in _fields():
        last: Any = None
        while True:
            with transaction.atomic():
                rows = model._base_manager.exclude(**{f"{one.name}__isnull": True}).order_by("pk")
                if last is not None:
                    rows = rows.filter(pk__gt=last)
                batch = list(rows.select_for_update(of=("self",)).only("pk", one.name)[:BATCH])
                if not batch:
                    break
                last = batch[-1].pk
                changed, unreadable = _opened(batch, one)
                model._base_manager.bulk_update(changed, [one.name])
            done += len(changed)
            left += unreadable
    for name, key_id in storing.kept():
        if key_id == keys.ring().writing:
            continue
        try:
            storing.rewrite(name)
        except FileNotFoundError:  # purged meanwhile
            pass
        except (CannotDecrypt, PermissionError):
            left += 1
        else:
            done += 1
    return done, left


def _opened(batch: list[models.Model], one: EncryptedTextField) -> tuple[list[models.Model], int]:
    """Those rows of the batch that have another key than the first, decrypted; how many could not be."""
    writing = keys.ring().writing
    changed, unreadable = [], 0
    for row in batch:
        sealed: Sealed = row.__dict__[one.attname]
        if sealed.key_id == writing:
            continue
        try:
            getattr(row, one.attname)
        except CannotDecrypt:
            unreadable += 1
        else:
            changed.append(row)
    return changed, unreadable


def _fields() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy and model._meta.managed:
            for one in encrypted_fields(model):
                yield model, one
