"""Acts written down beforehand: what the people of a demonstration or a simulation do, and when.

A scenario is a TOML file of `[[act]]`s, each with a moment (`at`, local time), a verb (`do`), the
assignments it is done to (`on`, keys or patterns with `*`), who does it (`by`: a person's sign-in name,
or a role of the assignment's unit or reviewer) and the verb's own values (`with`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from bureaus.access import NotYours, WrongMoment
from bureaus.clock import ZONE, local_date
from bureaus.models import Bureau, Role, User
from measures.models import Assignment, Extension
from workflows import actions
from workflows.audience import Roster
from workflows.models import Slip


class ScenarioError(Exception):
    """An act of the file cannot be read or done; the message says which and why."""


@dataclass(frozen=True, order=True)
class ScenarioAct:
    at: datetime
    line: int
    do: str = field(compare=False)
    on: tuple[str, ...] = field(compare=False)
    by: str = field(compare=False)
    values: dict[str, Any] = field(compare=False)


def read(path: Path) -> list[ScenarioAct]:
    """The acts of a file in order of time."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    acts = []
    for number, entry in enumerate(data.get("act", []), start=1):
        try:
            moment = entry["at"]
            if not isinstance(moment, datetime):
                moment = datetime.fromisoformat(str(moment))
            on = entry["on"]
            if entry["do"] not in VERBS:
                raise ScenarioError(f"{path.name}: act {number}: unknown verb {entry['do']!r} ({', '.join(VERBS)})")
            acts.append(
                ScenarioAct(
                    at=moment.replace(tzinfo=moment.tzinfo or ZONE),
                    line=number,
                    do=entry["do"],
                    on=(on,) if isinstance(on, str) else tuple(on),
                    by=entry.get("by", ""),
                    values=entry.get("with", {}),
                )
            )
        except (KeyError, ValueError) as error:
            raise ScenarioError(f"{path.name}: act {number}: {error}") from error
    return sorted(acts)


def perform(act: ScenarioAct, now: datetime) -> int:
    """Do one act to every assignment it names. Returns how many; none at all is an error of the file."""
    rows = list(_matching(act.on))
    if not rows:
        raise ScenarioError(f"act {act.line}: nothing matches {', '.join(act.on)}")
    roster = Roster(local_date(now))
    done = 0
    for row in rows:
        try:
            VERBS[act.do](row, _person(act, row, roster), now, dict(act.values), roster)
        except (WrongMoment, NotYours, ValidationError) as error:
            raise ScenarioError(f"act {act.line} ({act.do} {row.key}): {error}") from error
        done += 1
    return done


def _matching(patterns: tuple[str, ...]) -> Iterator[Assignment]:
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    for pk, key in Assignment.objects.order_by("id").values_list("pk", "key"):
        if any(fnmatchcase(key, pattern) for pattern in wanted) and not any(
            fnmatchcase(key, pattern) for pattern in unwanted
        ):
            yield Assignment.objects.select_related("unit", "acceptor", "lead", "step", "measure", "site").get(pk=pk)


# verb → who does it where the file does not say
WHO = {
    "sign": "unit_leader",
    "sign_off": "unit_leader",
    "hand_back": "unit_leader",
    "accept": "reviewer",
    "send_back": "reviewer",
    "check_form": "reviewer",
    "reconsider": "reviewer",
    "grant_extension": "supervision",
    "refuse_extension": "supervision",
    "reissue": "supervision",
    "close": "supervision",
    "suspend": "supervision",
    "resume": "supervision",
    "cancel": "supervision",
    "urge": "supervision",
    "issue_slip": "supervision",
    "dismiss_slip": "supervision",
}


def _person(act: ScenarioAct, row: Assignment, roster: Roster) -> User:
    who = act.by or WHO.get(act.do, "officer")
    if who == "reviewer":
        group = roster.post(Role.OFFICER, row.acceptor.code)
    elif who == "supervision":
        group = roster.post(Role.SUPERVISOR, "supervision")
    elif who in Role.values:
        group = roster.post(who, row.unit.code, row)
    else:
        user = User.objects.filter(username=who).first()
        if user is None:
            raise ScenarioError(f"act {act.line}: nobody signs in as {who!r}")
        return user
    return group.users[0]


# --- The verbs -------------------------------------------------------------------------------

Values = dict[str, Any]


def _sign(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
    handler = roster.post(values.get("handler", Role.OFFICER), row.unit.code).users[0]
    leader = roster.post(values.get("leader", Role.UNIT_LEADER), row.unit.code).users[0]
    actions.sign(row, by=by, now=now, handler=handler, leader=leader)


def _finish(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
    """Send up and sign off in one go."""
    actions.send_up(row, by=by, now=now, result=values.pop("result"), figures=values.pop("figures", {}))
    leader = roster.post(Role.UNIT_LEADER, row.unit.code, row).users[0]
    actions.sign_off(row, by=leader, now=now, **values)


def _plain(name: str) -> Callable[[Assignment, User, datetime, Values, Roster], None]:
    def verb(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
        getattr(actions, name)(row, by=by, now=now, **values)

    return verb


def _extension(name: str) -> Callable[[Assignment, User, datetime, Values, Roster], None]:
    def verb(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
        extension = Extension.objects.filter(deadline__assignment=row).order_by("-id").first()
        if extension is None:
            raise ScenarioError(f"{row.key}: no extension was asked for")
        getattr(actions, name)(extension, by=by, now=now, **values)

    return verb


def _slip(name: str) -> Callable[[Assignment, User, datetime, Values, Roster], None]:
    def verb(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
        slip = Slip.objects.filter(assignment=row).order_by("-id").first()
        if slip is None:
            raise ScenarioError(f"{row.key}: no slip was proposed")
        getattr(actions, name)(slip, by=by, now=now, **values)

    return verb


def _draft(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
    lines = [actions.Line(**line) for line in values.pop("lines")]
    actions.save_draft(row, by=by, now=now, lines=lines, **values)


def _roster(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
    sites = [actions.SiteLine(**site) for site in values["sites"]]
    actions.save_roster(row, by=by, now=now, sites=sites)


def _finding(row: Assignment, by: User, now: datetime, values: Values, roster: Roster) -> None:
    unit = Bureau.objects.get(code=values.pop("unit"))
    actions.record_finding(row, by=by, now=now, unit=unit, **values)


VERBS: dict[str, Callable[[Assignment, User, datetime, Values, Roster], None]] = {
    "sign": _sign,
    "finish": _finish,
    "save_draft": _draft,
    "save_roster": _roster,
    "record_finding": _finding,
    **{
        name: _plain(name)
        for name in (
            "refuse",
            "reissue",
            "pass_on",
            "report",
            "send_up",
            "hand_back",
            "sign_off",
            "withdraw",
            "accept",
            "send_back",
            "check_form",
            "reconsider",
            "close",
            "suspend",
            "resume",
            "cancel",
            "urge",
            "ask_extension",
            "note_reasons",
            "confirm_division",
            "record_rule",
            "save_return",
            "propose_slip",
        )
    },
    **{name: _extension(name) for name in ("grant_extension", "refuse_extension", "withdraw_extension")},
    **{name: _slip(name) for name in ("issue_slip", "dismiss_slip", "answer_slip", "close_slip")},
}
