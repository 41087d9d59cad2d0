"""My desk: what the person's unit has to do, the most urgent first; and signing for several tasks at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import NotYours, Standing, WrongMoment
from bureaus.models import Bureau
from bureaus.pages import number, only, person, sent_from, standing_of
from measures.access import visible_assignments
from measures.models import Assignment, Event
from workflows import actions, desks, load, queries
from workflows.forms import PeopleForm
from workflows.queries import Item

AT_ONCE = 100  # tasks signed for by one form
NAMED = 10  # tasks a sentence names
WAITERS = 10  # units shown as waiting


def section_titles() -> dict[str, str]:
    return {
        "overdue": _("Overdue"),
        "returned": _("Returned, to be corrected"),
        "to_sign_off": _("Waiting for your sign-off"),
        "to_sign": _("To sign for"),
        "due_soon": _("Due soon, or behind schedule"),
        "in_hand": _("In hand"),
        "waiting": _("Waiting on others"),
    }


def waits() -> list[tuple[str, str]]:
    return [
        ("submitted", _("Submitted work")),
        ("checks", _("Form checks")),
        ("extensions", _("Extensions asked for")),
        ("refused", _("Refused by units")),
        ("answers", _("Answers to slips")),
    ]


@dataclass(frozen=True)
class Signing:
    """Tasks of one unit to be signed for, with the form that names who handles and who answers for them."""

    unit: Bureau
    items: list[Item]
    form: PeopleForm


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    if not standing.units:
        if standing.inspects:
            return redirect("board")
        if standing.audits:
            return redirect("log")
        if standing.administers:
            return redirect("admin:index")
    return _page(request, standing)


def _page(request: HttpRequest, standing: Standing, failed: PeopleForm | None = None) -> HttpResponse:
    now = clock.now()
    sections = desks.desk(standing, now)
    review_count = queries.review_count(standing)
    to_sign = next((section.items for section in sections if section.code == "to_sign"), [])
    return render(
        request,
        "workflows/desk.html",
        {
            "sections": sections,
            "titles": section_titles(),
            "counts": {section.code: section.count for section in sections},
            "signing": _signing(standing, to_sign, failed),
            "chosen": _chosen(request),
            "review_count": review_count,
            "waiters": queries.who_waits(standing)[:WAITERS] if review_count else [],
            "waits": waits(),
            "slips": queries.open_slips().filter(unit__in=standing.unit_ids, state="issued"),
            "one_unit": len(standing.units) == 1,
            "works": bool(standing.units),
            "hands": load.units(standing, now),
            "stands_in_for": {post.user_id: post.user for post in standing.lent}.values(),
            "now": now,
        },
        status=422 if failed else 200,
    )


@require_GET
def section(request: HttpRequest, code: str) -> HttpResponse:
    """All of one section, page by page: for desks too long to be shown whole."""
    standing = standing_of(request)
    only(code in desks.SECTIONS and bool(standing.units))
    now = clock.now()
    rows, following = desks.page(standing, code, now, after=number(request.GET.get("after", "")))
    return render(
        request,
        "workflows/desk_section.html",
        {
            "title": section_titles()[code],
            "items": rows,
            "signing": _signing(standing, rows) if code == "to_sign" else [],
            "following": following,
            "is_first": "after" not in request.GET,
            "one_unit": len(standing.units) == 1,
            "now": now,
        },
    )


# --- Signing for several at once -----------------------------------------------------------------


@sent_from("desk")
def sign_many(request: HttpRequest) -> HttpResponse:
    """批量签收: the chosen tasks of one unit, each an act and a transaction of its own, under the same two names."""
    standing = standing_of(request)
    only(bool(standing.units))
    chosen = _chosen(request)
    if not chosen:
        messages.warning(request, _("No task was chosen, so nothing has been signed for."))
        return _back(request)
    rows = list(visible_assignments(standing).filter(pk__in=chosen).order_by("pk"))
    # All or none: a row that is not theirs to sign for does not exist for them, and neither do two units at once.
    only(len(rows) == len(chosen) and len({row.unit_id for row in rows}) == 1 and standing.works_in(rows[0].unit_id))
    form = PeopleForm(rows[0], request.POST, auto_id=_auto_id(rows[0].unit))
    if not form.is_valid():
        messages.error(request, _("Nothing has been signed for: please name the handler and the leader once more."))
        return _page(request, standing, failed=form)
    signed, left = 0, []
    for row in rows[:AT_ONCE]:
        try:
            actions.sign(row, by=person(request), now=clock.now(), **form.values())
            signed += 1
        except (WrongMoment, NotYours):
            left.append(_what_became_of(row))
        except ValidationError as error:
            left.append(_("%(task)s (%(reason)s)") % {"task": row.title, "reason": " ".join(error.messages)})
    _say(request, signed, left, len(rows[AT_ONCE:]))
    return _back(request)


def _say(request: HttpRequest, signed: int, left: list[str], too_many: int) -> None:
    if signed:
        sentence = ngettext("%(n)s task has been signed for.", "%(n)s tasks have been signed for.", signed)
        messages.success(request, sentence % {"n": signed})
    if left:
        more = _(" and %(n)s more") % {"n": len(left) - NAMED} if len(left) > NAMED else ""
        named = _("; ").join(left[:NAMED]) + more
        messages.warning(request, _("Not signed for: %(tasks)s.") % {"tasks": named})
    if too_many:
        sentence = _("Up to %(most)s tasks are signed for at once; %(n)s of those chosen are still here.")
        messages.warning(request, sentence % {"most": AT_ONCE, "n": too_many})


def _what_became_of(row: Assignment) -> str:
    """Why it could not be signed for: somebody was quicker, or it has gone another way."""
    event = row.events.filter(kind=Event.Kind.SIGNED).select_related("actor").last()
    if event is not None:
        words = {"task": row.title, "name": event.actor}
        return _("%(task)s (signed for already by %(name)s)") % words
    row.refresh_from_db(fields=["state"])
    return _("%(task)s (now: %(state)s)") % {"task": row.title, "state": row.get_state_display()}


def _back(request: HttpRequest) -> HttpResponse:
    if request.POST.get("back") == "section":
        return redirect("desk-section", code="to_sign")
    return redirect("desk")


def _chosen(request: HttpRequest) -> set[int]:
    return {number(text) for text in request.POST.getlist("row")}


def _auto_id(unit: Bureau) -> str:
    return f"sign-{unit.pk}-%s"


def _signing(standing: Standing, items: Sequence[Item], failed: PeopleForm | None = None) -> list[Signing]:
    """The tasks by unit, since the people named are of one; what may not be signed for is not among them."""
    units: dict[int, list[Item]] = {}
    for item in items:
        units.setdefault(item.row.unit_id, []).append(item)
    found = []
    for mine in units.values():
        row = mine[0].row
        form = failed if failed and failed.row.unit_id == row.unit_id else PeopleForm(row, auto_id=_auto_id(row.unit))
        found.append(Signing(row.unit, mine, form))
    return found
