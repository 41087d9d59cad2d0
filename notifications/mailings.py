"""Many notices at once, as a sweep writes them: without words yet, by one statement.

What a notice says is written when the sender takes it (`outbox.Words`), so it speaks of that day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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


class Matter(NamedTuple):
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
            _put_by_shelf(cursor, matters, now)


def _put_by_shelf(cursor: Any, matters: Sequence[Matter], now: datetime) -> None:
    """On SQLite the matters and what they share are laid into tables of this connection, and joined there."""
    adapt = connection.ops.adapt_datetimefield_value
    number = {mailing: index for index, mailing in enumerate(dict.fromkeys(matter.mailing for matter in matters))}
    for statement in _SHELF:
        cursor.execute(statement)
    cursor.executemany(
        "INSERT INTO temp.put_matter (about, rev, data, n) VALUES (%s, %s, %s, %s)",
        [(one.about, one.rev, json.dumps(dict(one.data)), number[one.mailing]) for one in matters],
    )
    copies: list[tuple[Any, ...]] = []
    for mailing, n in number.items():
        same = (mailing.kind, mailing.occasion, json.dumps(dict(mailing.data)), adapt(mailing.not_before))
        for place, copy in enumerate(mailing.copies):
            copies.append((n, place, copy.recipient, copy.channel, copy.reason, copy.on_behalf_of, *same))
    cursor.executemany(f"INSERT INTO temp.put_copy VALUES ({', '.join(['%s'] * 10)})", copies)
    cursor.execute(_FROM_SHELF, [adapt(now)])


# Of two JSON objects one is made by joining their texts: an object of ours is never empty.
_SHELF = (
    "CREATE TEMP TABLE IF NOT EXISTS put_matter (place INTEGER PRIMARY KEY, about text, rev int, data text, n int)",
    "CREATE TEMP TABLE IF NOT EXISTS put_copy (n int, place int, recipient int, channel text, reason text, behalf int, "
    "kind text, occasion text, data text, not_before text, PRIMARY KEY (n, place)) WITHOUT ROWID",
    "DELETE FROM temp.put_matter",
    "DELETE FROM temp.put_copy",
)
_FROM_SHELF = f"""
INSERT INTO notifications_message ({_COLUMNS})
SELECT v.about || '|' || v.rev || '|' || m.occasion || '|' || m.recipient || '|' || m.channel,
    m.recipient, m.behalf, m.channel, m.kind, m.reason, v.about, v.rev,
    substr(v.data, 1, length(v.data) - 1) || ', ' || substr(m.data, 2), m.not_before, %s,
    'queued', '', '', '', '', 0, ''
FROM temp.put_matter v CROSS JOIN temp.put_copy m ON m.n = v.n WHERE true ORDER BY v.place, m.place
ON CONFLICT DO NOTHING"""
# Lists travel as one JSON text each: far quicker to write and to read than arrays.
_AT_ONCE = f"""
INSERT INTO notifications_message ({_COLUMNS})
SELECT v.about || '|' || v.rev || '|' || m.occasion || '|' || c.recipient || '|' || c.channel,
    c.recipient, c.behalf, c.channel, m.kind, c.reason, v.about, v.rev, v.data || m.data, m.not_before,
    %s, 'queued', '', '', '', '', 0, ''
FROM json_to_recordset(%s::json) AS v(place int, about text, rev int, data jsonb, n int)
JOIN json_to_recordset(%s::json) AS m(n int, kind text, occasion text, data jsonb, not_before timestamptz) ON m.n = v.n
JOIN json_to_recordset(%s::json) AS c(n int, place int, recipient bigint, channel text, reason text, behalf bigint)
    ON c.n = v.n
ORDER BY v.place, c.place
ON CONFLICT DO NOTHING"""


def _lists(matters: Sequence[Matter], now: datetime) -> list[Any]:
    """The matters, their mailings and the copies of each, as JSON: far less to send than the rows they make."""
    number = {mailing: index for index, mailing in enumerate(dict.fromkeys(matter.mailing for matter in matters))}
    about = [
        {"place": place, "about": one.about, "rev": one.rev, "data": dict(one.data), "n": number[one.mailing]}
        for place, one in enumerate(matters)
    ]
    shared, copies = [], []
    for mailing, n in number.items():
        same = {"kind": mailing.kind, "occasion": mailing.occasion, "data": dict(mailing.data)}
        shared.append({"n": n, "not_before": mailing.not_before.isoformat(), **same})
        for place, copy in enumerate(mailing.copies):
            row = {"recipient": copy.recipient, "channel": copy.channel, "reason": copy.reason}
            copies.append({"n": n, "place": place, "behalf": copy.on_behalf_of, **row})
    return [now, *(json.dumps(rows, ensure_ascii=False) for rows in (about, shared, copies))]
