"""Sheets that leave the ledger: asking, deciding, taking, and what was taken by whom."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Any, cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from bureaus import clock
from bureaus.access import Standing
from bureaus.clock import ZONE
from bureaus.models import Bureau
from bureaus.pages import attempt, only, person, press, sent_from, standing_of
from ledger import access, exports, figure_sheet, reading, terms
from ledger.actions import exports as acts
from ledger.forms.exports import AskForm, PasswordForm, TakeForm
from ledger.models import ExportJob
from ledger.views.base import personal, reach_of, unkept
from ledger.views.figures import shown_counties
from ledger.workbooks import leaving, writing

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 50


@require_GET
@unkept
def page(request: HttpRequest) -> HttpResponse:
    """What may be taken, what waits, what was taken."""
    only(access.sees_figures(standing_of(request)))
    return _page(request)


def _page(
    request: HttpRequest, take_form: TakeForm | None = None, ask_form: AskForm | None = None, status: int = 200
) -> HttpResponse:
    standing, reach, now = standing_of(request), reach_of(request), clock.now()
    rows = access.visible_exports(standing)
    asked = list(rows.filter(state=ExportJob.State.ASKED))
    waiting = [
        {"row": row, "may": acts.may_decide(row, standing, now), "content": _content(row), "n": _now_in(row)}
        for row in asked
    ]
    done = rows.exclude(state=ExportJob.State.ASKED)[:SHOWN]
    context = {
        "take_form": (take_form or TakeForm(reach, prefix="take")) if reach.sees_rows else None,
        "ask_form": (ask_form or AskForm(reach, prefix="ask")) if _may_ask(request) else None,
        "waiting": waiting,
        "done": [{"row": row, "content": _content(row), "state": _state(row, now)} for row in done],
        "open": [row for row in done if row.asked_by_id == person(request).pk and acts.is_open(row, now)],
        "kept": _kept(request),
        "me": person(request),
    }
    return render(request, "ledger/exports.html", context, status=status)


def _may_ask(request: HttpRequest) -> bool:
    reach = reach_of(request)
    return bool(reach.keeps) or bool(access.clears(standing_of(request), None))


def _kept(request: HttpRequest) -> list[Bureau]:
    return [one for one in access.counties() if one.pk in reach_of(request).keeps]


def _content(row: ExportJob) -> str:
    return str(exports.SHEETS[row.sheet].title) if row.sheet in exports.SHEETS else _("all this purpose needs")


def _now_in(row: ExportJob) -> int:
    """How many rows it would hold, for whoever decides."""
    return exports.counted(acts.order_of(row), access.reach(Standing(row.asked_by, clock.today())))


def _state(row: ExportJob, now: datetime) -> str:
    if row.taken_at:
        return _("taken")
    if row.state == ExportJob.State.READY and not acts.is_open(row, now):
        return str(ExportJob.State.EXPIRED.label)
    return str(row.get_state_display())


def _sent(file: IO[bytes], name: str) -> HttpResponse:
    """Streamed, and closed when it has been sent."""
    return cast("HttpResponse", FileResponse(file, as_attachment=True, filename=name, content_type=XLSX))


def _file_name(row: ExportJob) -> str:
    at = clock.now().astimezone(ZONE)
    return f"{row.county or _('all counties')}-{_content(row)}-{at:%Y%m%d-%H%M}.xlsx"


# --- Persons -------------------------------------------------------------------------------------


@sent_from("exports")
@personal
def take(request: HttpRequest) -> HttpResponse:
    """A masked sheet, at once."""
    form = TakeForm(reach_of(request), request.POST, prefix="take")
    found: list[Any] = []
    status = attempt(
        request, form, lambda: found.append(acts.take(form.order(), by=person(request), now=clock.now())), ""
    )
    if status == 302:
        job, file = found[0]
        list(messages.get_messages(request))  # nothing is said: the file is the answer
        return _sent(file, _file_name(job))
    return _page(request, take_form=form, status=status)


@sent_from("exports")
@personal
def ask(request: HttpRequest) -> HttpResponse:
    """A sheet in the clear, laid before a second person."""
    only(_may_ask(request))
    form = AskForm(reach_of(request), request.POST, prefix="ask")
    status = attempt(
        request,
        form,
        lambda: acts.ask(form.order(), by=person(request), now=clock.now(), ground=form.cleaned_data.get("ground", "")),
        _("Asked. A second person of your unit decides."),
    )
    return redirect("exports") if status == 302 else _page(request, ask_form=form, status=status)


@sent_from("exports")
@personal
def decide(request: HttpRequest, uid: str, name: str) -> HttpResponse:
    row = get_object_or_404(access.visible_exports(standing_of(request)), uid=uid, masked=False)
    only(name in ("approve", "refuse"))
    by, now = person(request), clock.now()
    if name == "approve":
        press(request, lambda: acts.approve(row, by=by, now=now), _("Approved. It is ready for 24 hours."))
    else:
        press(request, lambda: acts.refuse(row, by=by, now=now), _("Refused; nothing was taken."))
    return redirect("exports")


@require_http_methods(["GET", "HEAD", "POST"])
@personal
def download(request: HttpRequest, uid: str) -> HttpResponse:
    """The sheet in the clear, for who asked: the password first."""
    row = get_object_or_404(access.visible_exports(standing_of(request)), uid=uid, masked=False)
    only(row.asked_by_id == person(request).pk and row.state != ExportJob.State.ASKED)
    form = PasswordForm(request.POST or None)
    now, found = clock.now(), []
    if not acts.is_open(row, now):
        return _gone(request, row, now)
    status = attempt(
        request,
        form,
        lambda: found.append(acts.download(row, form.cleaned_data["password"], by=person(request), now=now)),
        "",
    )
    if status == 302:
        list(messages.get_messages(request))
        return _sent(found[0], _file_name(row))
    if request.method == "POST":
        row.refresh_from_db()
        if not acts.is_open(row, now):
            return _gone(request, row, now)
    context = {"row": row, "content": _content(row), "form": form}
    return render(request, "ledger/export.html", context, status=status)


def _gone(request: HttpRequest, row: ExportJob, now: datetime) -> HttpResponse:
    """Taken, refused or expired: there is nothing here any more, and the page says so."""
    context = {"row": row, "content": _content(row), "state": _state(row, now), "form": None}
    return render(request, "ledger/export.html", context, status=404)


# --- Nobody --------------------------------------------------------------------------------------


@require_GET
@unkept
def empty_template(request: HttpRequest) -> HttpResponse:
    """The template of one's county, with nobody in it."""
    kept = _kept(request)
    county = next((one for one in kept if one.code == request.GET.get("county", one.code)), None)
    only(county is not None)
    assert county is not None
    file = exports.nameless()
    writing.template(file, county_name=str(county), meta=writing.Meta(county.code, clock.now()))
    file.seek(0)
    return _sent(file, _("Template of the ledger, %(county)s") % {"county": county} + ".xlsx")


