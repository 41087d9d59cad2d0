"""Who may see which assignments, and who may do what: the only door from a page to rows.

Staff see their unit's work, what they review and what they lead; a county sees its own. The
supervision office, the prefecture and inspectors see all work. An administrator keeps reference data
and an auditor reads the log: neither sees work.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q

from bureaus.access import Standing
from bureaus.models import Role
from measures.models import Assignment, FormCheck, Step
from measures.models.work import AssignmentQuerySet


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
