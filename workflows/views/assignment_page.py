"""What the page of one assignment shows: its dates and how they were computed, its history, the acts open to me."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from bureaus import calendars, clock
from bureaus.access import Standing
from bureaus.clock import local_date
from bureaus.models import Bureau, Membership, User
from bureaus.pages import standing_of
from ledger.indicators import INDICATORS
from measures.access import may, visible_assignments
from measures.explanations import how_changed, how_computed
from measures.models import Assignment, Deadline, Event, Extension, MonthlyRound, Step
from workflows import cases, from_ledger, ledger_figures, ledger_progress, queries, requests, rounds, submissions, told
from workflows.actions.findings import division_of
from workflows.audience import Reader, Roster, aim_of
from workflows.forms import FORMS, ActForm, GrantForm, MonthlyForm, OpinionForm
from workflows.ladders import rungs_for
from workflows.models import Run, Slip
from workflows.views.diagrams import diagram_width, open_steps
from workflows.views.filings import paper_of
from workflows.views.monthly import REPORTED, figures_before
from workflows.views.offers import decision_on, offers_for

# The working papers, by the kind of work they belong to.
DRAFTS: dict[str, str] = {
    Step.Kind.FILING: "save_draft",
    Step.Kind.MONTHLY: "save_return",
    Step.Kind.ROSTER: "save_roster",
}


@dataclass(frozen=True)
class NextNotice:
    """The next reminder: when, by which rung, and to whom."""

    deadline: Deadline
    at: datetime
    rung: str
    people: list[str]


def page(
    request: HttpRequest,
    row: Assignment,
    *,
    failed: tuple[str, ActForm] | None = None,
    status: int = 200,
    extension: Extension | None = None,
) -> HttpResponse:
    standing = standing_of(request)
    now = clock.now()
    run = Run.objects.get(pk=row.process_id)
    item = queries.items([row], now)[0]
    offers = offers_for(row, standing, now, failed)
    drafts = _drafts(row, standing, failed, now)
    deciding = [offer for offer in offers if offer.is_decision]
    story = submissions.story_of(row) if row.round > 1 or deciding else []
    gaps = drafts["beside_check"] if drafts and row.step.kind == Step.Kind.FILING else {}
    # A site plan's two receivers have one list of gaps, which says more: what has been put right since.
    said = {} if gaps else submissions.standing_remarks(row, story)
    for form in [offer.form for offer in offers] + ([drafts["form"]] if drafts else []):
        form.said = said
    if drafts and gaps:
        drafts["form"].missed = drafts["beside_draft"]
    running = list(
        row.deadlines.select_related("unit__calendar").prefetch_related("changes__by").order_by("kind", "round")
    )
    for deadline in running:
        deadline.assignment = row
    with calendars.one_pass():
        dates = [
            {
                "deadline": deadline,
                "how": how_computed(deadline),
                "changes": [(change, how_changed(change)) for change in deadline.changes.all()],
            }
            for deadline in running
        ]
    context: dict[str, Any] = {
        "row": row,
        "item": item,
        "deadlines": dates,
        "main": next((d for d in reversed(running) if d.kind == Deadline.Kind.MAIN), None),
        "next_notices": _next_notices(row, running, now),
        "gone": _gone(row),
        "events": _history(row),
        "attachments": row.attachments.select_related("by", "event"),
        "takes_files": any("uploads" in offer.form.fields for offer in offers),
        "offers": [offer for offer in offers if not offer.is_decision],
        "decision": decision_on(item, deciding, said, gaps, story, now),
        "drafts": drafts,
        # What is to be corrected stands before the forms it is corrected with.
        "to_correct": cases.objections(story)[:1] if row.state in Assignment.WITH_UNIT else [],
        "extensions": _extensions(row, standing, failed, extension),
        "slips": _slips(row, standing),
        "told": _told(row, standing, running),
        "division": _division(row, now),
        "rectifications": _rectifications(row, standing),
        "steps": _line(row),
        "asked": [
            (ask["label"], row.figures["asked"].get(ask["code"]), ask["kind"])
            for ask in row.step.extras.get("asks", [])
            if row.figures.get("asked")
        ],
        "evidence": _evidence(row, standing, now),
        "from_ledger": _from_ledger(row, standing),
        "once": get_random_string(12),
        "run": run,
        "diagram_width": diagram_width(run),
        "open_steps": open_steps(run),
        "step_titles": dict(row.plan.steps.values_list("code", "title")) if row.figures.get("owners") else {},
        "unit_names": dict(Bureau.objects.values_list("code", "name")) if row.figures.get("owners") else {},
    }
    return render(request, "workflows/assignment.html", context, status=status)


def _drafts(
    row: Assignment, standing: Standing, failed: tuple[str, ActForm] | None, now: datetime
) -> dict[str, Any] | None:
    """The working paper of a filing, a monthly return or a roster: editable in hand, readable otherwise.

    What was typed when the moment had passed already stays in its fields, to be copied.
    """
    name = DRAFTS.get(row.step.kind)
    if name is None:
        return None
    typed = failed is not None and failed[0] == name
    form = failed[1] if failed and typed else FORMS[name](row, auto_id=f"{name}-%s")
    editable = typed or may(standing, "attach", row)
    if editable and isinstance(form, MonthlyForm):
        # Last month is reported in the first days of this one: what it said is not known when a return is made.
        form.carry(figures_before(row.plan, row.period, [row]).get(row.unit_id, {}))
    shown = row.state in REPORTED or standing.works_in(row.unit_id)
    if isinstance(form, MonthlyForm) and shown:
        form.count(ledger_figures.beside(row, now))
    return {
        "name": name,
        "template": f"workflows/_draft_{row.step.kind}.html",
        "form": form,
        "editable": editable,
        # As on the page of the month: figures that have not been reported are read by their writers alone.
        "shown": shown,
        "filed": row.monthly_return.figures if row.step.kind == Step.Kind.MONTHLY else {},
        **(_filing(row, standing) if row.step.kind == Step.Kind.FILING else {}),
    }


def _filing(row: Assignment, standing: Standing) -> dict[str, Any]:
    """The paper as this person may read it, with what its receivers miss in it: in one list, and beside each field."""
    checks = row.filing.checks_by_unit()
    gaps = rounds.gaps(row, checks)
    beside = rounds.by_section(gaps)
    asked = {code: [gap for gap in of if gap.is_open] for code, of in beside.items()}
    return {
        "paper": paper_of(row, standing),
        "checks": checks,
        "gaps": gaps,
        "open_gaps": sum(gap.is_open for gap in gaps),
        "beside_draft": asked,
        "beside_check": {code or "gaps": of for code, of in beside.items()},
    }


def _extensions(
    row: Assignment, standing: Standing, failed: tuple[str, ActForm] | None, about: Extension | None
) -> list[dict[str, Any]]:
    decides, takes_back = may(standing, "decide_extension", row), may(standing, "withdraw_extension", row)
    found = []
    for extension in Extension.objects.filter(deadline__assignment=row).select_related(
        "asked_by", "decided_by", "deadline"
    ):
        entry: dict[str, Any] = {"extension": extension}
        if extension.state == Extension.State.ASKED:
            entry["grant"] = (
                GrantForm(row, initial={"to": extension.asked_for}, auto_id="grant-%s") if decides else None
            )
            entry["refuse"] = OpinionForm(row, auto_id="refuse-%s") if decides else None
            entry["withdraw"] = takes_back
            if decides:
                extension.deadline.assignment = row
                entry["request"] = requests.requests([extension])[0]
        if failed and extension == about and failed[0] != "withdraw_extension":
            # Also when it has been decided meanwhile: what was typed is not lost.
            entry[failed[0].removesuffix("_extension")] = failed[1]
        found.append(entry)
    return found


def _gone(row: Assignment) -> list[User]:
    """Who is named for open work and holds no post in the unit any more: somebody else must be named."""
    named = [user for user in dict.fromkeys((row.handler, row.leader)) if user is not None]
    if not named or not row.is_open:
        return []
    posts = Membership.objects.current().filter(user__in=named, bureau=row.unit)
    there = set(posts.values_list("user", flat=True))
    return [user for user in named if user.pk not in there]


def _next_notices(row: Assignment, running: list[Deadline], now: datetime) -> list[NextNotice]:
    """The next reminder of each date that runs, with the people of today whom it would reach on that day."""
    roster = Roster(local_date(now))
    found = []
    for deadline in running:
        if deadline.next_look_at is None or not deadline.next_rung:
            continue
        rung = next(rung for rung in rungs_for(deadline) if rung.key == deadline.next_rung)
        groups = roster.on(local_date(deadline.next_look_at)).groups(rung.audiences, aim_of(deadline))
        names = [_named(reader) for group in groups for reader in group.readers if not reader.is_away]
        found.append(NextNotice(deadline, deadline.next_look_at, rung.key, list(dict.fromkeys(names))))
    return sorted(found, key=lambda notice: notice.at)


def _named(reader: Reader) -> str:
    if reader.on_behalf_of is None:
        return str(reader.user)
    return _("%(name)s on behalf of %(absent)s") % {"name": reader.user, "absent": reader.on_behalf_of}


def _history(row: Assignment) -> QuerySet[Event]:
    return row.events.select_related("actor", "actor_unit").prefetch_related("attachments").order_by("-at", "-id")


def _slips(row: Assignment, standing: Standing) -> QuerySet[Slip]:
    """A lead or a reviewer sees the work of another unit, not what that unit has been sent about it."""
    return queries.visible_slips(standing).filter(assignment=row)


def _told(row: Assignment, standing: Standing, running: list[Deadline]) -> dict[str, Any] | None:
    """Who was told what about this and when, seen by the supervision office and the unit itself."""
    if not told.sees(standing, row):
        return None
    notices, following = told.page(told.about(row, running), size=told.SHOWN)
    return {"occasions": told.occasions(notices), "is_more": following is not None} if notices else None


def _division(row: Assignment, now: datetime) -> dict[str, Any] | None:
    """How the work was divided, and what this body said to it; three working days of silence are no objection."""
    if row.step.kind != Step.Kind.SHARE:
        return None
    division = division_of(row)
    if division is None or division.accepted_at is None:
        return None
    answer = row.events.filter(kind__in=[Event.Kind.CONFIRMED, Event.Kind.OBJECTED]).last()
    silent_after = calendars.days_for(row.unit).shift(local_date(division.accepted_at), 3)
    return {
        "row": division,
        "answer": answer,
        "silent": answer is None and local_date(now) > silent_after,
        "silent_after": silent_after,
    }


def _rectifications(row: Assignment, standing: Standing) -> list[Assignment]:
    if row.step.kind not in (Step.Kind.CHECK, Step.Kind.GATE) or row.measure is None:
        return []
    found = visible_assignments(standing).filter(measure=row.measure, step__kind=Step.Kind.RECTIFICATION)
    return list(found.order_by("key"))


def _from_ledger(row: Assignment, standing: Standing) -> dict[str, Any] | None:
    """What the ledger counts of this work, beside what was reported of it last."""
    found = row.figures.get(ledger_progress.KEY)
    if not found:
        return None
    reported = row.reports.order_by("-at", "-id").values_list("progress", flat=True).first()
    return found | {
        "title": _(INDICATORS[found["code"]].title) if found["code"] in INDICATORS else found["code"],
        "day": date.fromisoformat(found["as_of"]),
        "reported": reported,
        "url": from_ledger.rows_url(found["code"], standing, row.unit.code),
    }


def _evidence(row: Assignment, standing: Standing, now: datetime) -> dict[str, Any] | None:
    """What a gate is passed on: the figures and results reported with accepted work, labelled as reported, and
    beside each list what the ledger counts of it."""
    if row.step.kind != Step.Kind.GATE:
        return None
    months = visible_assignments(standing).filter(step__kind=Step.Kind.MONTHLY).values("period")
    rows = (
        Assignment.objects.filter(measure=row.measure, state__in=Assignment.DONE)
        .exclude(step__kind__in=[Step.Kind.DIVISION, Step.Kind.GATE])
        .select_related("unit", "step")
        .order_by("step__order", "unit__order")
    )
    counted = from_ledger.lists(row, now, standing)
    said = row.figures.get("unmet", {})
    return {
        "rows": rows,
        "lists": [(label, said.get(label, ""), counted.get(label)) for label in row.step.extras.get("evidence", [])],
        "month": MonthlyRound.objects.filter(assignment__plan=row.plan, assignment__period__in=months)
        .order_by("-assignment__period")
        .first(),
    }


def _line(row: Assignment) -> list[tuple[str, str]]:
    """The life of an assignment as a line of words: (word, past / now / empty)."""
    S = Assignment.State
    order = [S.ISSUED, S.IN_PROGRESS, S.UNIT_SIGNOFF, S.SUBMITTED, S.ACCEPTED, S.CLOSED]
    if row.state not in order:
        return [(row.get_state_display(), "now")]
    place = order.index(row.state)
    return [
        (str(state.label), "past" if number < place else "now" if number == place else "")
        for number, state in enumerate(order)
    ]
