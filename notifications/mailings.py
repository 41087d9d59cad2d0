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
            cursor.execute(_AT_ONCE, _arrays(matters, now))
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


_AT_ONCE = f"""
INSERT INTO notifications_message ({_COLUMNS})
SELECT v.about || '|' || v.rev || '|' || m.occasion || '|' || m.recipient || '|' || m.channel,
    m.recipient, m.behalf, m.channel, m.kind, m.reason, v.about, v.rev, v.data::jsonb || m.data::jsonb, m.not_before,
    %s, 'queued', '', '', '', '', 0, ''
FROM unnest(%s::text[], %s::int[], %s::text[], %s::int[]) WITH ORDINALITY AS v(about, rev, data, n, place)
JOIN unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[],
    %s::bigint[]) WITH ORDINALITY
    AS m(n, kind, occasion, data, not_before, recipient, channel, reason, behalf, place) ON m.n = v.n
ORDER BY v.place, m.place
ON CONFLICT DO NOTHING"""


def _arrays(matters: Sequence[Matter], now: datetime) -> list[Any]:
    """The matters, and once each what they share: far less to send than the rows they make."""
    shared = list(dict.fromkeys(matter.mailing for matter in matters))
    number = {mailing: index for index, mailing in enumerate(shared)}
    copies: list[tuple[Any, ...]] = []
    for index, mailing in enumerate(shared):
        same = (index, mailing.kind, mailing.occasion, json.dumps(dict(mailing.data)), mailing.not_before)
        copies += [(*same, copy.recipient, copy.channel, copy.reason, copy.on_behalf_of) for copy in mailing.copies]
    return [
        now,
        [matter.about for matter in matters],
        [matter.rev for matter in matters],
        [json.dumps(dict(matter.data)) for matter in matters],
        [number[matter.mailing] for matter in matters],
        *[list(column) for column in zip(*copies, strict=True)],
    ]
