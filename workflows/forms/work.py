"""What is asked of a unit about a task it has in hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.access import LEADING_ROLES, WORKING_ROLES
from bureaus.form_fields import DayField, words
from bureaus.models import Bureau, Membership, User
from measures.models import Step
from workflows.forms.base import ActForm, FilesField


def _people(unit: Bureau) -> Any:
    posts = Membership.objects.current().filter(bureau=unit, role__in=WORKING_ROLES).values("user")
    return User.objects.filter(pk__in=posts).order_by("id")


class PeopleForm(ActForm):
    handler = forms.ModelChoiceField(User.objects.none(), label=_("handler"))
    leader = forms.ModelChoiceField(User.objects.none(), label=_("leader who answers for it"))

    def prepare(self) -> None:
        people = _people(self.row.unit)
        leading = Membership.objects.current().filter(bureau=self.row.unit, role__in=LEADING_ROLES)
        for name, chosen, found in (
            ("handler", self.row.handler_id, people),
            ("leader", self.row.leader_id, people.filter(pk__in=leading.values("user")) or people),
        ):
            field = self.fields[name]
            field.queryset = found  # type: ignore[attr-defined]
            field.initial = chosen or getattr(found.first(), "pk", None)


class ReasonForm(ActForm):
    reason = words(_("reason"))


class NoteForm(ActForm):
    note = words(_("note"), required=False)


class ReassignForm(ReasonForm):
    to = forms.ModelChoiceField(
        Bureau.objects.exclude(level=Bureau.Level.ORGAN),
        label=_("unit that gets it instead"),
        to_field_name="code",
    )
    field_order = ["to", "reason"]


class PassOnForm(ActForm):
    to_name = forms.CharField(label=_("passed on to (county bureau, township or person)"), max_length=60)
    due_on = DayField(label=_("to be done by"))
    note = words(_("note"), required=False)


class AsksForm(ActForm):
    """A form that also asks what the plan file says this kind of work must name."""

    asks_required = False

    def prepare(self) -> None:
        known = self.row.figures.get("asked", {})
        for ask in self.row.step.extras.get("asks", []):
            self.fields[f"asked-{ask['code']}"] = _ask_field(ask, known.get(ask["code"]), self.asks_required)

    def values(self) -> dict[str, Any]:
        values = super().values()
        names = [name for name in values if name.startswith("asked-")]
        asked = {name.removeprefix("asked-"): values.pop(name) for name in names}
        given = {code: value for code, value in asked.items() if value not in ("", None)}
        if given:
            values["figures"] = {"asked": self.row.figures.get("asked", {}) | given}
        return values


def _ask_field(ask: dict[str, str], known: Any, required: bool) -> forms.Field:
    options: dict[str, Any] = {"label": ask["label"], "required": required, "initial": known}
    if ask["kind"] == "number":
        return forms.FloatField(min_value=0, widget=forms.NumberInput(attrs={"class": "num-input"}), **options)
    if ask["kind"] == "yes_no":
        return forms.ChoiceField(choices=[("", "—"), ("yes", gettext("yes")), ("no", gettext("no"))], **options)
    return forms.CharField(max_length=1000, **options)


class ReportForm(AsksForm):
    text = words(_("progress"))
    progress = forms.IntegerField(label=_("progress in per cent"), min_value=0, max_value=100)
    problems = words(_("problems"), required=False, rows=2)
    next_step = words(_("next step"), required=False, rows=2)
    done_on = DayField(
        label=_("done on"),
        required=False,
        help_text=_("Only if it was done earlier; work done before the plan is entered here and is never late."),
    )
    uploads = FilesField(label=_("attachments"), required=False)

    def prepare(self) -> None:
        super().prepare()
        self.fields["progress"].initial = self.row.progress


class SendUpForm(AsksForm):
    asks_required = True
    result = words(_("result"), rows=5)
    uploads = FilesField(label=_("attachments"), required=False)

    def prepare(self) -> None:
        super().prepare()
        self.fields["result"].initial = self.row.result
        for place, label in enumerate(self.row.step.extras.get("evidence", [])):
            self.fields[f"unmet-{place}"] = words(
                label,
                rows=2,
                help_text=gettext("Say that this list is empty, or explain what is left and what comes next."),
            )
            self.fields[f"unmet-{place}"].initial = self.row.figures.get("unmet", {}).get(label, "")
        if self.row.step.kind == Step.Kind.DIVISION:
            units = [("", "—"), *Bureau.objects.exclude(level=Bureau.Level.ORGAN).values_list("code", "short_name")]
            for step in self.row.plan.steps.filter(measure=self.row.measure, opens=Step.Opens.NAMED):
                default = self.row.unit.code if step.default_owner == "lead" else step.default_owner
                self.fields[f"owner-{step.code}"] = forms.ChoiceField(
                    label=gettext("who does “%(title)s”") % {"title": step.title},
                    choices=units,
                    initial=self.row.figures.get("owners", {}).get(step.code) or default,
                    help_text=step.quote,
                )

    def values(self) -> dict[str, Any]:
        values = super().values()
        figures = values.pop("figures", {})
        names = [name for name in values if name.startswith("owner-")]
        owners = {name.removeprefix("owner-"): values.pop(name) for name in names}
        if owners:
            figures["owners"] = {step: unit for step, unit in owners.items() if unit}
        evidence = self.row.step.extras.get("evidence", [])
        if evidence:
            figures["unmet"] = {label: values.pop(f"unmet-{place}") for place, label in enumerate(evidence)}
        return values | {"figures": figures}


class SignOffForm(ActForm):
    note = words(_("opinion"), required=False, rows=2)
    exception = forms.CharField(
        label=_("why nobody else can sign off"),
        required=False,
        max_length=300,
        help_text=_("Only if you sent it up yourself and the unit has no other leader."),
    )


class ExtensionForm(ActForm):
    to = DayField(label=_("exact new date"))
    reason = words(_("reason"))
    present_progress = words(_("present progress"), required=False, rows=2)


class ShortenForm(ActForm):
    to = DayField(label=_("exact new date"))
    reason = words(_("reason"))
    document_no = forms.CharField(label=_("document number"), max_length=60)


class FindingForm(ActForm):
    unit = forms.ModelChoiceField(Bureau.objects.none(), label=_("unit it is about"), to_field_name="code")
    text = words(_("finding"))

    def prepare(self) -> None:
        """A county looks at its own work only: it finds nothing about another."""
        if self.row.measure:
            bodies = Bureau.objects.filter(pk__in=self.row.measure.responsibilities.values("bureau"))
            if self.row.unit.is_county:
                bodies = bodies.filter(pk=self.row.unit_id)
            self.fields["unit"].queryset = bodies  # type: ignore[attr-defined]


class RuleForm(ActForm):
    title = forms.CharField(label=_("title of the rule"), max_length=200)
    document_no = forms.CharField(label=_("document number"), max_length=60, required=False)
    issued_on = DayField(label=_("issued on"))


class ConfirmForm(ActForm):
    agrees = forms.TypedChoiceField(
        label=_("the division of work"),
        choices=[("yes", _("is right for our part")), ("no", _("is not right"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="yes",
    )
    note = words(_("what is wrong"), required=False, rows=2)
