"""Many notices at once, as a sweep writes them: without words yet, by one statement.

What a notice says is written when the sender takes it (`outbox.Words`), so it speaks of that day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

_COLUMNS = (
    "dedupe_key, recipient_id, on_behalf_of_id, channel, kind, reason, about, about_rev, data, next_attempt_at, "
    "created_at, status, subject, body, line, url, attempts, outcome"
)


@dataclass(frozen=True)
class Copy:
    """One row to be written: for whom, by which channel, and why them."""

    recipient: int
    channel: str
    reason: str
    on_behalf_of: int | None = None


@dataclass(frozen=True, eq=False)
class Mailing:
    """What the notices about several matters share: the kind, whom they tell, from when on they may leave.

    One object for all that share it. `occasion` tells notices about one matter apart (a rung and its
    occurrence); `data` is opaque here.
    """

    kind: str
    occasion: str
    not_before: datetime
    copies: tuple[Copy, ...]
    data: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing a mailing is about: `about` in revision `rev`, with the words a log needs of it alone."""

    about: str
    rev: int
    data: tuple[tuple[str, Any], ...]
    mailing: Mailing


def put(matters: Sequence[Matter], now: datetime) -> None:
    """Write a row for each matter and each copy of its mailing. Put twice, it tells nobody twice."""
    matters = [matter for matter in matters if matter.mailing.copies]
    if not matters:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_AT_ONCE, _lists(matters, now))
        else:
            marks = ", ".join(["%s"] * 11)
            cursor.executemany(
                f"INSERT INTO notifications_message ({_COLUMNS}) "
                f"VALUES ({marks}, 'queued', '', '', '', '', 0, '') ON CONFLICT DO NOTHING",
                _rows(matters, now),
            )


def _rows(matters: Sequence[Matter], now: datetime) -> list[tuple[Any, ...]]:
    adapt = connection.ops.adapt_datetimefield_value
    written = adapt(now)
    opens = {mailing: adapt(mailing.not_before) for mailing in {matter.mailing for matter in matters}}
    rows = []
    for matter in matters:
        mailing = matter.mailing
        stem = f"{matter.about}|{matter.rev}|{mailing.occasion}|"
        data = json.dumps(dict((*matter.data, *mailing.data)))
        rest = (matter.about, matter.rev, data, opens[mailing], written)
        rows += [
            (f"{stem}{c.recipient}|{c.channel}", c.recipient, c.on_behalf_of, c.channel, mailing.kind, c.reason, *rest)
            for c in mailing.copies
        ]
    return rows


# Lists travel as one JSON text each: far quicker to write and to read than arrays.
_AT_ONCE = f"""
INSERT INTO notifications_message ({_COLUMNS})
SELECT v.about || '|' || v.rev || '|' || m.occasion || '|' || m.recipient || '|' || m.channel,
    m.recipient, m.behalf, m.channel, m.kind, m.reason, v.about, v.rev, v.data || m.data, m.not_before,
    %s, 'queued', '', '', '', '', 0, ''
FROM json_to_recordset(%s::json) AS v(place int, about text, rev int, data jsonb, n int)
JOIN json_to_recordset(%s::json) AS m(place int, n int, kind text, occasion text, data jsonb, not_before timestamptz,
    recipient bigint, channel text, reason text, behalf bigint) ON m.n = v.n
ORDER BY v.place, m.place
ON CONFLICT DO NOTHING"""


def _lists(matters: Sequence[Matter], now: datetime) -> list[Any]:
    """The matters, and once each what they share: far less to send than the rows they make."""
    number = {mailing: index for index, mailing in enumerate(dict.fromkeys(matter.mailing for matter in matters))}
    about = [
        {"place": place, "about": one.about, "rev": one.rev, "data": dict(one.data), "n": number[one.mailing]}
        for place, one in enumerate(matters)
    ]
    copies: list[dict[str, Any]] = []
    for mailing, n in number.items():
        same: dict[str, Any] = {"n": n, "kind": mailing.kind, "occasion": mailing.occasion, "data": dict(mailing.data)}
        same["not_before"] = mailing.not_before.isoformat()
        for copy in mailing.copies:
            row = {"recipient": copy.recipient, "channel": copy.channel, "reason": copy.reason}
            copies.append({"place": len(copies), "behalf": copy.on_behalf_of} | row | same)
    return [now, json.dumps(about), json.dumps(copies)]
