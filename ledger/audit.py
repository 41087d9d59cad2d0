"""Writing the audit log: `record` inside the transaction of what it tells of, so that neither is without the other.

Entries are numbered without a gap and chained: `hash` is SHA-256 over the entry as canonical JSON, with the hash of
the one before. The row `AuditHead` is locked until the caller's transaction ends, after which the entries are written
a second time, outside the database (`ledger.audit_sink`). Whoever records takes that lock last.

Values of personal data have no place here. Fields are named, not quoted; what looks like an ID number or a mobile
number is refused anywhere in an entry. A form that takes a reason asks `holds_personal_number` before.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db import transaction

from bureaus.models import Bureau, User
from ledger import audit_sink
from ledger.models.audit import AuditEvent, AuditHead

# The address of whoever sits at the other end, where there is one; set by the pages, read where none is named.
ASKED_FROM: ContextVar[str | None] = ContextVar("asked_from", default=None)

_SLUG = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,59}(\.[a-z][a-z0-9_]{0,59})?")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s\-\u2010-\u2014\u00b7._]+(?=[\dX])")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dX](?!\d)")
_MOBILE = re.compile(r"(?<!\d)(?:00)?(?:86)?1\d{10}(?!\d)")


@dataclass(frozen=True)
class Entry:
    """What is said of one act. `subject` is a uid, `fields` are names, `n` how many rows a list or a file held."""

    action: str
    subject_kind: str = ""
    subject: str = ""
    county: Bureau | None = None
    fields: Sequence[str] = ()
    reason: str = ""
    result: str = ""
    n: int = 1


def record(action: str, *, by: User | None, now: datetime, ip: str | None = None, **what: Any) -> AuditEvent:
    """One entry (`what`: see Entry). `by` None: the system. ValueError if it holds what must not stand here."""
    return record_many([Entry(action, **what)], by=by, now=now, ip=ip)[0]


def record_many(entries: Iterable[Entry], *, by: User | None, now: datetime, ip: str | None = None) -> list[AuditEvent]:
    """The same for many at once: all or none."""
    entries = list(entries)
    for entry in entries:
        _refuse_values(entry)
    if not entries:
        return []
    with transaction.atomic():
        head, _made = AuditHead.objects.select_for_update().get_or_create(pk=1)
        rows = []
        for entry in entries:
            row = _row(entry, by, now, ip)
            row.seq, row.prev_hash = head.seq + 1, head.hash
            row.hash = hash_of(content(row))
            head.seq, head.hash = row.seq, row.hash
            rows.append(row)
        AuditEvent.objects.bulk_create(rows, batch_size=1000)
        head.save(update_fields=["seq", "hash"])
        lines = [line(row) for row in rows]
        transaction.on_commit(partial(audit_sink.write, lines), robust=True)
    return rows


def holds_personal_number(text: str) -> bool:
    """Whether an ID number or a mobile number may stand in a text, however it is spaced."""
    plain = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text).upper())
    return bool(_ID_NUMBER.search(plain) or _MOBILE.search(plain))


def content(row: AuditEvent) -> dict[str, Any]:
    """What the hash covers: everything but itself."""
    return {
        "seq": row.seq,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "user": row.user_id,
        "username": row.username,
        "ip": _plain_ip(row.ip),
        "action": row.action,
        "subject_kind": row.subject_kind,
        "subject": row.subject,
        "county": row.county_id,
        "fields": row.fields,
        "reason": row.reason,
        "result": row.result,
        "n": row.n,
        "prev_hash": row.prev_hash,
    }


def hash_of(what: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(what).encode()).hexdigest()


def line(row: AuditEvent) -> str:
    """An entry as the second sink keeps it."""
    return _canonical({**content(row), "hash": row.hash})


def _canonical(what: dict[str, Any]) -> str:
    return json.dumps(what, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _row(entry: Entry, by: User | None, now: datetime, ip: str | None) -> AuditEvent:
    return AuditEvent(
        at=now,
        user=by,
        username=by.get_username() if by else "",
        ip=_plain_ip(ip or ASKED_FROM.get()),
        action=entry.action,
        subject_kind=entry.subject_kind,
        subject=entry.subject,
        county=entry.county,
        fields=list(entry.fields),
        reason=entry.reason,
        result=entry.result,
        n=entry.n,
    )


def _plain_ip(text: str | None) -> str | None:
    """As either database gives it back; what is no address is left out rather than losing the entry."""
    if not text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _refuse_values(entry: Entry) -> None:
    if not _SLUG.fullmatch(entry.action) or (entry.subject_kind and not _SLUG.fullmatch(entry.subject_kind)):
        raise ValueError("an act and a kind of record are named by a-z, 0-9 and _ . -")
    if isinstance(entry.fields, str) or not all(_FIELD.fullmatch(name) for name in entry.fields):
        raise ValueError("fields are named, one by one, by a-z, 0-9 and _")
    if len(entry.subject) > 64 or re.search(r"[^0-9A-Za-z:/_.\-]", entry.subject):
        raise ValueError("a record is named by its uid")
    texts = [entry.action, entry.subject_kind, entry.reason, entry.result, *entry.fields]
    if not _UUID.fullmatch(entry.subject):
        texts.append(entry.subject)
    if any(holds_personal_number(text) for text in texts):
        raise ValueError("an ID number or a mobile number has no place in the audit log")
