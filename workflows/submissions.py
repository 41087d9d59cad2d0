"""What was handed in, field by field, and what reviewers have said beside each field.

A field goes by the name it has in its writer's form, so that a remark finds its way back beside it; a file
is `file-<number>`. Remarks are kept in the data of the event that returns the work, as
[{"field": "result", "label": "成果", "text": "…"}, …].
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus.models import Bureau
from measures.models import Assignment, Attachment, Event, Filing, Site, Step
from workflows import ledger_figures

FILE = "file-"
Kinds = Event.Kind
# The events that tell the story of a submission.
STORY = (Kinds.SENT_UP, Kinds.SUBMITTED, Kinds.RETURNED, Kinds.RECONSIDERED)
# The texts of a site plan, by their names in the model.
WRITTEN = ("title", "resources", "industry", "employment")


@dataclass(frozen=True)
class Part:
    """A field of what was handed in: its name in the form, its label, what it says; or a table, or a file."""

    code: str
    label: str
    value: str = ""
    lines: Sequence[dict[str, Any]] = ()
    file: Attachment | None = None


@dataclass(frozen=True)
class Remark:
    """What a reviewer said about one field, in which round."""

    label: str
    text: str
    round: int
    event: Event
    is_file: bool = False


# --- Field by field ------------------------------------------------------------------------------


def parts(row: Assignment) -> list[Part]:
    """Everything that was handed in, in the order of its writer's forms, files last."""
    files = [
        Part(f"{FILE}{file.pk}", file.name, file=file)
        for file in row.attachments.select_related("by").order_by("-at", "-id")
    ]
    found: list[Part] = []
    if row.step.kind == Step.Kind.FILING:
        found = [*_filing(row), _counted(len(files))]
    elif row.step.kind == Step.Kind.MONTHLY:
        found = _monthly(row)
    elif row.step.kind == Step.Kind.ROSTER:
        found = _roster(row)
    return [*in_words(row), *_owners(row), *found, *files]


def in_words(row: Assignment) -> list[Part]:
    """The result and what was named with it."""
    found = [Part("result", _("result"), row.result)]
    asked = row.figures.get("asked", {})
    for ask in row.step.extras.get("asks", []):
        found.append(Part(f"asked-{ask['code']}", ask["label"], _answer(ask["kind"], asked.get(ask["code"]))))
    unmet = row.figures.get("unmet", {})
    for place, label in enumerate(row.step.extras.get("evidence", [])):
        found.append(Part(f"unmet-{place}", label, unmet.get(label, "")))
    return found


def _owners(row: Assignment) -> list[Part]:
    """Who does what, as a division of work names it."""
    owners = row.figures.get("owners", {})
    if not owners:
        return []
    titles = dict(row.plan.steps.filter(code__in=owners).values_list("code", "title"))
    units = dict(Bureau.objects.filter(code__in=owners.values()).values_list("code", "name"))
    return [Part(f"owner-{code}", titles.get(code, code), units.get(unit, unit)) for code, unit in owners.items()]


def _answer(kind: str, value: Any) -> str:
    if kind == "yes_no":
        return {"yes": _("yes"), "no": _("no")}.get(value, "")
    if kind == "number" and value is not None:
        return str(number_format(int(value) if value == int(value) else value))
    return "" if value is None else str(value)


def _filing(row: Assignment) -> list[Part]:
    content = row.filing.content()
    labels = {field.name: str(field.verbose_name) for field in Filing._meta.fields}
    found = [Part(name, labels[name], str(content[name])) for name in WRITTEN]
    return [*found, Part("lines", _("posts, projects and households"), lines=content["lines"])]  # type: ignore[arg-type]


def _counted(files: int) -> Part:
    """What is missing altogether has no file to say it of."""
    counted = ngettext("%(n)s file", "%(n)s files", files) % {"n": files} if files else ""
    return Part("attachments", _("attachments"), counted)


def _monthly(row: Assignment) -> list[Part]:
    filed = row.monthly_return
    counted = row.figures.get(ledger_figures.KEY, {})
    found = []
    for section in row.plan.content["return_sections"]:
        for one in section["fields"]:
            value = filed.figures.get(one["code"])
            said = "" if value is None else f"{number_format(value)} {one['unit']}".strip()
            if one["code"] in counted:
                other = {"reported": said or "—", "ledger": number_format(counted[one["code"]])}
                said = (
                    _("%(reported)s, as the ledger has it") % other
                    if counted[one["code"]] == value
                    else _("%(reported)s ≠ %(ledger)s in the ledger") % other
                )
            found.append(Part(one["code"], one["label"], said))
    return [*found, Part("problems", _("problems"), filed.problems)]


def _roster(row: Assignment) -> list[Part]:
    sites = Site.objects.filter(plan=row.plan, county=row.unit, is_placeholder=False).order_by("order", "id")
    return [
        Part(f"kind-{site.pk}", site.name, " · ".join(filter(None, [site.get_kind_display(), site.note])))
        for site in sites
    ]


def kept_remarks(row: Assignment, remarks: Mapping[str, str]) -> list[dict[str, str]]:
    """Remarks as an event keeps them, in the order of the fields; the empty ones are none.

    Raises ValidationError for a field that is no part of what was handed in.
    """
    given = {code: text.strip() for code, text in remarks.items() if text.strip()}
    if not given:
        return []
    found = [
        {"field": part.code, "label": part.label, "text": given[part.code]} for part in parts(row) if part.code in given
    ]
    if len(found) < len(given):
        raise ValidationError(_("A remark is about something that is no longer part of what was handed in."))
    return found


# --- What was said about it ----------------------------------------------------------------------


def standing_remarks(row: Assignment, story: Iterable[Event]) -> dict[str, list[Remark]]:
    """field → what was said about it when the work was last returned; nothing if that return was mistaken.

    A remark about a file stands beside the field for files too, where the writer lays the next one.
    """
    found: dict[str, list[Remark]] = defaultdict(list)
    for event in standing(story):
        about = event.data["round"] - 1
        if about != row.round - 1:
            continue
        for said in event.data.get("remarks", []):
            remark = Remark(said["label"], said["text"], about, event, said["field"].startswith(FILE))
            found[said["field"]].append(remark)
            if remark.is_file:
                found["uploads"].append(remark)
    return dict(found)


def story_of(row: Assignment) -> list[Event]:
    return list(row.events.filter(kind__in=STORY).select_related("actor", "actor_unit").order_by("at", "id"))


def standing(story: Iterable[Event]) -> list[Event]:
    """The returns that were not taken back since."""
    found: list[Event] = []
    for event in story:
        if event.kind == Kinds.RECONSIDERED:
            found = []
        elif event.kind == Kinds.RETURNED:
            found.append(event)
    return found
