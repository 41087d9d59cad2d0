"""What a person may ask for: a sheet of all that is held about them, a correction, a statement of disagreement."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import NotYours
from bureaus.models import Bureau
from bureaus.pages import attempt, only, person, press, sent_from, standing_of
from ledger import access, terms
from ledger.actions import corrections, looking, notice, retention
from ledger.encryption import can_read
from ledger.forms.privacy import CorrectionForm
from ledger.models import CorrectionRequest, Household, Person
from ledger.sheets import of_household, of_person
from ledger.views.base import back_to, form_page, personal, reach_of, takes_form
from ledger.views.people import hidden

State = CorrectionRequest.State


def _kept(request: HttpRequest, uid: str) -> Person:
    """A person of a county one works in."""
    row = get_object_or_404(access.visible_persons(standing_of(request)), uid=uid)
    only(row.county_id in reach_of(request).keeps)
    return row


# --- The sheet -----------------------------------------------------------------------------------


@takes_form
@personal
def sheet(request: HttpRequest, uid: str) -> HttpResponse:
    """Everything held about a person, in plain words; sent with a purpose, numbers in the clear."""
    row, reach = _kept(request, uid), reach_of(request)
    purpose = request.POST.get("purpose", "")
    if request.method == "POST" and purpose not in looking.Purpose.values:
        messages.error(request, _("Say what you need it for."))
        return back_to(row)
    try:
        looking.printed(row, by=person(request), now=clock.now(), purpose=purpose)
    except NotYours as error:
        raise Http404 from error
    home = row.memberships.filter(until=None).select_related("household__site").first()
    values = hidden(row, reach)
    for one in values:
        if purpose and not one["lost"]:
            one["shown"] = getattr(row, one["name"]) or ""
    home_sheet = of_household(home.household, reach) if home else []
    context = {
        "row": row,
        "home": home,
        "addresses": _addresses(home.household, bool(purpose)) if home else [],
        "has_home": any(section.lines for section in home_sheet),
        "hidden": values,
        "is_clear": bool(purpose),
        "sheet": of_person(row, reach),
        "home_sheet": home_sheet,
        "requests": row.correction_requests.order_by("asked_on", "id"),
        "seers": _seers(),
        "days": terms.current().correction_days,
        "kept": retention.days_kept(),
        "notice": notice.in_force(clock.today()),
        "now": clock.now(),
    }
    return render(request, "ledger/person_print.html", context)


def _addresses(home: Household, in_clear: bool) -> list[str]:
    found = [one for one in home.dwellings.order_by("id") if can_read(one, "address") and one.address]
    return [(one.address or "") if in_clear else "•••" for one in found]


def _seers() -> list[tuple[str, str]]:
    """Which bureau sees what of it."""
    names = {unit.code: unit.name for unit in Bureau.objects.filter(code__in=access.BUREAUS).order_by("order")}
    found = []
    for code, name in names.items():
        parts = [access.PARTS[part] for part in access.PARTS if part in access.BUREAUS[code][0]]
        if access.BUREAUS[code][0] - {access.SITES}:
            found.append((name, _(", ").join(str(part) for part in parts)))
    return found


# --- Corrections ---------------------------------------------------------------------------------


@takes_form
@personal
def ask(request: HttpRequest, uid: str) -> HttpResponse:
    """Enter what the person says is wrong."""
    row = _kept(request, uid)
    form = CorrectionForm(request.POST or None)
    status = attempt(
        request,
        form,
        lambda: corrections.ask(row, by=person(request), now=clock.now(), **form.cleaned_data),
        _("Entered. A second person of the county answers it."),
    )
    if status == 302:
        return back_to(row)
    days, day = terms.current().correction_days, corrections.due_on(row.county, clock.today()).isoformat()
    about = _("Answered within %(days)d working days, by %(day)s.") % {"days": days, "day": day}
    return form_page(request, form, row, _("What is wrong about this person"), status, about=about)


@require_GET
@personal
def listed(request: HttpRequest) -> HttpResponse:
    """The open ones of one's county, the earliest due first, and those answered last."""
    reach, standing, me = reach_of(request), standing_of(request), person(request)
    only(bool(reach.keeps))
    rows = CorrectionRequest.objects.filter(person__county__in=reach.keeps).select_related(
        "person__county", "created_by", "decided_by"
    )
    waiting = rows.filter(state=State.OPEN).order_by("due_on", "id")
    context = {
        "waiting": [
            {
                "row": row,
                "text": row.text if can_read(row, "text") else "",
                "may": row.created_by_id != me.pk and access.decides(standing, row.person.county_id),
                "late": row.due_on < clock.today(),
            }
            for row in waiting
        ],
        "done": rows.exclude(state=State.OPEN).order_by("-decided_at")[:30],
        "me": me,
    }
    return render(request, "ledger/corrections.html", context)


@sent_from("corrections")
@personal
def act(request: HttpRequest, uid: str, name: str) -> HttpResponse:
    """The answer: corrected, refused."""
    row = get_object_or_404(CorrectionRequest, uid=uid, person__county__in=reach_of(request).keeps)
    done = {
        "corrected": _("Answered: corrected."),
        "refused": _("Answered: not corrected. If the person disagrees, keep their statement."),
    }
    only(name in done)
    text = request.POST.get("text", "")[:5000]

    def decide() -> Any:
        if len(text) > 200:
            raise ValidationError(_("Put the reason into 200 characters."))
        corrected = name == "corrected"
        return corrections.decide(row, by=person(request), now=clock.now(), corrected=corrected, decision=text)

    press(request, decide, done[name])
    return redirect("corrections")


@sent_from("person", "uid")
@personal
def disagree(request: HttpRequest, uid: str, pk: int) -> HttpResponse:
    """What the person says of a request that was not granted."""
    row = get_object_or_404(_kept(request, uid).correction_requests, pk=pk)
    text = request.POST.get("text", "")[:5000]
    press(
        request,
        lambda: corrections.disagree(row, by=person(request), now=clock.now(), text=text),
        _("Kept beside the entry."),
    )
    return redirect("person", uid=uid)
