"""Plain helpers of the tests: the cast by name, rows by key, acts by one word, and life up to a day.

Helpers that act take the row and the moment, do what the unit's people would do through the doors of
`workflows.actions`, and give the row back as it then stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Max, Model, QuerySet

from bureaus import calendars, cast, clock
from bureaus.clock import ZONE, local_date
from bureaus.models import Bureau, User
from measures import loading, plan_file
from measures.models import Assignment, Deadline, Event, Plan, Recurrence, Step
from notifications.models import Message
from tests.measures.plan_command import TACHENG
from workflows import actions, simulate
from workflows.models import Firing, Run
from workflows.scenario import ScenarioAct

PLAN = "tacheng-2019"
ISSUED = datetime(2019, 6, 1, tzinfo=ZONE)
COUNTIES = ["654201", "654221", "654224", "654225", "654226"]
NAMED_SITES = [
    ("654201", "二工镇"),
    ("654221", "喀拉也木勒镇"),
    ("654221", "杰勒阿尕什镇"),
    ("654224", "吉也克镇"),
    ("654224", "朗古特"),
    ("654224", "乌雪特乡"),
]
SUPERVISOR, SUPERVISION_HEAD = "督查室·督查人员", "督查室·负责人"
INSPECTOR, ADMINISTRATOR, AUDITOR = "督查室·巡查人员", "督查室·管理员", "督查室·审计员"
PREFECTURE_LEADER = "地区行署·分管领导"

Line = dict[str, Any]


def load_tacheng(now: datetime) -> Plan:
    """Calendar, plan, ladders and cast in an empty database. Nothing is issued yet."""
    with clock.standing_at(now):
        calendars.seed_statutory()
        loading.load(plan_file.read(TACHENG), now=now)
        actions.load_ladders()
        cast.make_cast()
    return Plan.objects.get()


# --- Moments, people, rows -----------------------------------------------------------------------


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A moment in Asia/Shanghai."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


def person(name: str) -> User:
    return User.objects.get(username=name)


def bureau(code: str) -> Bureau:
    return Bureau.objects.get(code=code)


def row(key: str) -> Assignment:
    """By key without the plan's code: row("filing/654224/朗古特")."""
    return _rows().get(key=f"{PLAN}/{key}")


def rows(*patterns: str) -> list[Assignment]:
    """Rows whose keys begin so, in order of their keys: rows("survey/")."""
    return [found for found in _rows().order_by("key") if found.key.removeprefix(f"{PLAN}/").startswith(patterns)]


def fresh(row: Assignment) -> Assignment:
    """The row as it stands now."""
    return _rows().get(pk=row.pk)


def _rows() -> QuerySet[Assignment]:
    return Assignment.objects.select_related(
        "unit", "step", "measure", "plan", "acceptor", "lead", "site", "handler", "leader"
    )


def keys() -> list[str]:
    """Every key without the plan's code, in order."""
    return [key.removeprefix(f"{PLAN}/") for key in Assignment.objects.order_by("key").values_list("key", flat=True)]


def deadline(row: Assignment, kind: str = "main", round: int = 1, unit: str = "") -> Deadline:
    found = row.deadlines.filter(kind=kind, round=round)
    return found.get(unit__code=unit) if unit else found.get()


def events(row: Assignment) -> list[str]:
    """Its history, in order."""
    return list(Event.objects.filter(assignment=row).values_list("kind", flat=True))


def last_event(row: Assignment) -> Event:
    return Event.objects.filter(assignment=row).select_related("actor", "actor_unit").order_by("at", "id").reverse()[0]


def run_of(key: str) -> Run:
    return Run.objects.get(data__key=f"{PLAN}/{key}")


def open_steps(run: Run) -> list[str]:
    """Names of the steps of a run that are open, in order of the alphabet."""
    tasks = run.task_set.filter(flow_task_type="STEP", status="NEW")
    return sorted({task.flow_task.name for task in tasks})


# --- People's posts ------------------------------------------------------------------------------


