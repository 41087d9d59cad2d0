"""What every page shares: who asks, and how an act that cannot be done is answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.forms.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bureaus import clock
from bureaus.access import NotYours, OutOfOrder, Standing, WrongMoment
from bureaus.models import User

View = Callable[..., HttpResponse]
logger = logging.getLogger(__name__)


def standing_of(request: HttpRequest) -> Standing:
    """The posts of the person who asks, read once a request."""
    if not hasattr(request, "_standing"):
        request._standing = Standing(person(request), clock.today())  # type: ignore[attr-defined]
    return request._standing  # type: ignore[attr-defined]


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def number(text: str) -> int:
    """A number out of a link; 0 for anything else somebody may have put there."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def only(test: bool) -> None:
    """A page that is not this person's does not exist for them."""
    if not test:
        raise Http404


def attempt(request: HttpRequest, form: BaseForm, act: Callable[[], Any], done: str) -> int:
    """Try an act, if its form was sent and filled in rightly. Returns the status to answer with.

    200: the page with the form is only read; 302: it was done; 409, 422 or 503: it was not. What the person typed
    stays in the form either way; that it was taken is said with the address it was sent to, so that the browser keeps
    it no longer (`typed.js`).
    """
    if request.method != "POST":
        return 200
    if not form.is_valid():
        return 422
    try:
        act()
    except NotYours as error:
        raise Http404 from error
    except WrongMoment as error:
        messages.error(request, str(error))
        return 409
    except OutOfOrder as error:
        logger.error("%s: %s", request.path, error)
        messages.error(request, str(error.told))
        return 503
    except ValidationError as error:
        for field, texts in _by_field(error).items():
            for text in texts:
                form.add_error(field if field in form.fields else None, text)
        return 422
    messages.success(request, done, extra_tags=request.path)
    return 302


def press(request: HttpRequest, act: Callable[[], Any], done: str) -> int:
    """Try what a button without fields of its own asks for: what cannot be done is said above the page."""
    form = Form(request.POST)
    status = attempt(request, form, act, done)
    for text in form.non_field_errors():
        messages.error(request, str(text))
    return status


def _by_field(error: ValidationError) -> dict[str | None, list[str]]:
    if hasattr(error, "error_dict"):
        return {field: [m for e in errors for m in e.messages] for field, errors in error.error_dict.items()}
    return {None: error.messages}


def sent_from(page: str, *kept: str) -> Callable[[View], View]:
    """What is done by sending a form. Whoever comes there by a link is led to the page with the form.

    So it is after signing in again, when the sign-in had ended before the form was sent, and when a browser asks
    for the address of a form anew.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if request.method in ("GET", "HEAD"):
                return led_back(request, page, **{name: kwargs[name] for name in kept})
            return view(request, **kwargs)

        wrapped.page = page  # type: ignore[attr-defined]  # by which such addresses are known
        return require_http_methods(["GET", "HEAD", "POST"])(wrapped)

    return decorator


def led_back(request: HttpRequest, page: str, **kwargs: Any) -> HttpResponseRedirect:
    """To the page with the form, as its link was narrowed down, and with a sentence that nothing was done."""
    if request.method == "GET":
        messages.info(request, _("Nothing has been done. If you still want it done, press the button on this page."))
    query = request.GET.urlencode()
    return redirect(reverse(page, kwargs=kwargs) + (f"?{query}" if query else ""))


def moved_on_page(request: HttpRequest) -> HttpResponse:
    """The plain answer to an act that came too late."""
    return render(request, "409.html", {"title": _("This has changed meanwhile")}, status=409)


def out_of_order_page(request: HttpRequest, error: OutOfOrder) -> HttpResponse:
    """The plain answer where the server lacks what a page needs; why stands in the log."""
    logger.error("%s: %s", request.path, error)
    return render(request, "503.html", {"told": error.told}, status=503)
