"""My calendar link: made, replaced and revoked on the page of notices; and what a calendar reads under it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bureaus import calendar_links, clock
from bureaus.access import Standing
from bureaus.models import CalendarLink
from bureaus.pages import number, only, person, sent_from, standing_of
from workflows import calendar_feed
from workflows.views import notices


@sent_from("notices")
def make(request: HttpRequest) -> HttpResponse:
    """Answered with the page itself: the link is shown this once, and kept nowhere for a redirect to find."""
    only(bool(standing_of(request).units))
    shown = number(request.POST.get("replacing", "")) or None
    token = calendar_links.make(person(request), replacing=shown, now=clock.now())
    if token is None:
        sentence = _("A link was made or revoked meanwhile. If you have not copied the new one, replace it.")
        messages.warning(request, sentence)
        return redirect("notices")
    answer = notices.page(request, new_link=settings.SITE_URL + reverse("calendar-feed", args=[token]))
    add_never_cache_headers(answer)
    return answer


@sent_from("notices")
def revoke(request: HttpRequest) -> HttpResponse:
    if calendar_links.revoke(CalendarLink.objects.filter(user=person(request)), now=clock.now()):
        messages.success(request, _("The calendar link has been revoked and opens nothing any more."))
    return redirect("notices")


@login_not_required
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """For calendars, which cannot sign in. A link that is unknown, revoked or a leaver's is no page at all."""
    link = calendar_links.holder(token)
    if link is None:
        raise Http404
    now = clock.now()
    found = calendar_feed.entries(Standing(link.user, clock.local_date(now)))
    calendar_links.note_reading(link, now=now)
    etag = calendar_feed.etag(found)
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = HttpResponse(calendar_feed.write(found), content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="duban.ics"'
        answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    # The address is the key: no search engine keeps it, and no page is told it.
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