def officer_of(unit: Bureau) -> User:
    return person({"supervision": SUPERVISOR, "prefecture": PREFECTURE_LEADER}.get(unit.code, f"{unit}·经办人"))


def section_head_of(unit: Bureau) -> User:
    return person(f"{unit}·科室负责人")


def leader_of(unit: Bureau) -> User:
    return person({"supervision": SUPERVISION_HEAD, "prefecture": PREFECTURE_LEADER}.get(unit.code, f"{unit}·分管领导"))


def chief_of(unit: Bureau) -> User:
    return person(f"{unit}·主要领导")


# --- Acts ----------------------------------------------------------------------------------------


def signed(row: Assignment, now: datetime) -> Assignment:
    """Signed for, with the unit's officer as handler and its leader as leader."""
    actions.sign(row, by=officer_of(row.unit), now=now, handler=officer_of(row.unit), leader=leader_of(row.unit))
    return fresh(row)


def in_hand(row: Assignment, now: datetime) -> Assignment:
    """Signed for if it was not, and written as far as its kind needs before it can be handed in."""
    if row.state == Assignment.State.ISSUED:
        row = signed(row, now)
    if row.step.kind == Step.Kind.FILING:
        drafted(row, now)
    elif row.step.kind == Step.Kind.MONTHLY:
        reported_figures(row, now)
    elif row.step.kind == Step.Kind.ROSTER:
        concentrated(row, now, *(site for county, site in NAMED_SITES if county == row.unit.code))
    return fresh(row)


def named_with(row: Assignment) -> dict[str, Any]:
    """The figures without which its step takes no result: what it asks for, and a gate's lists."""
    asked = {ask["code"]: 1 if ask["kind"] == "number" else "已落实" for ask in row.step.extras.get("asks", [])}
    unmet = dict.fromkeys(row.step.extras.get("evidence", []), "无")
    return ({"asked": asked} if asked else {}) | ({"unmet": unmet} if unmet else {})


def sent_up(row: Assignment, now: datetime, **figures: Any) -> Assignment:
    row = in_hand(row, now)
    actions.send_up(row, by=officer_of(row.unit), now=now, result="按要求完成。", figures=named_with(row) | figures)
    return fresh(row)


def handed_in(row: Assignment, now: datetime, **figures: Any) -> Assignment:
    """Submitted: sent up by the officer and signed off by the leader."""
    row = sent_up(row, now, **figures)
    actions.sign_off(row, by=leader_of(row.unit), now=now)
    return fresh(row)


def accepted(row: Assignment, now: datetime, **figures: Any) -> Assignment:
    """Through, from wherever it stands."""
    if row.state != Assignment.State.SUBMITTED:
        row = handed_in(row, now, **figures)
    if row.step.kind == Step.Kind.FILING:
        for check in row.filing.checks.filter(outcome="").select_related("unit"):
            actions.check_form(row, by=officer_of(check.unit), now=now, outcome="complete")
    else:
        actions.accept(row, by=officer_of(row.acceptor), now=now)
    return fresh(row)


def all_accepted(some: Iterable[Assignment], now: datetime) -> None:
    for one in some:
        accepted(one, now)


def drafted(row: Assignment, now: datetime, **changes: Any) -> None:
    """A complete site plan, written but not reported."""
    words: dict[str, Any] = {
        "title": "安置点搬迁劳动力就业工作方案",
        "resources": "草畜资源。",
        "industry": "服饰加工。",
        "employment": "劳动力总量与意愿。",
        "lines": [actions.Line("服饰加工", "扶贫卫星工厂", 60, 55)],
    }
    actions.save_draft(row, by=officer_of(row.unit), now=now, **(words | changes))


def return_fields(row: Assignment) -> list[dict[str, Any]]:
    return [field for section in row.plan.content["return_sections"] for field in section["fields"]]


def reported_figures(row: Assignment, now: datetime, **figures: int) -> None:
    """A monthly return with every figure, zero where none is given."""
    every = {field["code"]: 0 for field in return_fields(row)} | figures
    actions.save_return(row, by=officer_of(row.unit), now=now, figures=dict(every))


