"""What is measured: many assignments of one plan over few units, some of them due now.

One main deadline each. Everything is made up; nothing is random between two runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from random import Random

from django.conf import settings
from django.core.management.color import no_style
from django.db import connection

from bureaus import calendars, cast, clock
from bureaus.models import Bureau, Calendar, Membership, Role, User
from measures import loading, plan_file
from measures.models import Assignment, Deadline, Event, Plan
from notifications.models import Message
from workflows import counters
from workflows.bench.rows import Shape, Value, in_a_hurry, stamp, write
from workflows.ladder import moment
from workflows.ladders import load_ladders, newest
from workflows.models import Firing, Run, Slip

PLAN_FILE = settings.BASE_DIR / "measures" / "data" / "tacheng-2019.toml"
NOW = datetime(2019, 8, 20, 11, 0, tzinfo=clock.ZONE)  # a Tuesday; every rung of the day has come
TODAY = NOW.date()
UNITS = 200
TERM = timedelta(days=80)  # fewer than sixty working days: nothing is behind its schedule
OPEN, OVERDUE = 7, 35  # per cent: of all that was ever issued, and of what is open
LADDER = "standard"
# What a deadline that turns overdue today has behind it: rung, days ago, whom it told.
CLIMBED = (("T-10", 15, "officer"), ("T-3", 6, "section_head"), ("T", 1, "unit_leader"))
NEXT = "T+1"

Rows = Iterator[tuple[Value, ...]]


@dataclass(frozen=True)
class Unit:
    pk: int
    code: str
    officer: int
    leader: int


@dataclass(frozen=True)
class Stage:
    """What all rows share: the plan, who works, and (measure, step, node) to work at.

    `turn`: 0 scatters rows over the units, and somebody else leads; otherwise every unit has so many rows in its
    turn and leads them itself, so one person is told of each.
    """

    plan: Plan
    run: Run
    units: list[Unit]
    work: Sequence[tuple[int | None, int, str]]
    ladder_version: int
    turn: int = 0


def build_stage(units: int = UNITS, *, alone: bool = False) -> Stage:
    """The real plan with its bodies and ladders, bodies more up to `units`, and everybody in post.

    `alone`: in every body one person holds every post.
    """
    calendars.seed_statutory()
    national = Calendar.objects.national()
    # As on any day but the one of an edit: every date has been counted with the days entered.
    Calendar.objects.filter(pk=national.pk).update(applied=national.edition, edited_at=None)
    load_ladders()
    plan = loading.load(plan_file.read(PLAN_FILE), now=NOW).plan
    Plan.objects.filter(pk=plan.pk).update(started_at=NOW - timedelta(days=300))
    Bureau.objects.bulk_create(
        Bureau(code=f"b{n:03}", name=f"第{n}单位", short_name=f"{n}单位", level=Bureau.Level.COUNTY, order=1000 + n)
        for n in range(1, units + 1 - Bureau.objects.exclude(level=Bureau.Level.ORGAN).count())
    )
    _fill_posts(alone=alone)
    held = {(post.bureau_id, post.role): post.user_id for post in Membership.objects.all()}
    bodies = [
        Unit(unit.pk, unit.code, held[unit.pk, Role.OFFICER], held[unit.pk, Role.UNIT_LEADER])
        for unit in Bureau.objects.exclude(level=Bureau.Level.ORGAN).order_by("order", "code")
    ]
    run = Run.objects.create(flow_class="workflows/flows.general.GeneralMeasureFlow", data={"key": "bench"})
    work = list(plan.steps.order_by("order").values_list("measure_id", "pk", "node"))
    return Stage(plan, run, bodies, work, newest(LADDER).version)


def _fill_posts(*, alone: bool) -> None:
    """The cast of a demonstration, in two statements."""
    posts = [
        (bureau, bureau.short_name if alone else name, role)
        for bureau in Bureau.objects.order_by("order", "code")
        for name, role in cast.posts(bureau)
    ]
    names = dict.fromkeys(name for _bureau, name, _role in posts)
    made = User.objects.bulk_create(
        User(username=name, name=name, email=f"{number}@duban.invalid", password="!")
        for number, name in enumerate(names)
    )
    people = dict(zip(names, made, strict=True))
    Membership.objects.bulk_create(
        Membership(user=people[name], bureau=bureau, role=role) for bureau, name, role in posts
    )


def armed(stage: Stage, items: int, due: int) -> None:
    """So many armed deadlines, of which `due`, spread evenly, turn overdue now."""
    chosen = {1 + place * items // due for place in range(due)}
    state = Assignment.State.IN_PROGRESS
    with in_a_hurry():
        write(Assignment, _assignments(stage, ((pk, state) for pk in range(1, items + 1))))
        write(Deadline, _deadlines(stage, _armed_dates(stage, items, chosen)))
        write(Firing, _firings(items, chosen))
        _go_on_counting()
    counters.rebuild(NOW)


def lived(stage: Stage, items: int) -> None:
    """So many assignments as after years of use: most are closed, some open, some of those overdue."""
    states = [_state(pk) for pk in range(1, items + 1)]
    late = [pk for pk, (state, overdue) in enumerate(states, start=1) if overdue]
    with in_a_hurry():
        write(Assignment, _assignments(stage, ((pk, state) for pk, (state, _late) in enumerate(states, start=1))))
        write(Deadline, _deadlines(stage, _lived_dates(states)))
        write(Event, _events(states))
        write(Slip, _slips(stage, late))
        write(Message, _messages(stage, late))
        _go_on_counting()
    counters.rebuild(NOW)


def key_of(stage: Stage, pk: int) -> str:
    return f"{stage.plan.code}/bench/{unit_of(stage, pk).code}/{pk:07}"


def unit_of(stage: Stage, pk: int, salt: int = 0) -> Unit:
    """Some unit; which one has nothing to do with the order of the rows, unless they come in turn."""
    if stage.turn:
        return stage.units[(pk - 1) // stage.turn % len(stage.units)]
    return stage.units[((pk + salt) * 2654435761 % 2**32) * len(stage.units) >> 32]


def _state(pk: int) -> tuple[str, bool]:
    """(state, is overdue) of a row of a plan that has lived."""
    share = pk * 7919 % 10_000
    if share >= OPEN * 100:
        return Assignment.State.CLOSED, False
    return Assignment.State.IN_PROGRESS, share < OPEN * OVERDUE


def _assignments(stage: Stage, rows: Iterator[tuple[int, str]]) -> Rows:
    issued = NOW - timedelta(days=90)
    common = {"plan": stage.plan, "process": stage.run, "issued_at": issued, "signed_at": issued, "progress": 40}
    shape = Shape(Assignment(**common))
    for pk, state in rows:
        unit, lead = unit_of(stage, pk), unit_of(stage, pk, salt=1)
        measure, step, node = stage.work[pk % len(stage.work)]
        yield shape(
            id=pk,
            key=key_of(stage, pk),
            title=f"落实本单位承担的工作任务并按期报送结果（第{pk}项）",
            measure_id=measure,
            step_id=step,
            node=node,
            unit_id=unit.pk,
            lead_id=lead.pk,
            acceptor_id=lead.pk,
            handler_id=unit.officer,
            leader_id=unit.leader,
            state=str(state),
        )


# A deadline's row: its number, the day, the next look ("" for none), its rung, and when it was met.
Dates = Iterator[tuple[int, date, str | None, str, str | None]]


def _armed_dates(stage: Stage, items: int, chosen: set[int]) -> Dates:
    for pk in range(1, items + 1):
        if pk in chosen:
            yield pk, TODAY - timedelta(days=1), stamp(moment(TODAY, key_of(stage, pk))), NEXT, None
        else:
            yield pk, _day(20 + pk * 7919 % 345), _look(15 + pk * 7919 % 345, pk % 60), "T-3", None


def _lived_dates(states: list[tuple[str, bool]]) -> Dates:
    dice = Random(2019)
    for pk, (state, overdue) in enumerate(states, start=1):
        if state == Assignment.State.CLOSED:
            days = dice.randrange(-300, 60)
            yield pk, _day(days), None, "", _look(days - 400, pk % 60)
        elif overdue:
            yield pk, _day(-1 - dice.randrange(200)), None, "", None
        else:
            days = dice.randrange(80)
            yield pk, _day(days), _look(days + 1, pk % 60), "T", None


@cache
def _day(days: int) -> date:
    return TODAY + timedelta(days=days)


@cache
def _look(days: int, minute: int) -> str:
    return stamp(NOW.replace(hour=10, minute=minute) + timedelta(days=days))


@cache
def _three(on: date) -> tuple[str, str, str]:
    """The first day of a term, its last, and the midnight after it."""
    return str(on - TERM), str(on), stamp(clock.start_of(on + timedelta(days=1)))


def _deadlines(stage: Stage, rows: Dates) -> Rows:
    shape = Shape(
        Deadline(
            kind=Deadline.Kind.MAIN,
            ladder_code=LADDER,
            ladder_version=stage.ladder_version,
            source_text="按期完成",
            basis=Deadline.Basis.PLAN,
            rule="fixed",
        )
    )
    for pk, on, look, rung, met in rows:
        starts, due_on, due_at = _three(on)
        yield shape(
            id=pk,
            assignment_id=pk,
            unit_id=unit_of(stage, pk).pk,
            starts_on=starts,
            due_on=due_on,
            original_due_on=due_on,
            due_at=due_at,
            next_look_at=look,
            next_rung=rung,
            status="met" if met else "armed",
            met_at=met,
        )


def _firings(items: int, chosen: set[int]) -> Rows:
    """What the ladders did before: three rungs of what is due now, one of everything else."""
    skipped = Shape(Firing(rev=1, rung_key="T-10", outcome=Firing.Outcome.SKIPPED_LATE, planned_at=NOW, fired_at=NOW))
    climbed = [
        Shape(
            Firing(
                rev=1,
                rung_key=rung,
                outcome=Firing.Outcome.FIRED,
                planned_at=NOW - timedelta(days=ago, minutes=30),
                fired_at=NOW - timedelta(days=ago),
                audiences=[audience],
                told=[{"role": audience, "unit": "b001", "channels": ["inbox", "email"]}],
                explain={"due_on": str(TODAY), "offset": -1, "ladder": LADDER, "version": 1},
            )
        )
        for rung, ago, audience in CLIMBED
    ]
    number = 0
    for pk in range(1, items + 1):
        for shape in climbed if pk in chosen else [skipped]:
            number += 1
            yield shape(id=number, deadline_id=pk)


def _events(states: list[tuple[str, bool]]) -> Rows:
    shape = Shape(Event(at=NOW))
    number = 0
    for pk, (state, _late) in enumerate(states, start=1):
        kinds = (("issued", -90), ("accepted", -20), ("closed", -10))
        for kind, days in kinds if state == Assignment.State.CLOSED else kinds[:1]:
            number += 1
            yield shape(id=number, assignment_id=pk, kind=kind, at=_look(days - pk % 365, pk % 60))


def _slips(stage: Stage, late: list[int]) -> Rows:
    shape = Shape(Slip(colour=Slip.Colour.YELLOW, due_on=TODAY, proposed_at=NOW))
    for number, pk in enumerate(late, start=1):
        yield shape(id=number, assignment_id=pk, unit_id=unit_of(stage, pk).pk)


def _messages(stage: Stage, late: list[int]) -> Rows:
    shape = Shape(Message(channel="inbox", kind="overdue", created_at=NOW, status="accepted", final_at=NOW))
    for number, pk in enumerate(late, start=1):
        yield shape(
            id=number,
            dedupe_key=f"{key_of(stage, pk)}|inbox",
            recipient_id=unit_of(stage, pk).officer,
            subject="已逾期",
        )


def _go_on_counting() -> None:
    """The next row the engine makes gets the next number."""
    found = connection.ops.sequence_reset_sql(no_style(), [Assignment, Deadline, Firing, Event, Slip, Message])
    with connection.cursor() as cursor:
        for statement in found:
            cursor.execute(statement)
