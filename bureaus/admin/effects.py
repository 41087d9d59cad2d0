"""What an edit of a calendar would do to the dates that run, shown before it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from bureaus import calendars, clock

CONFIRMED = "confirmed"


def effect_of(edit: Callable[[], object]) -> Any:
    """What the edit would do, as `settings.CALENDAR_EDIT_EFFECT` counts it: false when it does nothing.

    The edit is made, looked at and undone at once; only then are the dates counted, so nothing waits.
    """
    with transaction.atomic():
        edit()
        tried = calendars.as_they_stand()
        transaction.set_rollback(True)
    return import_string(settings.CALENDAR_EDIT_EFFECT)(tried, clock.now())


def is_confirmed(request: HttpRequest) -> bool:
    return CONFIRMED in request.POST


def confirmation(page: admin.ModelAdmin, request: HttpRequest, effect: Any) -> TemplateResponse:
    """A page that says what will happen, and sends the same form again when somebody agrees."""
    sent = [(name, value) for name, values in request.POST.lists() for value in values]
    context = page.admin_site.each_context(request) | {
        "title": gettext("What this edit does to running dates"),
        "opts": page.opts,
        "effect": effect,
        "sent": [(name, value) for name, value in sent if name != "csrfmiddlewaretoken"],
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/bureaus/confirm_edit.html", context)
