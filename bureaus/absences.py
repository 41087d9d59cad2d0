"""Who is away, who stands in on which day, and how an absence is recorded and taken back.

A deputy who is away too is followed to their own deputy, three steps at the most. A circle, or a way
that ends with nobody in post, leads to the head of the unit. If nobody of the unit is there at all,
nobody stands in: the absent person is told as on any other day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bureaus.clock import local_date
from bureaus.models import Absence, Bureau, Membership, Role, User

DEPTH = 3
# Given to a person, and not lent by an absence: the keys of the house, the log, the inspection.
NEVER_LENT = (Role.ADMINISTRATOR, Role.AUDITOR, Role.INSPECTOR)
# Who heads a unit, the highest first.
HEADS = (Role.CHIEF, Role.SUPERVISION_HEAD, Role.LEADER, Role.UNIT_LEADER)


class StandIns:
    """Some absences, and who stands in for whom: two queries, one if nobody is away."""

    def __init__(self, absences: QuerySet[Absence]) -> None:
        self._absences: dict[int, list[Absence]] = defaultdict(list)  # by person, the latest recorded first
        for row in absences.select_related("user", "deputy").order_by("-id"):
            self._absences[row.user_id].append(row)
        self._posts: dict[int, list[Membership]] = defaultdict(list)  # by person
        self._heads: dict[int, list[Membership]] = defaultdict(list)  # by unit
        if self._absences:
            self._read_posts()

    def __bool__(self) -> bool:
        return bool(self._absences)

    def _read_posts(self) -> None:
        rows = [row for of_one in self._absences.values() for row in of_one]
        people = {person for row in rows for person in (row.user_id, row.deputy_id)}
        lent = Membership.objects.current().exclude(role__in=NEVER_LENT)
        units = lent.filter(user__in=people).values("bureau")
        wanted = Q(user__in=people) | Q(bureau__in=units, role__in=HEADS)
        for post in lent.filter(wanted).select_related("user", "bureau").order_by("id"):
            self._posts[post.user_id].append(post)
            if post.role in HEADS:
                self._heads[post.bureau_id].append(post)

    def away(self, user_id: int, day: date) -> Absence | None:
        """The absence that covers the day; of two, the one recorded later."""
        return next((row for row in self._absences.get(user_id, ()) if covers(row, day)), None)

    def for_post(self, user: User, unit_id: int, day: date) -> User | None:
        """Who is told and acts for an absent person in a unit; None when they are there, or nobody can."""
        absence = self.away(user.pk, day)
        if absence is None:
            return None
        seen = {user.pk}
        for _step in range(DEPTH):
            deputy = absence.deputy
            if deputy.pk in seen:
                break
            seen.add(deputy.pk)
            further = self.away(deputy.pk, day)
            if further is None:
                if self._posts.get(deputy.pk):
                    return deputy
                break
            absence = further
        return self._head(user, unit_id, day)

    def _head(self, user: User, unit_id: int, day: date) -> User | None:
        there = [
            post
            for post in self._heads.get(unit_id, ())
            if post.user_id != user.pk and not self.away(post.user_id, day)
        ]
        return min(there, key=lambda post: HEADS.index(Role(post.role))).user if there else None

    def lent_to(self, user: User, day: date) -> list[Membership]:
        """The posts of absent people in which this person stands in on the day; `post.user` is the absent one."""
        if self.away(user.pk, day):
            return []
        absent = [pk for pk in sorted(self._absences) if pk != user.pk and self.away(pk, day)]
        posts = [post for pk in absent for post in self._posts.get(pk, ())]
        return [post for post in posts if self.for_post(post.user, post.bureau_id, day) == user]


def covers(absence: Absence, day: date) -> bool:
    return absence.first_day <= day <= absence.last_day


# --- Who may be a deputy, and for whom one may record ----------------------------------------------


def posts_of(user: User) -> list[Membership]:
    """The posts held now that an absence can lend."""
    return list(Membership.objects.current().filter(user=user).exclude(role__in=NEVER_LENT).select_related("bureau"))


def deputies_for(user: User) -> QuerySet[User]:
    """Whom this person may name: people of the same unit, and for those who lead, of the level above or below."""
    posts = posts_of(user)
    wanted = Q(bureau__in=[post.bureau_id for post in posts])
    if any(post.role in HEADS for post in posts):
        wanted |= Q(role=Role.LEADER)
    if any(post.role == Role.LEADER for post in posts):
        wanted |= Q(role=Role.SUPERVISION_HEAD) | Q(role=Role.CHIEF, bureau__level=Bureau.Level.PREFECTURE)
    found = Membership.objects.current().exclude(role__in=NEVER_LENT).filter(wanted)
    return User.objects.filter(pk__in=found.values("user")).exclude(pk=user.pk).order_by("id")


def people_of(user: User) -> QuerySet[User]:
    """Whose absence this person may record besides the own: those of the units they head, none above them."""
    wanted = Q(pk__in=[])
    for post in posts_of(user):
        if post.role in HEADS:
            above = HEADS[: HEADS.index(Role(post.role))]
            higher = Membership.objects.current().filter(bureau=post.bureau, role__in=above).values("user")
            wanted |= Q(bureau=post.bureau) & ~Q(user__in=higher)
    found = Membership.objects.current().exclude(role__in=NEVER_LENT).filter(wanted)
    return User.objects.filter(pk__in=found.values("user")).exclude(pk=user.pk).order_by("id")


# --- Recording ------------------------------------------------------------------------------------


def check(user: User, deputy: User, first_day: date, last_day: date, *, today: date) -> None:
    """Raises ValidationError, by field, when such an absence cannot be."""
    if first_day < today:
        raise ValidationError({"first_day": _("Choose a first day from today on.")})
    if last_day < first_day:
        raise ValidationError({"last_day": _("The last day lies before the first.")})
    if not deputies_for(user).filter(pk=deputy.pk).exists():
        sentence = _("Choose somebody who holds a post in the unit of %(name)s.")
        raise ValidationError({"deputy": sentence % {"name": user}})
    others = Absence.objects.filter(user=user, withdrawn_at__isnull=True)
    other = others.filter(first_day__lte=last_day, last_day__gte=first_day).first()
    if other is not None:
        words = {"name": user, "first": other.first_day, "last": other.last_day}
        sentence = _("%(name)s is away from %(first)s to %(last)s already; take that back first.")
        raise ValidationError({"first_day": sentence % words})


@transaction.atomic
def record(
    user: User, *, deputy: User, first_day: date, last_day: date, note: str = "", by: User, now: datetime
) -> Absence:
    """Write an absence down. Two at once for one person wait for each other, so that none overlap."""
    list(User.objects.select_for_update(no_key=True).filter(pk=user.pk))
    check(user, deputy, first_day, last_day, today=local_date(now))
    return Absence.objects.create(
        user=user,
        deputy=deputy,
        first_day=first_day,
        last_day=last_day,
        note=note,
        recorded_by=by,
        recorded_at=now,
    )


def withdraw(absences: Iterable[Absence], *, now: datetime) -> int:
    """Take back what is not over yet: from this moment on it counts for no day any more. The rows stay."""
    running = Absence.objects.filter(withdrawn_at__isnull=True, last_day__gte=local_date(now))
    return running.filter(pk__in=[row.pk for row in absences]).update(withdrawn_at=now)
