"""Moving the demonstration's clock on: to the next event, or by a day. Nothing of the kind exists in real use."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from bureaus import clock
from bureaus.pages import only, sent_from, standing_of
from workflows import simulate
from workflows.models import Firing

DAY = timedelta(days=1)


@sent_from("desk")
def move(request: HttpRequest) -> HttpResponse:
    """Live through what lies between, moment by moment, and stand the clock there."""
    only(clock.is_made() and standing_of(request).administers)
    now = clock.now()
    following = simulate.next_moment()
    to = now + DAY
    if request.POST.get("to") == "next" and following is not None:
        to = min(max(following, now + timedelta(minutes=1)), now + 370 * DAY)
    told = fired = 0
    seen = Firing.objects.aggregate(last=Max("pk"))["last"] or 0
    for line in simulate.run(to, seen=seen):
        fired += line["event"] == "fired"
        told += line["event"] == "sent"
    clock.set_made(to)
    messages.success(
        request,
        _("The clock has moved on: %(fired)s reminders, %(told)s notices.") % {"fired": fired, "told": told},
    )
    came_from = request.META.get("HTTP_REFERER", "")
    return redirect(came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else "desk")
