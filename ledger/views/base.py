"""What the pages with personal data share: nobody keeps a copy, and where one asks from stands in the log."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from bureaus.access import OutOfOrder
from bureaus.models import Bureau
from bureaus.pages import only, out_of_order_page, standing_of
from ledger import access
from ledger.access import Reach
from ledger.actions.base import Root
from ledger.audit import ASKED_FROM
from ledger.models import Person

View = Callable[..., HttpResponse]


def reach_of(request: HttpRequest) -> Reach:
    """What of the ledger the person who asks may see, worked out once a request."""
    if not hasattr(request, "_reach"):
        request._reach = access.reach(standing_of(request))  # type: ignore[attr-defined]
    return request._reach  # type: ignore[attr-defined]


def personal(view: View) -> View:
    """A page with rows of the ledger: for those who see any, and never kept by a browser or a proxy."""

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        only(reach_of(request).sees_rows)
        return unkept(view)(request, **kwargs)

    return wrapped


def unkept(view: View) -> View:
    """Never kept by a browser or a proxy; what is done is done from the address of whoever asks."""

    @wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        token = ASKED_FROM.set(request.META.get("REMOTE_ADDR") or None)
        try:
            answer = view(request, **kwargs)
        except OutOfOrder as error:
            answer = out_of_order_page(request, error)
        finally:
            ASKED_FROM.reset(token)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return wrapped


# A page with a form of its own: read, or sent back to its own address.
takes_form = require_http_methods(["GET", "HEAD", "POST"])


def own_county(request: HttpRequest) -> Bureau:
    """The county one keeps the ledger of; of several the one asked for (`?county=`), else the first."""
    keeps = reach_of(request).keeps
    only(bool(keeps))
    rows = Bureau.objects.filter(pk__in=keeps).order_by("order")
    return rows.filter(code=request.GET.get("county", "")).first() or rows[0]


def back_to(root: Root) -> HttpResponse:
    """To the page of a person or household."""
    return redirect(_page_name(root), uid=root.uid)


def form_page(
    request: HttpRequest, form: Any, root: Root, title: Any, status: int, *, seen: int | None = None, about: str = ""
) -> HttpResponse:
    """A form about a person or household. `seen`: the edition it is about, where it is not theirs."""
    context = {
        "form": form,
        "row": root,
        "title": title,
        "about": about,
        "back": _page_name(root),
        "seen": root.version if seen is None else seen,
    }
    return render(request, "ledger/form.html", context, status=status)


def _page_name(root: Root) -> str:
    return "person" if isinstance(root, Person) else "household"
