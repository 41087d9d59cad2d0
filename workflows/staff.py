"""Everybody in post, as the tables say at one moment; remembered for the passes as long as they say the same.

A pass asks for a thousand people once a minute, and nearly always they are those of the minute before.
So their rows are read and compared, and only if one differs is everything that follows from them worked
out anew: nothing has to be told that somebody came, left or was given another name.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection

from bureaus.models import Bureau, Membership, User

# What is read of a person, in the order of the model; the rest is looked up where it is asked for.
FIELDS = ("id", "username", "email", "is_active", "name", "phone")

Rows = tuple[list[Any], list[Any]]


class Staff:
    """Who holds which post where: `people` by (code of the unit, role), `members` by code, `units` by code.

    Of a unit: its key and its short name, also if nobody is in post there. `said` keeps what was worked
    out from these people and nothing else.
    """

    def __init__(self, rows: Rows) -> None:
        posts, units = rows
        self.rows = rows
        self.units: dict[str, tuple[int, str]] = {code: (pk, name) for code, pk, name in units}
        self.people: dict[tuple[str, str], list[User]] = defaultdict(list)
        self.members: dict[str, dict[int, tuple[User]]] = defaultdict(dict)
        self.said: dict[Any, Any] = {}
        users: dict[int, User] = {}
        for code, role, *values in posts:
            user = users.get(values[0])
            if user is None:
                user = users[values[0]] = User.from_db(connection.alias, FIELDS, values)
            self.people[code, role].append(user)
            self.members[code][user.pk] = (user,)


def read() -> Staff:
    return Staff(_rows())


_last: Staff | None = None


def remembered() -> Staff:
    """As read now. The same object as the last time if nothing differs: for readers who change nobody."""
    global _last
    rows, known = _rows(), _last
    if known is not None and known.rows == rows:
        return known
    _last = found = Staff(rows)
    return found


def _rows() -> Rows:
    of_person = [f"user__{name}" for name in FIELDS]
    posts = Membership.objects.current().order_by("id").values_list("bureau__code", "role", *of_person)
    return list(posts), list(Bureau.objects.order_by("id").values_list("code", "id", "short_name"))
