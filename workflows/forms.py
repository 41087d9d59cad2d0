"""What a page asks for before an act. A form parses; the act decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus import absences, clock
from bureaus.models import Bureau, Membership, User
from measures import access
from measures.models import Assignment, FormCheck, Measure, Site, Step
from workflows import file_kinds, slips
from workflows.actions import Line, SiteLine, Upload, files
from workflows.models import Slip
from workflows.queries import PAGE
from workflows.reasons import reasons_for
from workflows.rounds import Gap
from workflows.submissions import Part, Remark, parts


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day somebody could mean: no year 0219 and no year 9999, which no calendar reaches."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=DateInput(), **kwargs)

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None and not 2000 <= day.year < 2100:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class ManyFiles(forms.ClearableFileInput):
    """Says to the browser what is taken, so that nobody waits for a file to arrive that is refused then."""

    allow_multiple_selected = True

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        told = {
            "accept": ",".join(file_kinds.ENDINGS),
            "data-mb": str(settings.ATTACHMENT_MAX_MB),
            "data-at-once": str(files.AT_ONCE),
        }
        return super().build_attrs(base_attrs, extra_attrs) | told


class FilesField(forms.FileField):
    """Several files at once, handed to the act as uploads; what is not taken is said beside the field."""

    widget = ManyFiles

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text=lazy(files.limits, str)(), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        files.check_number([file.name for file in given])
        uploads = []
        wrong = []
        for file in given:
            try:
                files.check_size(file.name, file.size)  # before all of it is read into memory
                uploads.append(Upload(file.name, file.read()))
                files.check(uploads[-1])
            except ValidationError as error:
                wrong.append(error)
        if wrong:
            raise ValidationError(wrong)
        return uploads


class Remarked(forms.BoundField):
    """A field with what its reviewer said about it, read out with it."""

    form: ActForm

    @property
    def said(self) -> list[Remark]:
        return self.form.said.get(self.name, [])

    @property
    def missed(self) -> list[Gap]:
        return self.form.missed.get(self.name, [])

    @property
    def aria_describedby(self) -> str | None:
        beside = [part for part, found in (("gaps", self.missed), ("said", self.said)) if found and self.auto_id]
        return (
            " ".join(filter(None, [super().aria_describedby, *(f"{self.auto_id}_{part}" for part in beside)])) or None
        )


class ActForm(forms.Form):
    """A form about one assignment; `values()` are the act's keyword arguments.

    `said` holds what a reviewer said about its fields when the work was last returned, `missed` what the receivers of
    a site plan miss in them.
    """

    bound_field_class = Remarked
    said: Mapping[str, list[Remark]] = {}
    missed: Mapping[str, list[Gap]] = {}

    def __init__(self, row: Assignment, *args: Any, **kwargs: Any) -> None:
        self.row = row
        super().__init__(*args, **kwargs)
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices that depend on the assignment."""

    def values(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


def words(label: Any, *, required: bool = True, rows: int = 3, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=5000,
        help_text=help_text,
    )


def _people(unit: Bureau) -> Any:
    posts = Membership.objects.current().filter(bureau=unit, role__in=access.WORKING_ROLES).values("user")
    return User.objects.filter(pk__in=posts).order_by("id")


class PeopleForm(ActForm):
    handler = forms.ModelChoiceField(User.objects.none(), label=_("handler"))
    leader = forms.ModelChoiceField(User.objects.none(), label=_("leader who answers for it"))

    def prepare(self) -> None:
        people = _people(self.row.unit)
        leading = Membership.objects.current().filter(bureau=self.row.unit, role__in=access.LEADING_ROLES)
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


class ObjectingForm(ActForm):
    """Says what is wrong: standard reasons to tick, own words, and a remark on each field of what was handed in.

    The remarks stand beside the evidence, outside the form's own element: where it does not show them
    (`remarks_apart`), they are among its other fields.
    """

    REMARK = "remark-"

    ticked = forms.MultipleChoiceField(label=_("standard reasons"), required=False, widget=forms.CheckboxSelectMultiple)
    act = ""
    remarks_apart = False

    def prepare(self) -> None:
        self.fields["ticked"].choices = [(one.code, one.label) for one in reasons_for(self.row)]  # type: ignore[attr-defined]
        self.parts: list[Part] = parts(self.row)
        for part in self.parts:
            self.fields[self.REMARK + part.code] = forms.CharField(
                label=gettext("remark on “%(field)s”") % {"field": part.label},
                required=False,
                max_length=500,
                widget=forms.Textarea(attrs={"rows": 2, "form": f"act-{self.act}"}),
            )

    def visible_fields(self) -> list[forms.BoundField]:
        found = super().visible_fields()
        return [field for field in found if not (self.remarks_apart and field.name.startswith(self.REMARK))]

    def remark_on(self, part: Part) -> forms.BoundField:
        return self[self.REMARK + part.code]

    def values(self) -> dict[str, Any]:
        values = super().values()
        names = [name for name in values if name.startswith(self.REMARK)]
        return values | {"remarks": {name.removeprefix(self.REMARK): values.pop(name) for name in names}}


class ReturnForm(ObjectingForm):
    act = "send_back"

    reason = words(_("in your own words"), required=False)
    correct_by = DayField(
        label=_("to be corrected by"),
        required=False,
        help_text=_("As the rule sets it; you may choose a later day."),
    )
    field_order = ["ticked", "reason", "correct_by"]

    def offer(self, day: date | None) -> None:
        """The date the rule sets stands in the form; an earlier one is not taken."""
        field = self.fields["correct_by"]
        if day is None:
            del self.fields["correct_by"]  # work without an end has no date to correct it by
        else:
            field.initial = day
            field.widget.attrs["min"] = day.isoformat()


class ExtensionForm(ActForm):
    to = DayField(label=_("exact new date"))
    reason = words(_("reason"))
    present_progress = words(_("present progress"), required=False, rows=2)


class GrantForm(ActForm):
    to = DayField(label=_("exact new date"))
    document_no = forms.CharField(label=_("document number"), max_length=60)
    opinion = words(_("opinion"), required=False, rows=2)


class ShortenForm(ActForm):
    to = DayField(label=_("exact new date"))
    reason = words(_("reason"))
    document_no = forms.CharField(label=_("document number"), max_length=60)


class OpinionForm(ActForm):
    opinion = words(_("opinion"))


class UrgeForm(ActForm):
    text = words(_("what is asked for"))
    urgent = forms.BooleanField(
        label=_("extremely urgent"),
        required=False,
        help_text=_("The notice leaves at once, also at night and on a free day, and that is kept on record."),
    )


class UrgeManyForm(forms.Form):
    """One text for the tasks ticked in a list, by their keys; only who supervises may call it urgent."""

    text = words(UrgeForm.base_fields["text"].label, rows=2)
    urgent = UrgeForm.base_fields["urgent"]

    def __init__(self, standing: access.Standing, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not standing.supervises:
            del self.fields["urgent"]

    @property
    def keys(self) -> list[str]:
        given = getattr(self.data, "getlist", None)
        return given("task") if given else []

    def clean(self) -> None:
        if not self.keys:
            raise ValidationError(gettext("Tick at least one task."))
        if len(self.keys) > PAGE:
            raise ValidationError(gettext("That is more than stands on one page."))


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


class CheckForm(ObjectingForm):
    act = "check_form"

    outcome = forms.ChoiceField(label=_("form and completeness"), choices=FormCheck.Outcome, widget=forms.RadioSelect)
    gaps = words(_("what is missing"), required=False)
    field_order = ["outcome", "ticked", "gaps"]


class FilingDraftForm(ActForm):
    """The site plan: four texts, and the table post → project → household as rows `post0`, `project0` …"""

    ROWS = 5

    title = forms.CharField(label=_("title of the site plan"), max_length=120, required=False)
    resources = words(_("resources examined"), required=False)
    industry = words(_("industry examined"), required=False)
    employment = words(_("employment examined"), required=False)

    def prepare(self) -> None:
        filing = self.row.filing
        for name in ("title", "resources", "industry", "employment"):
            self.fields[name].initial = getattr(filing, name)
        if not self.is_bound:
            lines = [
                {
                    "post": line.post,
                    "project": line.project,
                    "persons": line.persons,
                    "households": line.households,
                }
                for line in filing.lines.all()
            ]
            self.table: list[dict[str, Any]] = [*lines, *({} for _empty in range(max(1, self.ROWS - len(lines))))]
        else:
            self.table = self._posted()

    def _posted(self) -> list[dict[str, Any]]:
        rows = []
        number = 0
        while f"post{number}" in self.data:
            rows.append(
                {
                    name: self.data.get(f"{name}{number}", "").replace("\x00", "").strip()
                    for name in ("post", "project", "persons", "households")
                }
            )
            number += 1
        return rows

    def clean(self) -> dict[str, Any]:
        lines = []
        for number, row in enumerate(self.table, start=1):
            if not any(row.values()):
                continue
            try:
                persons, households = int(row["persons"]), int(row["households"])
            except ValueError:
                self.add_error(
                    None, gettext("Row %(row)s: persons and households are whole numbers.") % {"row": number}
                )
                continue
            if not row["post"] or not row["project"] or persons < 0 or households < 0:
                self.add_error(
                    None, gettext("Row %(row)s: fill in post, project, persons and households.") % {"row": number}
                )
                continue
            if max(persons, households) > 1_000_000:
                self.add_error(None, gettext("Row %(row)s: this number is too large.") % {"row": number})
                continue
            lines.append(Line(row["post"][:60], row["project"][:80], persons, households))
        return {**(self.cleaned_data or {}), "lines": lines}


class RosterForm(ActForm):
    """Each place of the county with what it is, and rows for places nobody has named yet."""

    NEW = 3

    def prepare(self) -> None:
        self.sites = list(
            Site.objects.filter(plan=self.row.plan, county=self.row.unit, is_placeholder=False).order_by("order", "id")
        )
        kinds = [("", "—"), *[choice for choice in Site.Kind.choices if choice[0] != Site.Kind.UNCONFIRMED]]
        for site in self.sites:
            self.fields[f"kind-{site.pk}"] = forms.ChoiceField(
                label=site.name,
                choices=kinds,
                required=False,
                initial="" if site.kind == Site.Kind.UNCONFIRMED else site.kind,
            )
            self.fields[f"note-{site.pk}"] = forms.CharField(
                label=gettext("note on %(name)s") % {"name": site.name},
                required=False,
                max_length=200,
                initial=site.note,
            )
        for number in range(self.NEW):
            self.fields[f"new-name-{number}"] = forms.CharField(
                label=gettext("another place"), required=False, max_length=40
            )
            self.fields[f"new-kind-{number}"] = forms.ChoiceField(
                label=gettext("what it is"), choices=kinds, required=False
            )

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        lines = [
            SiteLine(site.name, given[f"kind-{site.pk}"] or Site.Kind.UNCONFIRMED, given[f"note-{site.pk}"])
            for site in self.sites
        ]
        for number in range(self.NEW):
            if name := given[f"new-name-{number}"].strip():
                lines.append(SiteLine(name, given[f"new-kind-{number}"] or Site.Kind.UNCONFIRMED))
        return {"sites": lines}


class MonthlyForm(ActForm):
    """The figures of a month by the sections of the plan file; an empty field is not a zero."""

    def prepare(self) -> None:
        filed = self.row.monthly_return
        self.sections = []
        for section in self.row.plan.content["return_sections"]:
            names = []
            for field in section["fields"]:
                self.fields[field["code"]] = forms.IntegerField(
                    label=field["label"],
                    required=False,
                    min_value=0,
                    max_value=10_000_000,
                    initial=filed.figures.get(field["code"]),
                    widget=forms.NumberInput(attrs={"class": "num-input", "inputmode": "numeric"}),
                )
                names.append((field["code"], field["unit"]))
            self.sections.append((section["title"], names))
        self.fields["problems"] = words(gettext("problems"), required=False)
        self.fields["problems"].initial = filed.problems

    def carry(self, before: dict[str, Any]) -> None:
        """Offer the standing numbers of an earlier return where nothing has been entered yet."""
        figures = self.row.monthly_return.figures
        for section in self.row.plan.content["return_sections"]:
            for field in section["fields"]:
                if field.get("carry") and field["code"] not in figures:
                    self.fields[field["code"]].initial = before.get(field["code"])

    def values(self) -> dict[str, Any]:
        figures = dict(self.cleaned_data)
        return {"problems": figures.pop("problems"), "figures": figures}

    def bound_sections(self) -> list[tuple[str, list[tuple[Any, str]]]]:
        return [(title, [(self[code], unit) for code, unit in names]) for title, names in self.sections]


class ProposeSlipForm(ActForm):
    colour = forms.ChoiceField(label=_("colour"))
    reason = words(_("reason"))

    def prepare(self) -> None:
        fitting = slips.colours_for(self.row, clock.now())
        self.fields["colour"].choices = [(one.value, one.label) for one in Slip.Colour if one in fitting]  # type: ignore[attr-defined]
        self.fields["colour"].initial = fitting[0]


class AbsenceForm(forms.Form):
    """An absence of one's own, or of somebody of the unit one heads."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("who is away"), to_field_name="username")
    first_day = DayField(label=_("first day"))
    last_day = DayField(label=_("last day"))
    deputy = forms.ModelChoiceField(
        User.objects.none(),
        label=_("deputy"),
        to_field_name="username",
        help_text=_("Is told, and may act, on behalf of whoever is away."),
    )
    note = forms.CharField(label=_("note"), max_length=100, required=False)

    def __init__(self, by: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = absences.people_of(by)
        deputies = absences.deputies_for(by)
        if people.exists():
            self.fields["user"].queryset = people | User.objects.filter(pk=by.pk)  # type: ignore[attr-defined]
            self.fields["user"].initial = by.username
            deputies = deputies | User.objects.filter(pk=by.pk)
        else:
            del self.fields["user"]
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]


class IssueSlipForm(forms.Form):
    demand = words(_("what is demanded"), rows=4)
    answer_by = DayField(label=_("to be answered by"))


class DismissSlipForm(forms.Form):
    reason = words(_("why it is not issued"), rows=2)


class AnswerSlipForm(forms.Form):
    answer = words(_("answer"), rows=4)


class AddBodyForm(forms.Form):
    bureau = forms.ModelChoiceField(
        Bureau.objects.filter(level=Bureau.Level.PREFECTURE),
        label=_("body to be added"),
        to_field_name="code",
    )
    reason = words(_("reason"), rows=2)

    def __init__(self, measure: Measure, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        present = measure.responsibilities.values("bureau")
        self.fields["bureau"].queryset = Bureau.objects.filter(  # type: ignore[attr-defined]
            level=Bureau.Level.PREFECTURE
        ).exclude(pk__in=present)


# act → its form; an act without a form of its own asks for nothing.
FORMS: dict[str, type[ActForm]] = {
    "sign": PeopleForm,
    "name_people": PeopleForm,
    "refuse": ReasonForm,
    "reissue": ReasonForm,
    "reassign": ReassignForm,
    "pass_on": PassOnForm,
    "report": ReportForm,
    "ask_extension": ExtensionForm,
    "note_reasons": ReasonForm,
    "shorten": ShortenForm,
    "send_up": SendUpForm,
    "hand_back": ReasonForm,
    "sign_off": SignOffForm,
    "withdraw": ReasonForm,
    "accept": NoteForm,
    "send_back": ReturnForm,
    "check_form": CheckForm,
    "reconsider": ReasonForm,
    "close": NoteForm,
    "suspend": ReasonForm,
    "resume": ReasonForm,
    "cancel": ReasonForm,
    "urge": UrgeForm,
    "confirm_division": ConfirmForm,
    "record_rule": RuleForm,
    "record_finding": FindingForm,
    "propose_slip": ProposeSlipForm,
    "save_draft": FilingDraftForm,
    "save_roster": RosterForm,
    "save_return": MonthlyForm,
}
