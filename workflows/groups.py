"""What the groups of offices are told: once a working day, how many items are due there, and their neutral numbers.

No title, no person, nobody mentioned by name: a group has readers whom no membership of ours knows.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from bureaus import calendars
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.models import Deadline, DeadlineChange
from notifications import groups, overview, window
from notifications.models import GroupPost
from workflows import tick
from workflows.models import Firing
from workflows.notices import folding_time, numbered

logger = logging.getLogger(__name__)

LOOKS_BACK = timedelta(days=14)  # longer than any holiday: what fired since then and was not said, is said
NAMED = 10  # numbers in a line of a post
COUNTED = 10_000  # rows read for all groups together
SECONDS = 30.0  # for one pass; who waits longer is the next pass's, so that people's notices do not wait for robots


def tell(now: datetime) -> None:
    """Post what is due to every group in which it is time. Safe to run twice, and by two processes at once."""
    groups.tidy(now)
    if not settings.GROUP_ROBOTS:
        return
    robots = groups.robots().robots
    for place, why in wrong().items():
        logger.warning("group robot number %s cannot be used: %s", place, why)
    units = named(robots)
    for code in robots.keys() - units.keys():
        logger.warning("a group robot is set for %s, and no unit has that code", code)
    day = local_date(now)
    with calendars.one_pass():
        open_now = [code for code, unit in units.items() if _is_time(unit, now)]
    waiting = set(open_now) - groups.settled(open_now, day, now) if open_now else set()
    if not waiting or tick.is_behind(now):
        return  # nothing is said before everything has been decided
    said = {code: body(rows, day) for code, rows in due_in([units[code] for code in waiting], now).items()}
    groups.nothing_left(waiting - said.keys(), day, now)
    until = monotonic() + SECONDS
    for code in sorted(said):
        if monotonic() > until:
            logger.warning("the robots are slow: the other groups are told by the next pass")
            return
        groups.post(code, day, said[code], robot=robots[code], now=now)


def _is_time(unit: Bureau, now: datetime) -> bool:
    """At eleven or later, inside the send window of a working day of the unit."""
    return window.of_unit(unit).opening(max(now, folding_time(now))) <= now


@dataclass(frozen=True)
class Office:
    """A group that has a robot. `unit` is None where no unit has the code; `robot` is wecom or dingtalk."""

    code: str
    unit: Bureau | None
    robot: str
    way: str
    last: GroupPost | None


def offices() -> list[Office]:
    """For the page of those who keep this system, in the order of the units; unknown codes last."""
    robots = groups.robots().robots
    units = named(robots)
    last = overview.last_posts(robots)
    return [
        Office(code, units.get(code), robots[code].name, groups.way_of(code, robots[code]), last.get(code))
        for code in [*units, *sorted(robots.keys() - units.keys())]
    ]


def named(codes: Iterable[str]) -> dict[str, Bureau]:
    """The units of these codes, as far as there are any."""
    return {unit.code: unit for unit in Bureau.objects.filter(code__in=list(codes))}


def wrong() -> dict[int, str]:
    """What is wrong with entries of the setting, by their place."""
    return groups.robots().wrong


Due = tuple[int, date]  # number of an item, and when it is due


def due_in(units: Collection[Bureau], now: datetime) -> dict[str, list[Due]]:
    """What fired in these units and their groups have not been told, each item once with its earliest date.

    Of dates that still run, and did not move since.
    """
    since = now - LOOKS_BACK
    told = groups.said_until([unit.code for unit in units], since)
    if len(told) == len(units):
        since = min(told.values())
    moved = DeadlineChange.objects.filter(deadline=OuterRef("deadline"), rev__gt=OuterRef("rev"))
    fired = Firing.objects.filter(
        ~Exists(moved.exclude(kind=DeadlineChange.Kind.LADDER)),
        deadline=OuterRef("pk"),
        outcome=Firing.Outcome.FIRED,
        fired_at__gt=since,
        fired_at__lte=now,
    )
    last = Subquery(fired.order_by("-fired_at").values("fired_at")[:1])
    rows = Deadline.objects.armed().filter(unit__in=units).annotate(fired_at=last).filter(fired_at__isnull=False)
    read = rows.order_by("due_on", "id").values_list("unit__code", "assignment_id", "due_on", "fired_at")[:COUNTED]
    if len(read) == COUNTED:
        logger.warning("more than %s dates are due: the groups are told of the earliest alone", COUNTED)
    found: dict[str, dict[int, date]] = defaultdict(dict)
    for code, item, due_on, fired_at in read:
        if code not in told or fired_at > told[code]:
            found[code].setdefault(item, due_on)
    return {code: list(items.items()) for code, items in found.items()}


def body(rows: Collection[Due], today: date) -> str:
    """What the group reads."""
    with override(settings.LANGUAGE_CODE):
        lines = [_("Supervision reminder, %(month)d-%(day)d") % {"month": today.month, "day": today.day}]
        for text, items in (
            (_("Overdue: %(count)d (%(numbers)s)"), [item for item, due_on in rows if due_on < today]),
            (_("Due today: %(count)d (%(numbers)s)"), [item for item, due_on in rows if due_on == today]),
            (_("Coming due: %(count)d (%(numbers)s)"), [item for item, due_on in rows if due_on > today]),
        ):
            if items:
                lines.append(text % {"count": len(items), "numbers": _numbers(items)})
        lines.append(_("Sign in to see them: %(url)s") % {"url": settings.SITE_URL})
    return "\n".join(lines)


def _numbers(items: list[int]) -> str:
    numbers = pgettext("between the members of a list", ", ").join(numbered(item) for item in items[:NAMED])
    return numbers if len(items) <= NAMED else _("%(numbers)s and others") % {"numbers": numbers}
