"""What posts a person holds, as questions, and how it is said that something is not theirs to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from bureaus.absences import StandIns
from bureaus.models import Absence, Bureau, Membership, Role, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

UNIT_ROLES = frozenset({Role.OFFICER, Role.CLERK, Role.SECTION_HEAD, Role.UNIT_LEADER, Role.CHIEF})
SUPERVISION_ROLES = frozenset({Role.SUPERVISOR, Role.SUPERVISION_HEAD})
WORKING_ROLES = UNIT_ROLES | SUPERVISION_ROLES | {Role.LEADER}
LEADING_ROLES = frozenset({Role.UNIT_LEADER, Role.CHIEF, Role.SUPERVISION_HEAD, Role.LEADER})
SEES_ALL = SUPERVISION_ROLES | {Role.LEADER, Role.INSPECTOR}


@dataclass(frozen=True)
class Standing:
    """The posts a person holds now, and those lent by people who are away `today`, as questions.

    Without a day nobody is away. `held` says which posts count, where not all of them do.
    """

    user: User
    today: date | None = None
    held: tuple[Membership, ...] | None = None

    @cached_property
    def own_posts(self) -> tuple[Membership, ...]:
        if self.held is not None:
            return self.held
        return tuple(Membership.objects.current().filter(user=self.user).select_related("bureau"))

    @cached_property
    def lent(self) -> tuple[Membership, ...]:
        """Posts of absent people in which this person stands in today; `post.user` is the absent one."""
        if self.today is None:
            return ()
        return tuple(StandIns(Absence.objects.on(self.today)).lent_to(self.user, self.today))

    @cached_property
    def posts(self) -> tuple[Membership, ...]:
        return (*self.own_posts, *self.lent)

    def on_behalf_of(self, test: Callable[[Standing], bool]) -> User | None:
        """The absent person without whose post this would not be allowed; None when the own posts suffice."""
        if not self.lent or test(Standing(self.user, held=self.own_posts)):
            return None
        absent = {post.user_id: post.user for post in self.lent}
        for pk, person in absent.items():
            lent = (post for post in self.lent if post.user_id == pk)
            if test(Standing(self.user, held=(*self.own_posts, *lent))):
                return person
        return None

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(post.role for post in self.posts)

    @cached_property
    def units(self) -> tuple[Bureau, ...]:
        """Units this person works in (not those only inspected or administered)."""
        return tuple({post.bureau_id: post.bureau for post in self.posts if post.role in WORKING_ROLES}.values())

    @cached_property
    def unit_ids(self) -> frozenset[int]:
        return frozenset(unit.pk for unit in self.units)

    @cached_property
    def lent_unit_ids(self) -> frozenset[int]:
        """Of these, the units in which they hold no post of their own to work by."""
        return self.unit_ids - Standing(self.user, held=self.own_posts).unit_ids

    def works_in(self, unit_id: int | None) -> bool:
        return unit_id in self.unit_ids

    def leads_in(self, unit_id: int | None) -> bool:
        return any(post.bureau_id == unit_id and post.role in LEADING_ROLES for post in self.posts)

    def judges(self, unit_id: int, judged_id: int) -> bool:
        """Whether they speak for a unit about the work of another; never by a lent post about their own unit's."""
        if any(post.bureau_id == unit_id and post.role in WORKING_ROLES for post in self.own_posts):
            return True
        return self.works_in(unit_id) and not any(post.bureau_id == judged_id for post in self.own_posts)

    @property
    def supervises(self) -> bool:
        return bool(self.roles & SUPERVISION_ROLES)

    @property
    def inspects(self) -> bool:
        return Role.INSPECTOR in self.roles

    @property
    def sees_all(self) -> bool:
        return bool(self.roles & SEES_ALL)

    @property
    def audits(self) -> bool:
        return Role.AUDITOR in self.roles

    @property
    def administers(self) -> bool:
        return Role.ADMINISTRATOR in self.roles

    @property
    def sees_health(self) -> bool:
        """How the system itself is: those who keep it, who audit it, and who answers for supervision."""
        return self.administers or self.audits or Role.SUPERVISION_HEAD in self.roles

    @property
    def mends_the_engine(self) -> bool:
        """Have what failed tried again. An auditor only reads."""
        return self.administers or Role.SUPERVISION_HEAD in self.roles


class OutOfOrder(Exception):
    """The server lacks what this needs, whoever asks. The message is for its log; `told` is for the person."""

    told: StrPromise


class WrongMoment(Exception):
    """What it is about has moved on meanwhile, or is not so far yet. The message is a plain sentence."""


class NotYours(Exception):
    """This person may not do this here."""
