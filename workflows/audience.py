"""Whom a rung tells: audience → role → people of a unit. A missing person is passed over upwards.

Somebody who is away keeps the row in the inbox; who stands in on that day is told on their behalf.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from bureaus.absences import StandIns
from bureaus.models import Absence, Role, User
from measures.models import Assignment, Deadline
from workflows import staff
from workflows.staff import Staff

# audience → (role, whose unit)
AUDIENCES = {
    "officer": (Role.OFFICER, "own"),
    "section_head": (Role.SECTION_HEAD, "own"),
    "unit_leader": (Role.UNIT_LEADER, "own"),
    "chief": (Role.CHIEF, "own"),
    "lead": (Role.OFFICER, "lead"),
    "supervision": (Role.SUPERVISOR, "supervision"),
    "supervision_head": (Role.SUPERVISION_HEAD, "supervision"),
    "leader": (Role.LEADER, "prefecture"),
}
# Two organs name their posts otherwise.
POSTS = {
    "supervision": {
        Role.CLERK: Role.SUPERVISOR,
        Role.OFFICER: Role.SUPERVISOR,
        Role.SECTION_HEAD: Role.SUPERVISION_HEAD,
        Role.UNIT_LEADER: Role.SUPERVISION_HEAD,
        Role.CHIEF: Role.SUPERVISION_HEAD,
    },
    "prefecture": dict.fromkeys(
        (Role.CLERK, Role.OFFICER, Role.SECTION_HEAD, Role.UNIT_LEADER, Role.CHIEF), Role.LEADER
    ),
}
UPWARDS = (Role.CLERK, Role.OFFICER, Role.SECTION_HEAD, Role.UNIT_LEADER, Role.CHIEF)


@dataclass(frozen=True)
class Aim:
    """Whom "own", "lead" and the people named at signing are, for one deadline: codes of units, ids of people.

    `unit` must act; `row_unit` is the assignment's, whose handler and leader were named.
    """

    unit: str
    row_unit: str
    lead: str = ""
    handler: int | None = None
    leader: int | None = None


def aim_of(deadline: Deadline) -> Aim:
    row = deadline.assignment
    return Aim(deadline.unit.code, row.unit.code, row.lead.code if row.lead else "", row.handler_id, row.leader_id)


@dataclass(frozen=True)
class Reader:
    """A person to be told; `on_behalf_of` somebody away, or away themselves (`stand_in` is told instead)."""

    user: User
    on_behalf_of: User | None = None
    stand_in: User | None = None

    @property
    def is_away(self) -> bool:
        """Keeps the row in the inbox and gets no copy of it."""
        return self.stand_in is not None


@dataclass(frozen=True)
class Group:
    """Some people of one unit in one role; `instead_of` is the role nobody holds, in the unit `missing_in`."""

    role: str
    unit: str
    readers: tuple[Reader, ...]
    instead_of: str = ""
    missing_in: str = ""
    # The unit's short name; and whether these were named for the task, and not told as everybody in the post.
    place: str = field(default="", compare=False)
    named: bool = field(default=False, compare=False)

    @property
    def users(self) -> tuple[User, ...]:
        """Those who are there: in post, or standing in."""
        return tuple(reader.user for reader in self.readers if not reader.is_away)

    def told(self, channels: Iterable[str]) -> dict[str, Any]:
        """How a firing remembers whom it told: role and unit, and whom a deputy stood in for."""
        entry: dict[str, Any] = {"role": self.role, "unit": self.unit, "channels": list(channels)}
        if self.instead_of:
            entry["instead_of"] = self.instead_of
        if away := [str(reader.user) for reader in self.readers if reader.is_away]:
            entry["on_behalf_of"] = away
        return entry


class Roster:
    """Everybody in post, read once for a pass or an act, and who is away on a day (none without a day).

    `people`: as read already.
    """

    def __init__(self, day: date | None = None, people: Staff | None = None) -> None:
        self.day = day
        self.staff = people or staff.read()
        self._stand_ins = StandIns(Absence.objects.ending_from(day))

    @property
    def all_there(self) -> bool:
        """Whether nobody is away on the day or later: whom a rung tells then follows from the posts alone."""
        return self.day is None or not self._stand_ins

    def on(self, day: date) -> Roster:
        """The same people on another day; of a roster made for a later day earlier absences are not known."""
        if day == self.day:
            return self
        other = copy(self)
        other.day = day
        return other

    def people(self, unit: str, role: str) -> tuple[User, ...]:
        return tuple(self.staff.people.get((unit, role), ()))

    def groups(self, names: Iterable[str], aim: Aim) -> list[Group]:
        """The people of some audiences of a deadline, each group once. "Own" is the unit that must act."""
        found: list[Group] = []
        for name in names:
            role, whose = AUDIENCES[name]
            if whose == "own":
                named = (aim.handler, aim.leader) if aim.unit == aim.row_unit else (None, None)
                group = self._post(role, aim.unit, *named)
            elif whose == "lead":
                group = self._post(role, aim.lead or "supervision")
            else:
                group = self._post(role, whose)
            if group not in found:
                found.append(group)
        return found

    def post(self, role: str, unit: str, row: Assignment | None = None) -> Group:
        """Who holds the role in the unit; if nobody does, whoever is next above, up to the supervision office."""
        if row is None or row.unit.code != unit:
            return self._post(role, unit)
        return self._post(role, unit, row.handler_id, row.leader_id)

    def _post(self, role: str, unit: str, handler: int | None = None, leader: int | None = None) -> Group:
        wanted = POSTS.get(unit, {}).get(Role(role), Role(role))
        for code, candidate in _upwards(wanted, unit):
            by_name = (handler, leader) if code == unit else (None, None)
            named = self._named(candidate, code, *by_name)
            users = named or self.people(code, candidate)
            if users:
                vacant = (candidate, code) != (wanted, unit)
                return Group(
                    candidate,
                    code,
                    self._with_stand_ins(users, code),
                    instead_of=wanted if vacant else "",
                    missing_in=self._name_of(unit) if vacant else "",
                    place=self._name_of(code),
                    named=bool(named),
                )
        return Group(wanted, unit, (), place=self._name_of(unit))

    def _with_stand_ins(self, users: Iterable[User], unit: str) -> tuple[Reader, ...]:
        day = self.day
        if day is None:
            return tuple(Reader(user) for user in users)
        found = []
        for user in users:
            stand_in = self._stand_ins.for_post(user, self.staff.units[unit][0], day)
            found.append(Reader(user, stand_in=stand_in))
            if stand_in is not None:
                found.append(Reader(stand_in, on_behalf_of=user))
        return tuple(found)

    def _name_of(self, unit: str) -> str:
        return self.staff.units[unit][1]

    def _named(self, role: Role, unit: str, handler: int | None, leader: int | None) -> tuple[User, ...]:
        """The handler and the leader named at signing, as long as they are in post."""
        named = None
        if role in (Role.OFFICER, Role.SUPERVISOR):
            named = handler
        elif role in (Role.UNIT_LEADER, Role.SUPERVISION_HEAD):
            named = leader
        if named is None:
            return ()
        return tuple(self.staff.members.get(unit, {}).get(named, ()))


@cache
def _upwards(role: Role, unit: str) -> tuple[tuple[str, Role], ...]:
    """Where a role is looked for, in order: in its unit, above it, then at the supervision office and over it."""
    own: list[tuple[str, Role]] = [(unit, role)]
    if unit in POSTS:
        own += [(unit, Role.SUPERVISION_HEAD)] if unit == "supervision" else []
    elif role in UPWARDS:
        own = [(unit, candidate) for candidate in UPWARDS[UPWARDS.index(role) :]]
    return (
        *own,
        ("supervision", Role.SUPERVISOR),
        ("supervision", Role.SUPERVISION_HEAD),
        ("prefecture", Role.LEADER),
    )
