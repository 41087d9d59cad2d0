"""What every page's frame shows: where one can go, what waits, and which clock runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from bureaus import calendars, clock
from bureaus.access import Standing
from bureaus.pages import standing_of
from measures.models import Plan
from workflows import pulse
from workflows.views.base import inbox
from workflows.views.visit import strip


def chrome(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"chrome": {}}
    standing = standing_of(request)
    now = clock.now()
    plan = Plan.objects.current()
    today = clock.local_date(now)
    made = clock.is_made()
    return {
        "chrome": {
            "plan": plan,
            "menu": _menu(request, standing, plan),
            "searches": bool(standing.units) or standing.sees_all,
            "unread": inbox(user).filter(read_at__isnull=True).count(),
            "made_clock": made,
            "moves_clock": made and standing.administers,
            "now": now,
            "tour": strip(request),
            "held": bool(standing.sees_health and pulse.held()),
            "uncovered_years": calendars.uncovered_years(today, today + timedelta(days=60)),
        }
    }


def _menu(request: HttpRequest, standing: Standing, plan: Plan | None) -> list[dict[str, Any]]:
    works, sees_all = bool(standing.units), standing.sees_all
    entries = [
        (works, _("My desk"), reverse("desk")),
        (sees_all, _("Board"), reverse("board")),
        (works, _("Reviews"), reverse("review")),
        (works or sees_all, _("Overdue"), reverse("overdue")),
        (works or sees_all, _("Site plans"), reverse("filings")),
        (works or sees_all, _("Monthly check"), reverse("months")),
        (works or sees_all, _("Slips"), reverse("slips")),
        (works or sees_all, _("Ledger"), reverse("ledger")),
        (plan is not None, _("Work plan"), reverse("plan", args=[plan.code]) if plan else ""),
        (standing.audits, _("Log"), reverse("log")),
        (standing.sees_health, _("System health"), reverse("health")),
        (standing.administers, _("Administration"), reverse("admin:index")),
    ]
    return [
        {
            "label": label,
            "url": url,
            "here": url == request.path or (url != "/" and request.path.startswith(url)),
        }
        for shown, label, url in entries
        if shown
    ]
