"""What the ledger's templates draw often: the way round its pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bureaus import clock
from bureaus.pages import standing_of
from ledger.access import SITES, WORK, decides, sees_figures
from ledger.actions.confirming import waiting as waiting_again
from ledger.actions.exports import waiting_for
from ledger.actions.samples import checks_for
from ledger.indicators import Result
from ledger.indicators.terms import Term
from ledger.models import ChangeProposal, CorrectionRequest
from ledger.views.base import reach_of

register = template.Library()


@register.inclusion_tag("ledger/_ways.html", takes_context=True)
def ways(context: dict[str, Any]) -> dict[str, Any]:
    """The ledger's own menu, as far as its pages are this person's."""
    request = context["request"]
    standing, reach = standing_of(request), reach_of(request)
    waiting = ChangeProposal.objects.filter(county__in=reach.keeps, state=ChangeProposal.State.PROPOSED).count()
    asked = CorrectionRequest.objects.filter(person__county__in=reach.keeps, state="open").count() if reach.keeps else 0
    again = waiting_again(reach.keeps).count() if reach.keeps else 0
    entries = [
        (sees_figures(standing), pgettext("ledger", "Figures"), "ledger", 0),
        (bool(reach.keeps), _("Worklists"), "worklists", 0),
        (reach.sees_rows, pgettext("ledger", "Households"), "households", 0),
        (reach.sees(WORK), _("Employers and courses"), "employers", 0),
        (reach.sees(SITES) or standing.sees_all, _("Sites"), "sites", 0),
        (sees_figures(standing), _("Document and ledger"), "baseline", 0),
        (bool(reach.keeps), _("Checks"), "checks", 0),
        (bool(reach.keeps), _("Workbooks"), "imports", 0),
        (bool(reach.keeps), _("Proposed changes"), "proposals", waiting),
        (sees_figures(standing), _("Sheets out"), "exports", waiting_for(standing, clock.now())),
        (bool(reach.keeps), _("Requests for correction"), "corrections", asked),
        (bool(reach.keeps) or standing.supervises, _("Answers asked again"), "confirmations", again),
        (standing.supervises, pgettext("ledger", "Recording"), "recording", 0),
        (any(decides(standing, pk) for pk in reach.keeps), _("Left long ago"), "retention", 0),
        (bool(checks_for(standing)), _("Samples"), "samples", 0),
        (sees_figures(standing), _("Notice"), "notice-text", 0),
        (standing.audits, _("Audit log"), "audit-log", 0),
    ]
    here = request.resolver_match.url_name if request.resolver_match else ""
    return {
        "entries": [
            {"label": label, "url": reverse(name), "here": name == here, "count": count}
            for shown, label, name, count in entries
            if shown
        ]
    }


@register.filter(name="with")
def beside(cells: Any, columns: Any) -> list[tuple[Any, Any]]:
    """Cells with the columns they stand in."""
    return list(zip(cells, columns, strict=True))


@register.simple_tag
def noop(text: str) -> str:
    """A text of the pure rooms, which mark it for translation and leave translating to the page."""
    return _(text)


@register.simple_tag
def bar(found: Result) -> SafeString:
    """How much of the denominator is reached, as a bar; the numbers stand beside it."""
    reached = int(100 * found.n / found.d) if found.d else 0
    return format_html(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="g-grey" width="100" height="10" opacity=".22"/>'
        '<rect class="g-done" width="{}" height="10"/></svg>',
        reached,
    )


@register.simple_tag
def said(found: Result | None) -> SafeString | str:
    """yes · no · undecided · not asked, where what people said is behind a figure."""
    if found is None or found.answers is None:
        return "—"
    words = {"yes": _("yes"), "no": _("no"), "undecided": _("undecided"), "not_asked": _("not asked")}
    counts = found.answers.counts()
    return format_html_join(" · ", '<span class="nw">{} {}</span>', ((words[key], counts[key]) for key in words))


@register.simple_tag
def unit(term: Term) -> str:
    """What a term is counted in."""
    words = {
        "days": _("days"),
        "years": _("years of age"),
        "times": _("times"),
        "percent": "%",
        "persons": _("persons"),
        "yuan": _("yuan"),
    }
    return words.get(term.unit, "")
