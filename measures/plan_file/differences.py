"""Where the source disagrees with itself or is silent: said to a person, never resolved.

Codes are stable. `stated` is what the text says, `computed` what follows from the rest of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from measures.plan_file import dates
from measures.plan_file.problems import listed
from measures.plan_file.values import PLACEHOLDER, PlanFile, Spelling

# The guideline a plan stands on was not in force yet.
DRAFT = "征求意见稿"
# Said once in a list, it goes for all names in it: no spelling of its own.
PREFIX = "地区"


@dataclass(frozen=True)
class Difference:
    code: str
    text: str
    stated: int | None = None
    computed: int | None = None

    def as_dict(self) -> dict[str, Any]:
        row = asdict(self)
        return {key: row[key] for key in ("code", "stated", "computed", "text")}


def differences(plan: PlanFile) -> list[Difference]:
    """All of them, in the order of the document: the whole, bodies, measures, sites, figures."""
    return [
        *_document(plan),
        *_goals(plan),
        *_spellings(plan),
        *_measures(plan),
        *_sites(plan),
        *_breakdowns(plan),
    ]


def _document(plan: PlanFile) -> Iterator[Difference]:
    if plan.document_on is None:
        yield Difference("no_issue_date", _("The document bears no date of issue; nothing is counted from one."))
    if not plan.document_no:
        yield Difference("no_document_number", _("The document bears no number."))
    for basis in plan.facts.get("basis", []):
        if DRAFT in basis:
            text = _("One of the documents it stands on was still a draft: %(basis)s.")
            yield Difference("draft_basis", text % {"basis": basis})


def _goals(plan: PlanFile) -> Iterator[Difference]:
    goals = plan.facts.get("goals", {})
    counties = [row for row in plan.facts["baseline"].get("county", []) if "households" in row]
    total = sum(row["households"] for row in counties)
    if counties and "households" in goals and total != goals["households"]:
        each = listed(f"{plan.short(row['code'])}{row['households']}" for row in counties)
        names = {"stated": goals["households"], "computed": total, "each": each}
        text = _("The goal names %(stated)d households; those of the counties add up to %(computed)d (%(each)s).")
        yield Difference("households_sum", text % names, goals["households"], total)
    if "stable_days" in goals:
        text = _("The text does not say what stable employment is; this system counts %(days)d days.")
        yield Difference("stable_not_defined", text % {"days": goals["stable_days"]})


def _spellings(plan: PlanFile) -> Iterator[Difference]:
    for body in plan.bodies:
        ways = {spelling.written.removeprefix(PREFIX) for spelling in body.written}
        if len(ways) > 1:
            text = _("%(body)s is written in more than one way: %(ways)s. One body is meant.")
            yield Difference("body_spelling", text % {"body": body.short, "ways": _ways(body.written)})
    for group in plan.groups:
        if len({spelling.written for spelling in group.written}) > 1:
            names = {
                "group": group.name,
                "count": len(group.written),
                "ways": _ways(group.written),
                "members": listed(map(plan.short, group.members)),
            }
            text = _("%(group)s is written in %(count)d ways: %(ways)s. Here all of %(members)s are meant.")
            yield Difference("group_spelling", text % names)


def _ways(spellings: tuple[Spelling, ...]) -> str:
    """“林业局” (四（三）), “林业和草原局” (四（五）)."""
    ways: dict[str, list[str]] = {}
    for spelling in spellings:
        where = spelling.where + (_(": %(note)s") % {"note": spelling.note} if spelling.note else "")
        ways.setdefault(spelling.written.removeprefix(PREFIX), []).append(where)
    return listed(
        _("“%(way)s” (%(where)s)") % {"way": way, "where": _("; ").join(where)} for way, where in ways.items()
    )


def _measures(plan: PlanFile) -> Iterator[Difference]:
    for measure in plan.measures:
        names = {"number": measure.number, "title": measure.title, "words": measure.deadline_text}
        if measure.starts_on and measure.starts_on.year < plan.year:
            text = _("Measure %(number)d (%(title)s) begins in %(year)d, before the plan: what was done then is entered afterwards and never late.")  # fmt: skip  # noqa: E501
            yield Difference("start_before_plan", text % (names | {"year": measure.starts_on.year}))
        if len(measure.lead) > 1:
            text = _("Measure %(number)d (%(title)s) is led by several bodies, each for its own part: %(bodies)s.")
            bodies = listed(map(plan.short, measure.lead))
            yield Difference("joint_lead", text % (names | {"bodies": bodies}))
        if measure.open_ended_list:
            text = _("The list of bodies of measure %(number)d (%(title)s) ends in 等: more may be added later, none is invented.")  # fmt: skip  # noqa: E501
            yield Difference("open_list", text % names)
        flags, ask = dates.flags_in(measure.deadline_text, plan.year, plan.document_on)
        if "ambiguous_before" in flags and measure.due_on:
            text = _("“%(words)s” of measure %(number)d may leave the day itself out; here it counts.")
            yield Difference("deadline_ambiguous", text % names)
        if ask and not measure.due_on:
            text = _("“%(words)s” of measure %(number)d names no date that can be computed; none is guessed.")
            yield Difference("deadline_unresolved", text % names)
    for step in plan.steps:
        if step.extras.get("owner_missing"):
            text = _("The text names no body for “%(title)s” (%(clause)s); the lead decides: %(quote)s")
            yield Difference("body_missing", text % {"title": step.title, "clause": step.clause, "quote": step.quote})


def _sites(plan: PlanFile) -> Iterator[Difference]:
    if plan.placeholders:
        text = _("The text names no resettlement site in %(counties)s: each has a row “%(row)s” for now.")
        counties = listed(plan.short(site.county) for site in plan.placeholders)
        yield Difference("sites_not_named", text % {"counties": counties, "row": PLACEHOLDER})
    others = [site for site in plan.sites if not site.named]
    if others:
        text = _("Places the text names without calling them resettlement sites: %(places)s. The counties' rosters decide.")  # fmt: skip  # noqa: E501
        places = listed(
            _("%(place)s (%(county)s)") % {"place": site.name, "county": plan.short(site.county)} for site in others
        )
        yield Difference("places_not_called_sites", text % {"places": places})


def _breakdowns(plan: PlanFile) -> Iterator[Difference]:
    for row in plan.facts["baseline"].get("county", []):
        county = plan.short(row["code"])
        total = sum(part["persons"] for part in row.get("breakdown", []))
        if row.get("breakdown") and "employed" in row and total != row["employed"]:
            text = _("%(county)s: %(stated)d persons in work are stated; the kinds of work add up to %(computed)d.")
            names = {"county": county, "stated": row["employed"], "computed": total}
            yield Difference("breakdown_sum", text % names, row["employed"], total)
        if "note" in row:
            text = _("%(county)s: %(note)s") % {"county": county, "note": row["note"]}
            yield Difference("breakdown_note", text)