@require_GET
@unkept
def figures(request: HttpRequest) -> HttpResponse:
    """The figures one sees, as a sheet; `?circulation=1`: without small numbers."""
    standing, now = standing_of(request), clock.now()
    only(access.sees_figures(standing))
    circulates = request.GET.get("circulation") == "1"
    units = {one.code: str(one) for one in shown_counties(standing)}
    groups = list(figure_sheet.lines(reading.facts(), clock.today(), terms.current(), units))
    n = sum(len(group) for group in groups)
    acts.took_figures(by=person(request), now=now, n=n, circulates=circulates)
    words: dict[str, Any] = {"name": person(request), "at": f"{now.astimezone(ZONE):%Y-%m-%d %H:%M}"}
    mark = _("Figures of the ledger, taken by %(name)s at %(at)s") % words
    if circulates:
        mark += " · " + _("numbers under 5 are shown as <5; * is withheld so that none can be worked out")
    file = exports.nameless()
    writing.table(
        file,
        [(leaving.FIGURES, figure_sheet.rows(iter(groups), whole=_("Prefecture"), circulates=circulates))],
        watermark=mark,
        meta=writing.Meta("", now, purpose="figures"),
        masked=None,
    )
    file.seek(0)
    return _sent(file, _("Figures of the ledger") + f"-{now.astimezone(ZONE):%Y%m%d}.xlsx")
