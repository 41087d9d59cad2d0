"""Calendars and their days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bureaus import calendars, clock
from bureaus.admin import effects
from bureaus.admin.base import FixedCodeAdmin, ReferenceAdmin, is_referred_to
from bureaus.models import (
    Bureau,
    Calendar,
    CalendarDay,
)
from bureaus.working_days import MONDAY_TO_FRIDAY

LONGEST_HOLIDAY = 31  # days; more is a slip in the year


def _read_anew(pks: Iterable[int]) -> None:
    """Say once that days were edited. The lock makes two edits at once count as two."""
    for calendar in Calendar.objects.select_for_update(of=("self",)).filter(pk__in=set(pks)).order_by("pk"):
        calendars.changed(calendar)


def _calendar_notes() -> list[str]:
    today = clock.today()
    notes = [
        gettext(
            "An edit moves running dates that are counted in working days, and dates of this system that fall on "
            "a free day. A date that the plan names or that somebody decided stays, and its reminders are "
            "planned anew."
        ),
        gettext("Before an edit is saved you are shown what it does; running dates follow within a few minutes."),
    ]
    missing = calendars.uncovered_years(today, today + timedelta(days=366))
    if missing:
        sentence = gettext(
            "For %(years)s no holidays have been entered: Monday to Friday count there. The State Council "
            "gives notice of the next year's holidays around November."
        )
        notes.insert(0, sentence % {"years": "、".join(map(str, missing))})
    return notes


class CalendarForm(forms.ModelForm):
    def clean_base(self) -> Calendar | None:
        base: Calendar | None = self.cleaned_data["base"]
        layer = base
        seen: set[int] = set()
        while layer is not None and layer.pk not in seen:
            if layer.pk == self.instance.pk:
                raise ValidationError(gettext("A calendar cannot lie over itself, also not by way of others."))
            seen.add(layer.pk)
            layer = layer.base
        return base


@admin.register(Calendar)
class CalendarAdmin(FixedCodeAdmin):
    form = CalendarForm
    list_display = ["name", "code", "base", "entered", "units"]
    fields = ["code", "name", "base", "entered", "units"]
    readonly_fields = ["entered", "units"]
    actions = ["seed"]

    def notes(self, request: HttpRequest, obj: Calendar | None = None) -> Sequence[str]:
        return [
            *_calendar_notes(),
            gettext("A calendar that lies over another has its days, but for those entered in itself."),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """One by one, and only a calendar no unit counts by and no other lies over."""
        free = obj is not None and obj.code != "national" and not is_referred_to(obj)
        return super().has_delete_permission(request) and free

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        found = self.get_object(request, unquote(object_id)) if object_id else None
        if request.method == "POST" and found and not effects.is_confirmed(request):
            form = self.get_form(request, found, change=True)(request.POST, instance=found)
            if form.is_valid() and "base" in form.changed_data and (effect := effects.effect_of(form.save)):
                return effects.confirmation(self, request, effect)
        return super().changeform_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        above = calendars.highest_edition()
        super().save_model(request, obj, form, change)
        if change and "base" in form.changed_data:
            calendars.changed(Calendar.objects.select_for_update(of=("self",)).get(pk=obj.pk), above=above)

    @admin.display(description=_("calendar days"))
    def entered(self, calendar: Calendar) -> str:
        if calendar._state.adding:
            return "—"
        url = reverse("admin:bureaus_calendarday_changelist")
        years = sorted({day.year for day in calendar.days.values_list("date", flat=True)})
        span = f" ({years[0]}—{years[-1]})" if years else ""
        return format_html(
            '<a href="{}?calendar__id__exact={}">{}</a>{}', url, calendar.pk, calendar.days.count(), span
        )

    @admin.display(description=_("bureaus"))
    def units(self, calendar: Calendar) -> str:
        if calendar.code == "national":
            return gettext("every unit that names no other")
        return "、".join(str(bureau) for bureau in Bureau.objects.filter(calendar=calendar)) or "—"

    @admin.action(description=_("Enter the statutory days (national calendar)"))
    def seed(self, request: HttpRequest, chosen: QuerySet[Calendar]) -> TemplateResponse | None:
        national = Calendar.objects.national()
        if list(chosen) != [national]:
            sentence = gettext("Statutory days belong to “%(name)s”: choose it alone.")
            self.message_user(request, sentence % {"name": national}, messages.ERROR)
            return None
        if not effects.is_confirmed(request) and (effect := effects.effect_of(calendars.seed_statutory)):
            return effects.confirmation(self, request, effect)
        count = calendars.seed_statutory()
        if not count:
            sentence = gettext(
                "Nothing new: every statutory day this installation knows has been entered. A newer year "
                "comes with an upgrade of Duban, or is entered by hand."
            )
            self.message_user(request, sentence, messages.WARNING)
            return None
        words = {"count": count}
        done = ngettext("%(count)d statutory day entered.", "%(count)d statutory days entered.", count) % words
        self.log_change(request, national, done)
        self.message_user(request, done, messages.SUCCESS)
        return None


class DayForm(forms.ModelForm):
    """One day, or when it is entered a whole holiday: every day up to `last` that the entry changes."""

    last = forms.DateField(
        label=_("last day"),
        required=False,
        widget=AdminDateWidget,
        help_text=_("Of a holiday of several days; only days that change by it are entered."),
    )
    days: Sequence[date] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        calendar = self.instance.calendar if self.instance.pk else cleaned.get("calendar")
        first, kind = cleaned.get("date"), cleaned.get("kind")
        if calendar is None or first is None or not kind:
            return cleaned
        last = cleaned.get("last") or first
        if last < first:
            raise ValidationError({"last": gettext("The last day lies before the first.")})
        if (last - first).days >= LONGEST_HOLIDAY:
            raise ValidationError({"last": gettext("More than 31 days: is the year right?")})
        self.days = self._days_that_change(calendar, kind, first, last)
        known = calendar.days.filter(date__in=self.days).exclude(pk=self.instance.pk).values_list("date", flat=True)
        if known:
            listed = "、".join(day.isoformat() for day in known)
            raise ValidationError({"date": gettext("Entered already: %(days)s. Change those.") % {"days": listed}})
        cleaned["date"] = self.days[0]
        return cleaned

    def _days_that_change(self, calendar: Calendar, kind: str, first: date, last: date) -> list[date]:
        below = calendar.base.working_days() if calendar.base else MONDAY_TO_FRIDAY
        span = [first + timedelta(days=count) for count in range((last - first).days + 1)]
        works = kind == CalendarDay.Kind.WORK
        days = [day for day in span if below.is_working(day) != works]
        if days:
            return days
        words = {"day": first.isoformat(), "weekday": date_format(first, "l")}
        if works:
            sentence = gettext("%(day)s, %(weekday)s, is worked anyway: only a free day can become a working day.")
        else:
            sentence = gettext("%(day)s, %(weekday)s, is free anyway: only a working day can become free.")
        raise ValidationError({"date": sentence % words})


def _enter(form: Any) -> None:
    """What saving the form does to the table, with every day of a holiday."""
    day = form.save()
    CalendarDay.objects.bulk_create(
        CalendarDay(calendar=day.calendar, date=more, kind=day.kind, note=day.note) for more in form.days[1:]
    )


@admin.register(CalendarDay)
class CalendarDayAdmin(ReferenceAdmin):
    form = DayForm
    list_display = ["date", "weekday", "kind", "note", "calendar"]
    list_filter = ["calendar", "kind"]
    list_select_related = ["calendar"]
    search_fields = ["note", "date"]
    date_hierarchy = "date"
    ordering = ["-date"]
    list_per_page = 50
    actions = ["delete_selected"]

    def changeform_view(self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any) -> Any:
        if request.method == "POST" and not effects.is_confirmed(request):
            found = self.get_object(request, unquote(object_id)) if object_id else None
            form = self.get_form(request, found, change=found is not None)(request.POST, instance=found)
            if form.is_valid() and (effect := effects.effect_of(lambda: _enter(form))):
                return effects.confirmation(self, request, effect)
        return super().changeform_view(request, object_id, *args, **kwargs)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        found = self.get_object(request, unquote(object_id))
        if request.method != "POST" and found is not None:
            effect = effects.effect_of(CalendarDay.objects.filter(pk=found.pk).delete)
            extra_context = {"effect": effect} | (extra_context or {})
        return super().delete_view(request, object_id, extra_context)

    @admin.action(permissions=["delete"], description=getattr(delete_selected, "short_description", None))
    def delete_selected(self, request: HttpRequest, chosen: QuerySet[CalendarDay]) -> TemplateResponse | None:
        page = delete_selected(self, request, chosen)
        if page is not None and page.context_data is not None:
            page.context_data["effect"] = effects.effect_of(CalendarDay.objects.filter(pk__in=chosen).delete)
        return page

    def notes(self, request: HttpRequest, obj: CalendarDay | None = None) -> Sequence[str]:
        return _calendar_notes()

    def get_fields(self, request: HttpRequest, obj: CalendarDay | None = None) -> Any:
        return ["calendar", "date", "kind", "note"] if obj else ["calendar", "date", "last", "kind", "note"]

    def get_readonly_fields(self, request: HttpRequest, obj: CalendarDay | None = None) -> list[str]:
        return ["calendar"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"calendar": Calendar.objects.national().pk} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for day in form.days[1:]:
            more = CalendarDay.objects.create(calendar=obj.calendar, date=day, kind=obj.kind, note=obj.note)
            self.log_addition(request, more, [{"added": {}}])
        _read_anew([obj.calendar_id])

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        super().delete_model(request, obj)
        _read_anew([obj.calendar_id])

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> None:
        edited = set(queryset.values_list("calendar_id", flat=True))
        super().delete_queryset(request, queryset)
        _read_anew(edited)

    @admin.display(description=_("weekday"))
    def weekday(self, day: CalendarDay) -> str:
        return date_format(day.date, "l")
