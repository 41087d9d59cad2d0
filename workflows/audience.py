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
        for post in Membership.objects.current().select_related("user", "bureau").order_by("id"):
            self._people[post.bureau.code, post.role].append(post.user)

    def people(self, unit: str, role: str) -> tuple[User, ...]:
        return tuple(self._people.get((unit, role), ()))

    def groups(self, names: Iterable[str], deadline: Deadline) -> list[Group]:
        """The people of some audiences of a deadline, each group once. "Own" is the unit that must act."""
        row = deadline.assignment
        found: list[Group] = []
        for name in names:
            role, whose = AUDIENCES[name]
            if whose == "own":
                group = self.post(role, deadline.unit.code, row)
            elif whose == "lead":
                group = self.post(role, row.lead.code if row.lead else "supervision")
            else:
                group = self.post(role, whose)
            if group not in found:
                found.append(group)
        return found

    def post(self, role: str, unit: str, row: Assignment | None = None) -> Group:
        """Who holds the role in the unit; if nobody does, whoever is next above, up to the supervision office."""
        wanted = POSTS.get(unit, {}).get(Role(role), Role(role))
        for code, candidate in self._upwards(wanted, unit):
            users = self._named(candidate, code, row) or self.people(code, candidate)
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

    def _named(self, role: Role, unit: str, row: Assignment | None) -> tuple[User, ...]:
        """The handler and the leader named at signing, as long as they are in post."""
        if row is None or unit != row.unit.code:
            return ()
        if role in (Role.OFFICER, Role.SUPERVISOR) and row.handler and self._in_post(row.handler, unit):
            return (row.handler,)
        if role in (Role.UNIT_LEADER, Role.SUPERVISION_HEAD) and row.leader and self._in_post(row.leader, unit):
            return (row.leader,)
        return ()

    def _in_post(self, user: User, unit: str) -> bool:
        return any(user in people for (code, _role), people in self._people.items() if code == unit)
