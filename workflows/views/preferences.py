"""How a person wants to be told: what comes at once, what as a digest, and the link of a mail that asks for less."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bureaus.models import User
from bureaus.pages import person, standing_of
from notifications import addresses, preferences
from notifications.models import Preference
from notifications.preferences import CHOICES, DUTY, NEWS

Pace = Preference.Pace
PACES = {
    Pace.AT_ONCE: gettext_lazy("at once"),
    Pace.DAILY: gettext_lazy("once a working day, at eleven, as one"),
    Pace.WEEKLY: gettext_lazy("once a week, on its first working day, as one"),
    Pace.OFF: gettext_lazy("not by e-mail"),
}
TOPICS = {
    DUTY: (
        gettext_lazy("What you have to do"),
        gettext_lazy("tasks, dates, reminders, overdue work, returns, urging, slips"),
    ),
    NEWS: (gettext_lazy("For information"), gettext_lazy("your work was accepted, a plan was filed")),
}
CHANNELS = {"email": gettext_lazy("By e-mail"), "sms": gettext_lazy("By SMS")}


LACKS = {
    "email": gettext_lazy("no e-mail address is known: ask your administrator"),
    "sms": gettext_lazy("no phone number is known: ask your administrator"),
}


class PreferencesForm(forms.Form):
    """One choice for each topic and channel where there is one; `rows` lays them out as a table."""

    def __init__(self, user: User, roles: frozenset[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen = preferences.of([user.pk])
        for topic, channel in CHOICES:
            allowed = preferences.choices(topic, channel, roles)
            now = chosen.get((user.pk, topic, channel), "")
            self.fields[f"{topic}_{channel}"] = forms.ChoiceField(
                label=f"{TOPICS[topic][0]} · {CHANNELS[channel]}",
                choices=[(pace, PACES[Pace(pace)]) for pace in allowed],
                initial=now if now in allowed else Pace.AT_ONCE,
            )
        self.rows = [
            {"label": label, "hint": hint, "cells": [self._cell(user, topic, channel) for channel in CHANNELS]}
            for topic, (label, hint) in TOPICS.items()
        ]

    def _cell(self, user: User, topic: str, channel: str) -> dict[str, Any]:
        name = f"{topic}_{channel}"
        return {
            "by": CHANNELS[channel],
            "field": self[name] if name in self.fields else None,
            "lacks": "" if addresses.address_of(user, channel) else LACKS[channel],
        }

    def chosen(self) -> dict[tuple[str, str], str]:
        return {key: self.cleaned_data[name] for key in CHOICES if (name := "_".join(key)) in self.cleaned_data}


def form_for(request: HttpRequest, *args: Any) -> PreferencesForm:
    posts = standing_of(request).own_posts
    return PreferencesForm(person(request), frozenset(post.role for post in posts), *args)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "workflows/preferences.html", {"form": form_for(request)})
    form = form_for(request, request.POST)
    if not form.is_valid():
        messages.error(request, _("This cannot be chosen. Please choose from the list."))
        return render(request, "workflows/preferences.html", {"form": form}, status=422)
    preferences.choose(person(request), form.chosen())
    messages.success(request, _("This is how you are told from now on; what is waiting follows it too."))
    return redirect("preferences")


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a mail program posts here without asking; a scanner that opens the link changes nothing."""
    user = preferences.reader_of(token)
    if user is None:
        raise Http404
    done = request.method == "POST"
    if done:
        preferences.switch_off(user)
    answer = render(request, "workflows/unsubscribe.html", {"done": done})
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer
