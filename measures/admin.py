"""The administrator's pages about plans: to look at, and the terms that are ours to change.

Besides: what plans and work know of a body or a person that the pages of `bureaus` cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.admin.base import LookAdmin, ReferenceAdmin
from bureaus.admin.bodies import BureauAdmin
from bureaus.admin.people import PersonAdmin
from bureaus.models import Bureau, User
from measures.models import Assignment, Measure, Plan, Responsibility, Step

IN_DAYS = (Step.Due.WORKING_DAYS, Step.Due.NEXT_MONTH_DAY, Step.Due.AFTER_RETURNS)
LAST_DAY_OF_EVERY_MONTH = 28
LONGEST_TERM = 366


# --- What plans and work add to pages of `bureaus` -------------------------------------------------

admin.site.unregister([Bureau, User])


@admin.register(Bureau)
class PlannedBureauAdmin(BureauAdmin):
    """Plans name a bureau by its code, which no foreign key shows."""

    def is_used(self, bureau: Bureau) -> bool:
        named = any(bureau.code in plan.content.get("bodies", {}) for plan in Plan.objects.all())
        return named or super().is_used(bureau)


@admin.register(User)
class WorkingPersonAdmin(PersonAdmin):
    def open_work(self, person: User) -> Sequence[tuple[Bureau, int]]:
        named = Assignment.objects.open().filter(Q(handler=person) | Q(leader=person))
        counts = dict(named.order_by().values_list("unit").annotate(count=Count("pk")))
        return [(bureau, counts[bureau.pk]) for bureau in Bureau.objects.filter(pk__in=counts)]


# --- Plans, to look at -----------------------------------------------------------------------------


@admin.register(Plan)
class PlanAdmin(LookAdmin):
    list_display = ["title", "code", "year", "document_no", "ends_on", "started_at", "steps"]

    def notes(self, request: HttpRequest, obj: Plan | None = None) -> Sequence[str]:
        return [
            gettext("A plan is loaded from its file (manage.py load_plan) and issued by the supervision office."),
        ]

    @admin.display(description=_("steps"))
    def steps(self, plan: Plan) -> str:
        url = reverse("admin:measures_step_changelist")
        return format_html('<a href="{}?plan__id__exact={}">{}</a>', url, plan.pk, plan.steps.count())


@admin.register(Measure)
class MeasureAdmin(LookAdmin):
    list_display = ["number", "title", "clause", "deadline_text", "due_on", "leads", "others"]
    list_filter = ["plan"]
    list_select_related = ["plan"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Measure]:
        return super().get_queryset(request).prefetch_related("responsibilities__bureau")

    @admin.display(description=Responsibility.Kind.LEAD.label)
    def leads(self, measure: Measure) -> str:
        return _bodies(measure, Responsibility.Kind.LEAD)

    @admin.display(description=Responsibility.Kind.SUPPORT.label)
    def others(self, measure: Measure) -> str:
        return _bodies(measure, Responsibility.Kind.SUPPORT)


def _bodies(measure: Measure, kind: str) -> str:
    return "、".join(str(row.bureau) for row in measure.responsibilities.all() if row.kind == kind)


# --- Steps: the plan's terms stand, ours may be changed ---------------------------------------------


def own_checkups(step: Step, basis: str = Step.Basis.OURS) -> list[str]:
    return [row["on"] for row in step.checkups if row["basis"] == basis]


def ours_to_change(step: Step) -> list[str]:
    """The fields of a step that hold a date or a term of ours."""
    fields = []
    if step.due_basis == Step.Basis.OURS:
        fields += ["due_days"] if step.due in IN_DAYS else ["due_on"] if step.due == Step.Due.FIXED else []
    # A running checkup is known by its place among the dates: while work is open they stay.
    if own_checkups(step) and not step.assignments.filter(state__in=Assignment.OPEN).exists():
        fields.append("own_checkups")
    if step.checkup_days is not None:
        fields.append("checkup_days")
    return [*fields, "correction_days"]


class StepForm(forms.ModelForm):
    """Our own terms of a step. What the plan says is no field of this form."""

    own_checkups = forms.CharField(
        label=_("checkups set by this system"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 7, "cols": 14}),
        help_text=_("One date a line, such as 2019-12-31."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(ours_to_change(self.instance)):
            del self.fields[name]
        for name, field in self.fields.items():
            # An empty term would make another kind of step of it, which its flow does not expect.
            field.required = name != "own_checkups"
        if "own_checkups" in self.fields:
            self.fields["own_checkups"].initial = "\r\n".join(own_checkups(self.instance))

    def clean_due_days(self) -> int:
        day_of_month = self.instance.due == Step.Due.NEXT_MONTH_DAY
        return _between(self.cleaned_data["due_days"], LAST_DAY_OF_EVERY_MONTH if day_of_month else LONGEST_TERM)

    def clean_checkup_days(self) -> int:
        return _between(self.cleaned_data["checkup_days"], LONGEST_TERM)

    def clean_correction_days(self) -> int:
        return _between(self.cleaned_data["correction_days"], LONGEST_TERM)

    def clean_due_on(self) -> date:
        return self._inside_plan(self.cleaned_data["due_on"])

    def clean_own_checkups(self) -> list[str]:
        """The dates in order, written as the step keeps them."""
        days = set()
        for line in self.cleaned_data["own_checkups"].split():
            try:
                day = date.fromisoformat(line)
            except ValueError:
                sentence = gettext("“%(line)s” is no date: write year, month and day as in 2019-12-31.")
                raise ValidationError(sentence % {"line": line}) from None
            if day.isoformat() in own_checkups(self.instance, Step.Basis.PLAN):
                raise ValidationError(gettext("%(day)s is a checkup of the plan already.") % {"day": day})
            days.add(self._inside_plan(day))
        return [day.isoformat() for day in sorted(days)]

    def _inside_plan(self, day: date) -> date:
        plan = self.instance.plan
        if day.year < plan.year or day > plan.ends_on:
            sentence = gettext("%(day)s lies outside the plan, which runs from %(year)d to %(end)s.")
            raise ValidationError(sentence % {"day": day, "year": plan.year, "end": plan.ends_on})
        return day


def _between(count: int, most: int) -> int:
    if not 1 <= count <= most:
        raise ValidationError(gettext("Enter a number from 1 to %(most)d.") % {"most": most})
    return count


@admin.register(Step)
class StepAdmin(ReferenceAdmin):
    """The plan's words, and below them what may be changed: dates and terms that are ours."""

    form = StepForm
    list_display = ["title", "number", "clause", "term", "due_basis"]
    list_filter = ["plan", "measure", "due_basis", "due"]
    list_select_related = ["plan", "measure"]
    search_fields = ["title", "code"]
    WORDS = ["of_plan", "of_measure", "title", "code", "clause", "quote", "who", "opens"]
    DATES = ["due", "due_basis", "due_text", "due_on", "due_days", "all_checkups", "checkup_days", "ladder"]

    def notes(self, request: HttpRequest, obj: Step | None = None) -> Sequence[str]:
        return [
            gettext("What the plan says stands as it is. Dates and terms that are ours may be changed."),
            gettext(
                "A change counts for work that opens later. Dates that already run do not move; a term for "
                "corrections counts from the next return on. Dates of checkups stay while work of the step is open."
            ),
            gettext(
                "Loading the plan file again shows a change made here as a difference and, if agreed to, puts "
                "the file's value back: what is to last belongs into the file too."
            ),
        ]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Step | None = None) -> Any:
        fixed, ours = self.get_readonly_fields(request, obj), ours_to_change(obj) if obj else []
        return [
            (_("Ours to change"), {"fields": ours}),
            (_("By the plan, or fixed"), {"fields": fixed}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Step | None = None) -> list[str]:
        ours = ours_to_change(obj) if obj else []
        return [name for name in (*self.WORDS, *self.DATES) if name not in ours]

    def save_model(self, request: HttpRequest, obj: Step, form: Any, change: bool) -> None:
        if "own_checkups" in form.cleaned_data:
            rows = [row for row in obj.checkups if row["basis"] != Step.Basis.OURS]
            rows += [{"on": day, "basis": Step.Basis.OURS.value} for day in form.cleaned_data["own_checkups"]]
            obj.checkups = sorted(rows, key=lambda row: row["on"])
        super().save_model(request, obj, form, change)

    @admin.display(description=_("measure"), ordering="measure__number")
    def number(self, step: Step) -> int | None:
        return step.measure.number if step.measure else None

    @admin.display(description=_("due"))
    def term(self, step: Step) -> str:
        kind = step.get_due_display()
        if step.due_on:
            return step.due_on.isoformat()
        return gettext("%(kind)s: %(days)d") % {"kind": kind, "days": step.due_days} if step.due_days else kind

    # As words: the pages of plan and measure are lists, there is nothing to follow a link to.
    @admin.display(description=_("work plan"))
    def of_plan(self, step: Step) -> str:
        return str(step.plan)

    @admin.display(description=_("measure"))
    def of_measure(self, step: Step) -> str:
        return str(step.measure or "—")

    @admin.display(description=_("owners"))
    def who(self, step: Step) -> str:
        found = Bureau.objects.in_bulk(step.owners, field_name="code")
        return "、".join(str(found.get(code, code)) for code in step.owners) or "—"

    @admin.display(description=_("checkups"))
    def all_checkups(self, step: Step) -> str:
        lines = [(row["on"], Step.Basis(row["basis"]).label) for row in step.checkups]
        return format_html_join("", "<div>{} {}</div>", lines) if lines else "—"
