"""Who in a unit has how much in hand: for the unit's own leader alone, who can share the work out anew.

Counts of work, by name and in the order of names: nobody is scored, ranked or called late. A date that has
passed is the task's, and the unit answers for it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef

from bureaus.access import LEADING_ROLES, WORKING_ROLES, Standing
from bureaus.clock import local_date
from bureaus.models import Bureau, Membership, User
from measures.models import Assignment, Deadline

State = Assignment.State
IN_HAND = (State.ISSUED, State.IN_PROGRESS)


@dataclass
class Hand:
    """One person's part of a unit's open work; without a person, what names no handler yet."""

    person: User | None
    is_here: bool = True
    in_hand: int = 0
    this_week: int = 0  # of these, with a date from today to Sunday
    past: int = 0  # of these, with a date that has passed
    waiting: int = 0  # handed on: with the unit's leader, a reviewer, the supervision office


@dataclass(frozen=True)
class Unit:
    bureau: Bureau
    hands: list[Hand]


def units(standing: Standing, now: datetime) -> list[Unit]:
    """The units this person leads by a post of their own, each with its people; nothing for anybody else."""
    led = {post.bureau_id: post.bureau for post in standing.own_posts if post.role in LEADING_ROLES}
    if not led:
        return []
    hands: dict[tuple[int, int | None], Hand] = {}
    posts = Membership.objects.current().filter(bureau__in=led, role__in=WORKING_ROLES).select_related("user")
    for post in posts:
        hands[post.bureau_id, post.user_id] = Hand(post.user)
    today = local_date(now)
    sunday = today + timedelta(days=6 - today.weekday())
    mains = Deadline.objects.main().armed().filter(assignment=OuterRef("pk"))
    alike = (
        Assignment.objects.filter(unit__in=led, state__in=Assignment.OPEN)
        .order_by()
        .annotate(past=Exists(mains.overdue(now)), soon=Exists(mains.filter(due_at__gt=now, due_on__lte=sunday)))
        .values_list("unit", "handler", "state", "past", "soon")
    )
    counted = list(alike.annotate(Count("pk")))
    gone = User.objects.in_bulk(
        {handler for unit, handler, *_rest in counted if handler and (unit, handler) not in hands}
    )
    for unit, handler, state, past, soon, count in counted:
        hand = hands.setdefault((unit, handler), Hand(gone.get(handler), is_here=handler is None))
        if state not in IN_HAND:
            hand.waiting += count
            continue
        hand.in_hand += count
        hand.past += count if past else 0
        hand.this_week += count if soon else 0
    by_unit: dict[int, list[Hand]] = defaultdict(list)
    for (pk, _handler), hand in hands.items():
        by_unit[pk].append(hand)
    return [
        Unit(bureau, sorted(by_unit[bureau.pk], key=lambda hand: (hand.person is None, str(hand.person))))
        for bureau in sorted(led.values(), key=lambda bureau: bureau.order)
    ]