def concentrated(row: Assignment, now: datetime, *sites: str, **others: str) -> None:
    """A county's roster: these are concentrated, the other places it knows are scattered or as said."""
    said = {site.name: others.get(site.name, "scattered") for site in row.plan.sites.filter(county=row.unit)}
    said = {name: kind for name, kind in said.items() if name != "待确认"}
    said |= dict.fromkeys(sites, "concentrated") | others
    actions.save_roster(
        row, by=officer_of(row.unit), now=now, sites=[actions.SiteLine(name, kind) for name, kind in said.items()]
    )


# --- Time ----------------------------------------------------------------------------------------


def only(*rows: Assignment, periods: Sequence[str] = ()) -> None:
    """Everything else rests: no other deadline is looked at, no other step's period begins, no older notice waits."""
    Deadline.objects.exclude(assignment__in=rows).update(next_look_at=None)
    Recurrence.objects.exclude(step__code__in=periods).update(next_on=None)
    Message.objects.filter(status="queued").delete()


def tick_through(until: date, acts: Sequence[ScenarioAct] = ()) -> list[Line]:
    """Live through every due moment up to the end of the day (or up to the moment), with the real channels."""
    if not isinstance(until, datetime):
        until = datetime.combine(until + timedelta(days=1), time(), ZONE) - timedelta(microseconds=1)
    seen = Firing.objects.aggregate(last=Max("pk"))["last"] or 0
    return list(simulate.run(until, acts, seen=seen))


def fired(lines: Iterable[Line], *, event: str = "fired", **wanted: Any) -> list[Line]:
    """The firings among the lines that have these values; `assignment` is a key without the plan's code."""
    if "assignment" in wanted:
        wanted["assignment"] = f"{PLAN}/{wanted['assignment']}"
    return [
        line
        for line in lines
        if line["event"] == event and all(line.get(name) == value for name, value in wanted.items())
    ]


def fired_on(lines: Iterable[Line], assignment: str, kind: str = "main") -> dict[str, date]:
    """rung → the day it fired; a second occurrence is "T+1#1"."""
    return {
        line["rung"] + (f"#{line['occ']}" if line["occ"] else ""): day_of(line)
        for line in fired(lines, assignment=assignment, kind=kind)
    }


def sent(lines: Iterable[Line], **wanted: Any) -> list[Line]:
    return [
        line
        for line in lines
        if line["event"] == "sent" and all(line.get(name) == value for name, value in wanted.items())
    ]


def day_of(line: Line) -> date:
    return local_date(datetime.fromisoformat(line["at"]))


def inbox(user: User) -> list[Message]:
    """What a person finds in the product, the oldest first."""
    found = Message.objects.filter(recipient=user, channel="inbox", status__in=["accepted", "bundled"])
    return list(found.order_by("created_at", "id"))


# --- Very much of it -----------------------------------------------------------------------------


def many_times(copies: int) -> None:
    """Every assignment so many times more, with its deadlines, by one statement each. Nothing of it is counted."""
    _copied(Assignment, copies, id="{old}.id + 1000000 * n.i", key="{old}.key || '~' || n.i", recurrence_id="NULL")
    _copied(Deadline, copies, id="{old}.id + 1000000 * n.i", assignment_id="{old}.assignment_id + 1000000 * n.i")


def _copied(model: type[Model], copies: int, **changes: str) -> None:
    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.concrete_fields]
    values = ", ".join(changes.get(name, f"{{old}}.{name}").format(old=table) for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})"
            f" INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM n CROSS JOIN {table}"
        )


# --- Nothing happened ----------------------------------------------------------------------------


@contextmanager
def nothing_written() -> Iterator[None]:
    """Inside, no row of work, deadlines, notices or runs is made, changed or lost."""
    before = _everything()
    yield
    assert _everything() == before


def _everything() -> dict[str, list[tuple[Any, ...]]]:
    labels = ("measures", "notifications", "workflows", "viewflow")
    models = [model for label in labels for model in apps.get_app_config(label).get_models() if not model._meta.proxy]
    return {model._meta.label: list(model._default_manager.order_by("pk").values_list()) for model in models}
