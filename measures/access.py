"""Who may see which assignments, and who may do what: the only door from a page to rows.

Staff see their unit's work, what they review and what they lead; a county sees its own. The
supervision office, the prefecture and inspectors see all work. An administrator keeps reference data
and an auditor reads the log: neither sees work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Exists, OuterRef, Q

from bureaus.absences import StandIns
from bureaus.models import Absence, Bureau, Membership, Role, User
from measures.models import Assignment, FormCheck, Step
from measures.models.work import AssignmentQuerySet

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


def visible_assignments(standing: Standing) -> AssignmentQuerySet:
    """Work this person may see; everything else is a 404."""
    rows = Assignment.objects.select_related("unit", "step", "measure", "lead", "acceptor", "site", "handler", "leader")
    if standing.sees_all:
        return rows
    ids = standing.unit_ids
    # Asked apart and not joined: with two more tables PostgreSQL would think longer about the order than it reads.
    receives = Exists(FormCheck.objects.filter(filing__assignment=OuterRef("pk"), unit__in=ids))
    return rows.filter(Q(unit__in=ids) | Q(acceptor__in=ids) | Q(lead__in=ids) | receives)


Test = Callable[[Standing, Assignment], bool]


def _of_unit(standing: Standing, row: Assignment) -> bool:
    return standing.works_in(row.unit_id)


def _leads_unit(standing: Standing, row: Assignment) -> bool:
    return standing.leads_in(row.unit_id)


def _reviews(standing: Standing, row: Assignment) -> bool:
    return row.acceptor_id != row.unit_id and standing.judges(row.acceptor_id, row.unit_id)


def _supervises(standing: Standing, row: Assignment) -> bool:
    return standing.supervises


def _decides_extension(standing: Standing, row: Assignment) -> bool:
    """The supervision office decides; its own dates are the prefecture's to move."""
    if row.unit.code == "supervision":
        return any(post.role == Role.LEADER and standing.judges(post.bureau_id, row.unit_id) for post in standing.posts)
    return standing.supervises


def _urges(standing: Standing, row: Assignment) -> bool:
    return standing.supervises or standing.inspects or standing.works_in(row.lead_id) or _reviews(standing, row)


def _finds(standing: Standing, row: Assignment) -> bool:
    return standing.supervises or _of_unit(standing, row)


def _receives(standing: Standing, row: Assignment) -> bool:
    return any(check.is_open and standing.works_in(check.unit_id) for check in row.filing.checks.all())


State = Assignment.State
OPEN_WITH_UNIT = (State.ISSUED, State.IN_PROGRESS, State.UNIT_SIGNOFF)

# act → (states in which it makes sense, who may). One table: pages offer what it allows, actions ask it again.
ACTS: dict[str, tuple[tuple[str, ...], Test]] = {
    "sign": ((State.ISSUED,), _of_unit),
    "refuse": ((State.ISSUED,), _of_unit),
    "reissue": ((State.REFUSED,), _supervises),
    "reassign": ((State.REFUSED,), _supervises),
    "name_people": ((State.IN_PROGRESS, State.UNIT_SIGNOFF), _of_unit),
    "pass_on": ((State.IN_PROGRESS,), _of_unit),
    "report": ((State.IN_PROGRESS,), _of_unit),
    "attach": ((State.IN_PROGRESS,), _of_unit),
    "ask_extension": (OPEN_WITH_UNIT, _of_unit),
    "note_reasons": (OPEN_WITH_UNIT, _of_unit),
    "withdraw_extension": (OPEN_WITH_UNIT, _of_unit),
    "decide_extension": (OPEN_WITH_UNIT, _decides_extension),
    "shorten": (OPEN_WITH_UNIT, _decides_extension),
    "send_up": ((State.IN_PROGRESS,), _of_unit),
    "hand_back": ((State.UNIT_SIGNOFF,), _leads_unit),
    "sign_off": ((State.UNIT_SIGNOFF,), _leads_unit),
    "withdraw": ((State.SUBMITTED,), _of_unit),
    "accept": ((State.SUBMITTED,), _reviews),
    "send_back": ((State.SUBMITTED,), _reviews),
    "check_form": ((State.SUBMITTED,), _receives),
    "reconsider": ((State.ACCEPTED, State.IN_PROGRESS, State.UNIT_SIGNOFF), _reviews),
    "close": ((State.ACCEPTED,), _supervises),
    "suspend": ((*OPEN_WITH_UNIT, State.REFUSED, State.SUBMITTED), _supervises),
    "resume": ((State.SUSPENDED,), _supervises),
    "cancel": (Assignment.OPEN, _supervises),
    "urge": (OPEN_WITH_UNIT, _urges),
    "confirm_division": (OPEN_WITH_UNIT, _of_unit),
    "record_rule": ((State.IN_PROGRESS,), _of_unit),
    "record_finding": ((State.IN_PROGRESS, State.UNIT_SIGNOFF), _finds),
}


def may(standing: Standing, act: str, row: Assignment) -> bool:
    """Whether this person may do this to this row now, as far as post and state tell."""
    states, test = ACTS[act]
    return row.state in states and fits(act, row) and test(standing, row)


def fits(act: str, row: Assignment) -> bool:
    """Whether the act belongs to this kind of work at all."""
    kind = row.step.kind
    if act in ("accept", "send_back", "reconsider"):
        return kind != Step.Kind.FILING
    if act == "check_form":
        return kind == Step.Kind.FILING
    if act == "confirm_division":
        return kind == Step.Kind.SHARE
    if act == "record_rule":
        return kind == Step.Kind.WATCH
    if act == "record_finding":
        return kind == Step.Kind.CHECK
    if act == "refuse":
        return not row.was_refused
    return True
