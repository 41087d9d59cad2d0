"""How this system is: the page, and two addresses for machines that watch it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from bureaus import clock
from bureaus.pages import moved_on_page, only, person, press, sent_from, standing_of
from workflows import actions, auditing, incidents, pulse

NAMES = {
    "tick": gettext_lazy("Tick: decides who is reminded"),
    "sender": gettext_lazy("Sender: sends notices"),
    "audit": gettext_lazy("Audit: checks what is promised"),
}
HELD = {
    "clock": gettext_lazy("The database's clock has gone back: nothing fires and nothing leaves."),
    "jump": gettext_lazy("The database's clock has jumped ahead by more than seven days: nothing leaves."),
    "restored": gettext_lazy("An older database was put back: nothing leaves, so that nobody is told twice."),
}
# Set by a web server in front: then "this machine" says nothing about who asks.
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_health)
    now, real = clock.now(), clock.real_now()
    facts = auditing.last_facts()
    return render(
        request,
        "workflows/health.html",
        {
            "parts": [_part(part, now) for part in pulse.parts(real)],
            "held": [{"why": HELD.get(row.held, row.held), "since": row.held_since} for row in pulse.held()],
            "lag": _plain(pulse.behind(now)),
            "checks": [_check(check, facts) for check in auditing.CHECKS] if facts else [],
            "audited_at": datetime.fromisoformat(facts["at"]) if facts else None,
            "incidents": incidents.open_incidents(),
            "standing": standing,
        },
    )


@sent_from("health")
def retry(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Have a failed row tried again now."""
    only(standing_of(request).sees_health)
    acts: dict[str, Callable[..., Any]] = {
        incidents.DEADLINE: actions.retry_deadline,
        incidents.RECURRENCE: actions.retry_recurrence,
    }
    if kind not in acts:
        raise Http404
    done = _("It is tried again within a minute.")
    status = press(request, lambda: acts[kind](pk, by=person(request), now=clock.now()), done)
    return redirect("health") if status == 302 else moved_on_page(request)


@sent_from("health")
def confirm(request: HttpRequest) -> HttpResponse:
    """The clock has been looked at and is right."""
    only(standing_of(request).administers)
    actions.confirm_clock(by=person(request))
    messages.success(request, _("Confirmed: what was held goes on within a minute."))
    return redirect("health")


@login_not_required
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while deciding goes on, else 503; and how many seconds it is behind. Says nothing else to anybody."""
    try:
        well, lag = pulse.health(clock.now(), clock.real_now())
    except DatabaseError:
        return JsonResponse({"ok": False, "lag_seconds": None}, status=503)
    return JsonResponse({"ok": well, "lag_seconds": round(lag.total_seconds())}, status=200 if well else 503)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus: with the token, or without one set from this machine alone."""
    if not _may_measure(request):
        raise Http404
    text = pulse.metrics(clock.now(), clock.real_now())
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_measure(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "").encode()
        return secrets.compare_digest(shown, f"Bearer {settings.METRICS_TOKEN}".encode())
    if settings.SECURE_PROXY_SSL_HEADER or any(name in request.META for name in FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _part(part: pulse.Part, now: datetime) -> dict[str, Any]:
    beat = part.beat
    return {
        "name": NAMES[part.name],
        "alive": part.alive,
        "seen_at": beat.seen_at if beat else None,
        "well_at": beat.well_at if beat else None,
        "catching_up_since": beat.catching_up_since if beat else None,
        "outage": _plain(beat.outage) if beat and beat.outage else "",
        "held": bool(beat and beat.held),
    }


def _check(check: auditing.Check, facts: dict[str, Any]) -> dict[str, Any]:
    kept = facts["checks"].get(check.id, {"count": 0, "rows": [], "error": ""})
    wrong = bool(kept["count"] or kept["error"])
    return {
        "check": check,
        "count": kept["count"],
        "error": kept["error"],
        "rows": [{"key": key, "detail": detail} for _pk, key, detail in kept["rows"][:20]],
        "state": "passed" if not wrong else check.level if not kept["error"] else auditing.FAILURE,
    }


def _plain(span: timedelta) -> str:
    """A span in hours, minutes and seconds: 26:03:09."""
    seconds = int(span.total_seconds())
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
