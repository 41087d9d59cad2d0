"""Absences with their deputies, recorded for people who cannot do it themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bureaus import absences, clock
from bureaus.admin.base import ReferenceAdmin
from bureaus.models import Absence, Membership, User


class AbsenceForm(forms.ModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        posts = Membership.objects.current().exclude(role__in=absences.NEVER_LENT)
        for name in ("user", "deputy"):
            if name in self.fields:
                found = User.objects.filter(pk__in=posts.values("user")).order_by("username")
                self.fields[name].queryset = found  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"user", "deputy", "first_day", "last_day"} <= set(cleaned):
            words = {name: cleaned[name] for name in ("user", "deputy", "first_day", "last_day")}
            absences.check(**words, today=clock.today())
        return cleaned


class StandsFilter(admin.SimpleListFilter):
    title = _("day")
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("today", _("away today")), ("from-today", _("now and coming"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Absence]) -> QuerySet[Absence]:
        today = clock.today()
        if self.value() == "today":
            return queryset.filter(pk__in=Absence.objects.on(today).values("pk"))
        if self.value() == "from-today":
            return queryset.filter(pk__in=Absence.objects.ending_from(today).values("pk"))
        return queryset


@admin.register(Absence)
class AbsenceAdmin(ReferenceAdmin):
    """Written once; what turns out otherwise is taken back and recorded anew."""

    form = AbsenceForm
    list_display = ["user", "first_day", "last_day", "deputy", "note", "recorded_by", "withdrawn_at"]
    list_display_links = None
    list_filter = [StandsFilter]
    list_select_related = ["user", "deputy", "recorded_by"]
    search_fields = ["user__username", "user__name", "deputy__username", "deputy__name"]
    fields = ["user", "first_day", "last_day", "deputy", "note"]
    actions = ["take_back"]

    def notes(self, request: HttpRequest, obj: Absence | None = None) -> Sequence[str]:
        return [
            gettext("People record their absence themselves, and whoever heads a unit for its people."),
            gettext(
                "On its days the deputy is told and may act on behalf of whoever is away. A deputy who is away too "
                "hands on to their own; where nobody is left, the head of the unit stands in."
            ),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        obj.recorded_by, obj.recorded_at = request.user, clock.now()
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Take back"))
    def take_back(self, request: HttpRequest, rows: QuerySet[Absence]) -> None:
        done = absences.withdraw(rows, now=clock.now())
        for row in rows:
            self.log_change(request, row, gettext("Taken back."))
        sentence = ngettext("%(count)d absence has been taken back.", "%(count)d absences have been taken back.", done)
        self.message_user(request, sentence % {"count": done}, messages.SUCCESS if done else messages.WARNING)
