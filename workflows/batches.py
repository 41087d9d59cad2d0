"""One batch of due deadlines on the way through the database: claimed, and what was decided written down.

A table is written by one statement however many rows a batch has; on SQLite, whose statements cost
little, by one prepared statement for all rows. Nothing is decided here. Callers hold a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.db import connection

from workflows import slips
from workflows.ladder import Past

FIELD, ROW = "\x1f", "\x1e"


class Due(NamedTuple):
    """A claimed deadline with what a decision needs of it and its assignment; its row is locked.

    `told_on` is the day on which the unit was told of an earlier date, if it was. `history` is the firings of
    its present revision as one word, so that rows with the same past share
    one decision; `remembered` reads it.
    """

    pk: int
    rev: int
    kind: str
    unit: int
    round: int
    starts_on: date
    due_on: date
    ladder: str
    version: int
    row: int
    key: str
    row_unit: int
    lead: int | None
    handler: int | None
    leader: int | None
    progress: int
    told_on: str
    history: str
    held: bool


@dataclass(eq=False, slots=True)
class Kept:
    """What a firing row keeps besides its deadline: one object for all rows about which the same was decided.

    `missed` is not kept: an audience, and everybody above it, could not be told.
    """

    rung: str
    occ: int
    planned_at: datetime
    outcome: str
    slip: str = ""
    audiences: str = "[]"
    withheld: str = "[]"
    withheld_until: datetime | None = None
    told: str = "[]"
    explain: str = "{}"
    missed: bool = False


@dataclass(frozen=True, eq=False)
class Next:
    """Where a deadline looks next: one object for all that look there."""

    at: datetime | None
    rung: str = ""
    occ: int = 0


def claim(now: datetime, limit: int, only: int | None = None) -> list[Due]:
    """Take up to `limit` deadlines that are due, the longest due first, passing over what another pass holds.

    `only`: that one alone, to look at it by itself.
    """
    sql, lock = _CLAIM[connection.vendor]
    condition = " AND d.id = %s" if only is not None else ""
    values: list[Any] = [_moment(now), *([only] if only is not None else []), limit]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql}{condition} ORDER BY d.next_look_at, d.id LIMIT %s {lock}", values)
        found = cursor.fetchall()
    return [Due._make(row) for row in found]


def remembered(history: str) -> list[Past]:
    """The firings in a claimed row's `history`, oldest first."""
    found = []
    for line in history.split(ROW) if history else ():
        key, occ, outcome, planned, fired, audiences, withheld, until, slip = line.split(FIELD)
        found.append(
            Past(
                key,
                int(occ),
                "fired" if outcome == "no_recipient" else outcome,
                _read(planned),
                _read(fired),
                tuple(json.loads(audiences)),
                tuple(json.loads(withheld)),
                _read(until) if until else None,
                bool(slip),
            )
        )
    return found


def write_firings(firings: Sequence[tuple[Due, Kept]], now: datetime) -> list[int]:
    """Write what fired, and lay the slips it proposes before the supervision office. Returns the firings' ids.

    Of a deadline the latest proposal alone waits to be decided: it takes the place of what was undecided before.
    """
    if not firings:
        return []
    if connection.vendor == "postgresql":
        return _write_firings_at_once(firings, now)
    moment = _moment(now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM workflows_firing")
        (before,) = cursor.fetchone()
        planned = {kept.planned_at: _moment(kept.planned_at) for _due, kept in firings}
        cursor.executemany(
            f"INSERT INTO workflows_firing ({_FIRING}) VALUES ({', '.join(['%s'] * 13)}) ON CONFLICT DO NOTHING",
            [(due.pk, due.rev, *_columns(kept, planned[kept.planned_at]), moment) for due, kept in firings],
        )
        if any(kept.slip for _due, kept in firings):
            written = {"source": "workflows_firing f", "where": "f.id > %s AND "}
            why = slips.superseded()
            cursor.execute(_SUPERSEDE.format(**written, lock=""), [moment, why, before])
            cursor.execute(_SLIPS.format(**written), [moment, moment, why, before])
        cursor.execute("SELECT id FROM workflows_firing WHERE id > %s ORDER BY id", [before])
        return [pk for (pk,) in cursor.fetchall()]


def write_looks(looks: Sequence[tuple[Due, Next]]) -> None:
    """Set where each deadline looks next; it has been looked at without a fault."""
    if not looks:
        return
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            places = {look: (_moment(look.at), look.rung, look.occ) for look in {look for _due, look in looks}}
            cursor.executemany(
                "UPDATE measures_deadline SET next_look_at = %s, next_rung = %s, next_occ = %s, fail_count = 0, "
                "last_error = '' WHERE id = %s",
                [(*places[look], due.pk) for due, look in looks],
            )
            return
        number = {look: index for index, look in enumerate(dict.fromkeys(look for _due, look in looks))}
        cursor.execute(
            "UPDATE measures_deadline d SET next_look_at = l.at, next_rung = l.rung, next_occ = l.occ, "
            "fail_count = 0, last_error = '' "
            "FROM json_to_recordset(%s::json) AS v(id bigint, n int) "
            "JOIN json_to_recordset(%s::json) AS l(n int, at timestamptz, rung text, occ int) ON l.n = v.n "
            "WHERE d.id = v.id",
            [
                json.dumps([{"id": due.pk, "n": number[look]} for due, look in looks]),
                json.dumps(
                    [{"n": n, "at": _text(look.at), "rung": look.rung, "occ": look.occ} for look, n in number.items()]
                ),
            ],
        )


# --- How it is said -------------------------------------------------------------------------------

_CLAIMED = """
SELECT d.id, d.rev, d.kind, d.unit_id, d.round, d.starts_on, d.due_on, d.ladder_code, d.ladder_version,
    a.id, a.key, a.unit_id, a.lead_id, a.handler_id, a.leader_id, a.progress, coalesce({told_on}, ''),
    coalesce((SELECT {agg} FROM {firings}), ''),
    EXISTS (SELECT 1 FROM measures_extension e WHERE e.deadline_id = d.id AND e.state = 'asked')
FROM measures_deadline d {join} measures_assignment a ON a.id = d.assignment_id
WHERE d.next_look_at <= %s"""
_OF_THIS = "workflows_firing f WHERE f.deadline_id = d.id AND f.rev = d.rev"
_POSTGRES_LINE = (
    "concat_ws(chr(31), f.rung_key, f.occ, f.outcome, f.planned_at, f.fired_at, f.audiences, f.withheld, "
    "coalesce(f.withheld_until::text, ''), f.slip)"
)
_SQLITE_LINE = " || char(31) || ".join(
    ["f.rung_key", "f.occ", "f.outcome", "f.planned_at", "f.fired_at", "f.audiences", "f.withheld"]
    + ["coalesce(f.withheld_until, '')", "f.slip"]
)
_CLAIM = {
    "postgresql": (
        _CLAIMED.format(
            agg=f"string_agg({_POSTGRES_LINE}, chr(30) ORDER BY f.id)",
            firings=_OF_THIS,
            join="JOIN",
            told_on="d.trail ->> 'told_on'",
        ),
        "FOR NO KEY UPDATE OF d SKIP LOCKED",
    ),
    # CROSS JOIN is SQLite's way of fixing the order: after ANALYZE it would begin with the assignments.
    "sqlite": (
        _CLAIMED.format(
            agg="group_concat(line, char(30))",
            firings=f"(SELECT {_SQLITE_LINE} AS line FROM {_OF_THIS} ORDER BY f.id)",
            join="CROSS JOIN",
            told_on="json_extract(d.trail, '$.told_on')",
        ),
        "",
    ),
}
_FIRING = (
    "deadline_id, rev, rung_key, occ, planned_at, outcome, slip, audiences, withheld, withheld_until, told, explain, "
    "fired_at"
)
# Two rungs of a deadline that waited can be released together; then only the later one's slip waits.
_SLIPS = """
INSERT INTO workflows_slip (assignment_id, unit_id, firing_id, colour, state, due_on, proposed_at, decided_at,
    decision_note, reason, demand, answer)
SELECT d.assignment_id, d.unit_id, f.id, f.slip, CASE WHEN {last} THEN 'proposed' ELSE 'dismissed' END, d.due_on, %s,
    CASE WHEN {last} THEN NULL ELSE %s END, CASE WHEN {last} THEN '' ELSE %s END, '', '', ''
FROM {source} CROSS JOIN measures_deadline d WHERE {where}f.slip <> '' AND d.id = f.deadline_id ORDER BY f.id"""
_SLIPS = _SLIPS.replace("{last}", "lead(f.id) OVER (PARTITION BY f.deadline_id ORDER BY f.id) IS NULL")
# A slip that is being decided at this moment is left to whoever decides it.
_SUPERSEDE = """
UPDATE workflows_slip SET state = 'dismissed', decided_at = %s, decision_note = %s WHERE id IN (
    SELECT o.id FROM {source} CROSS JOIN workflows_firing e CROSS JOIN workflows_slip o
    WHERE {where}f.slip <> '' AND e.deadline_id = f.deadline_id AND o.firing_id = e.id AND o.state = 'proposed'
    {lock})"""


def _write_firings_at_once(firings: Sequence[tuple[Due, Kept]], now: datetime) -> list[int]:
    """Firings, slips and what these take the place of, by one statement. What many rows share is sent once."""
    number = {kept: index for index, kept in enumerate(dict.fromkeys(kept for _due, kept in firings))}
    proposals = ""
    more: list[Any] = []
    if any(kept.slip for kept in number):
        supersede = _SUPERSEDE.format(source="f", where="", lock="FOR NO KEY UPDATE OF o SKIP LOCKED")
        proposals = f", gone AS ({supersede}), s AS ({_SLIPS.format(source='f', where='')})"
        why = slips.superseded()
        more = [now, why, now, now, why]
    rows = [
        {"place": place, "deadline": due.pk, "rev": due.rev, "n": number[kept]}
        for place, (due, kept) in enumerate(firings)
    ]
    shared = [
        {
            "n": n,
            "rung": kept.rung,
            "occ": kept.occ,
            "planned": _text(kept.planned_at),
            "outcome": kept.outcome,
            "slip": kept.slip,
            "tells": kept.audiences,
            "withheld": kept.withheld,
            "until": _text(kept.withheld_until),
            "told": kept.told,
            "how": kept.explain,
        }
        for kept, n in number.items()
    ]
    # Lists travel as one JSON text each: far quicker to write and to read than arrays.
    sql = f"""
WITH f AS (
    INSERT INTO workflows_firing ({_FIRING})
    SELECT v.deadline, v.rev, k.rung, k.occ, k.planned, k.outcome, k.slip, k.tells::jsonb, k.withheld::jsonb,
        k.until, k.told::jsonb, k.how::jsonb, %s
    FROM json_to_recordset(%s::json) AS v(place int, deadline bigint, rev int, n int)
    JOIN json_to_recordset(%s::json) AS k(n int, rung text, occ int, planned timestamptz, outcome text, slip text,
        tells text, withheld text, until timestamptz, told text, how text) ON k.n = v.n
    ORDER BY v.place
    ON CONFLICT DO NOTHING
    RETURNING id, deadline_id, slip
){proposals}
SELECT id FROM f"""
    with connection.cursor() as cursor:
        cursor.execute(sql, [now, json.dumps(rows), json.dumps(shared, ensure_ascii=False), *more])
        return [pk for (pk,) in cursor.fetchall()]


def _columns(kept: Kept, planned_at: Any) -> tuple[Any, ...]:
    return (
        kept.rung,
        kept.occ,
        planned_at,
        kept.outcome,
        kept.slip,
        kept.audiences,
        kept.withheld,
        kept.withheld_until and _moment(kept.withheld_until),
        kept.told,
        kept.explain,
    )


def _moment(moment: datetime | None) -> Any:
    """A moment as the database wants it."""
    return None if moment is None else connection.ops.adapt_datetimefield_value(moment)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
