"""What the ledger's templates draw often: the way round its pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from bureaus.pages import standing_of
from ledger.access import sees_figures
from ledger.models import ChangeProposal
from ledger.views.base import reach_of

register = template.Library()


@register.inclusion_tag("ledger/_ways.html", takes_context=True)
def ways(context: dict[str, Any]) -> dict[str, Any]:
    """The ledger's own menu, as far as its pages are this person's."""
    request = context["request"]
    standing, reach = standing_of(request), reach_of(request)
    waiting = ChangeProposal.objects.filter(county__in=reach.keeps, state=ChangeProposal.State.PROPOSED).count()
    entries = [
        (sees_figures(standing), _("Figures"), "ledger", 0),
        (reach.sees_rows, _("Households"), "households", 0),
        (bool(reach.keeps), _("Proposed changes"), "proposals", waiting),
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
