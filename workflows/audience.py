"""Whom a rung tells: audience → role → people of a unit. A missing person is passed over upwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bureaus.models import Membership, Role, User
from measures.models import Assignment, Deadline

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
class Group:
    """Some people of one unit in one role; `instead_of` is the role nobody holds there."""

    role: str
    unit: str
    users: tuple[User, ...]
    instead_of: str = ""


class Roster:
    """Everybody in post, read once for a pass or an act."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str], list[User]] = defaultdict(list)
        self._members: dict[str, dict[int, tuple[User]]] = defaultdict(dict)
        for post in Membership.objects.current().select_related("user", "bureau").order_by("id"):
            self._people[post.bureau.code, post.role].append(post.user)
            self._members[post.bureau.code][post.user_id] = (post.user,)

    def people(self, unit: str, role: str) -> tuple[User, ...]:
        return tuple(self._people.get((unit, role), ()))

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
        for code, candidate in self._upwards(wanted, unit):
            named = (handler, leader) if code == unit else (None, None)
            users = self._named(candidate, code, *named) or self.people(code, candidate)
            if users:
                return Group(candidate, code, users, "" if candidate == wanted and code == unit else wanted)
        return Group(wanted, unit, ())

    def _upwards(self, role: Role, unit: str) -> list[tuple[str, Role]]:
        own = [(unit, role)]
        if unit in POSTS:
            own += [(unit, Role.SUPERVISION_HEAD)] if unit == "supervision" else []
        elif role in UPWARDS:
            own = [(unit, candidate) for candidate in UPWARDS[UPWARDS.index(role) :]]
        return [
            *own,
            ("supervision", Role.SUPERVISOR),
            ("supervision", Role.SUPERVISION_HEAD),
            ("prefecture", Role.LEADER),
        ]

    def _named(self, role: Role, unit: str, handler: int | None, leader: int | None) -> tuple[User, ...]:
        """The handler and the leader named at signing, as long as they are in post."""
        named = None
        if role in (Role.OFFICER, Role.SUPERVISOR):
            named = handler
        elif role in (Role.UNIT_LEADER, Role.SUPERVISION_HEAD):
            named = leader
        if named is None:
            return ()
        return tuple(self._members.get(unit, {}).get(named, ()))
