"""Help for a first visit: entering the demonstration as somebody, three things to try, and a tour of them.

Where somebody is on the tour is kept in their session; that they have left it, in a cookie, so that it does not
begin again when they sign in again at the same browser.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.access import Standing
from bureaus.pages import only, person, sent_from, standing_of
from measures.models import Plan
from workflows import visit

LEFT = "duban_tour_left"
REMEMBERED = 365 * 86400
PEOPLE = 40  # who have left it at one browser; the cookie stays small


class SignIn(LoginView):
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cast=visit.cast(), **kwargs)


@login_not_required
def enter(request: HttpRequest) -> HttpResponse:
    """Into the demonstration as one of its cast, without a password. Elsewhere there is no such address."""
    only(visit.is_demonstration())
    return _enter(request)


@sent_from("sign-in")
def _enter(request: HttpRequest) -> HttpResponse:
    people = {kind.code: user for kind, user in visit.cast()}
    wanted = request.POST.get("as", "")
    only(wanted in people)
    user = people[wanted]
    login(request, user)
    if str(user.pk) in _left(request):
        return redirect("desk")
    _begin(request, Standing(user, clock.today()))
    return _to(request, 1)


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What I do here all day, and three things to try."""
    kind = visit.kind_of(standing_of(request))
    stops = [visit.stop(place) for place in _places(request, standing_of(request))]
    return render(request, "workflows/help.html", {"kind": kind, "stops": stops})


@require_GET
def tour(request: HttpRequest, number: int) -> HttpResponse:
    """To one of the three. Whoever is on no tour begins one here."""
    if "tour" not in request.session:
        _begin(request, standing_of(request))
    only(0 < number <= len(request.session.get("tour", {}).get("places", [])))
    return _to(request, number)


@require_GET
def leave(request: HttpRequest) -> HttpResponse:
    """Off the tour, for good, and back to where one was."""
    request.session.pop("tour", None)
    back = request.GET.get("back", "")
    answer = redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "desk")
    left = [*(pk for pk in _left(request) if pk != str(person(request).pk)), str(person(request).pk)]
    answer.set_cookie(LEFT, ".".join(left[-PEOPLE:]), max_age=REMEMBERED, httponly=True, samesite="Lax")
    return answer


def strip(request: HttpRequest) -> dict[str, Any] | None:
    """What every page of somebody on a tour shows above its content; costs no question to the database."""
    kept = request.session.get("tour")
    if not kept:
        return None
    at, places = kept["at"], kept["places"]
    found = visit.stop(tuple(places[at - 1]))
    return {
        "at": at,
        "of": len(places),
        "stop": found,
        "is_here": request.path == found.url.partition("?")[0],
        "following": at + 1 if at < len(places) else None,
    }


def _begin(request: HttpRequest, standing: Standing) -> None:
    if places := _places(request, standing):
        request.session["tour"] = {"at": 1, "places": places}


def _places(request: HttpRequest, standing: Standing) -> list[tuple[str, str]]:
    kind, plan = visit.kind_of(standing), Plan.objects.current()
    return visit.places(kind, standing, plan, clock.now()) if kind and plan else []


def _to(request: HttpRequest, number: int) -> HttpResponse:
    kept = request.session.get("tour")
    if not kept:
        return redirect("desk")
    request.session["tour"] = kept | {"at": number}
    return redirect(kept["places"][number - 1][1])


def _left(request: HttpRequest) -> list[str]:
    """Who has left the tour at this browser, by number."""
    return [pk for pk in request.COOKIES.get(LEFT, "").split(".") if pk.isdecimal()]
