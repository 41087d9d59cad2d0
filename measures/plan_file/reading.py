"""Reads a plan file: its text, its shape, who, what, when, and the facts beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from measures import periods
from measures.plan_file.dates import Span, within
from measures.plan_file.measures import Measures
from measures.plan_file.names import Names
from measures.plan_file.problems import PlanProblems, listed
from measures.plan_file.shape import Findings, Table, well_formed
from measures.plan_file.source import read_source
from measures.plan_file.steps import Steps
from measures.plan_file.values import Measure, PlanFile, Step

LONGEST_PLAN = 20  # years
DATA = Path(__file__).resolve().parent.parent / "data"


def known_plans() -> dict[str, Path]:
    """The plans kept with the product, by code."""
    return {path.stem: path for path in sorted(DATA.glob("*.toml"))}


def read(path: Path | str, *, nodes: Mapping[str, Collection[str]] | None = None) -> PlanFile:
    """The plan, or `PlanProblems` with everything that is wrong with the file. Needs no database.

    `nodes`: the steps of the engine's runs, by run; it lies above, so whoever knows them hands them down.
    """
    source = read_source(Path(path))
    found = Findings(source.name, source.positions)
    doc = well_formed(source.data, found)
    plan = doc.get("plan", Table(("plan",), "plan"))
    span = _span(plan, found)
    names = Names(doc, found)
    measures, steps = _work(doc, names, span, found, nodes or {})
    _check_sections(doc, found)
    _check_baseline(doc, names, span, found)
    if found.problems:
        raise PlanProblems(found.problems)
    return PlanFile(
        file=source.name,
        digest=source.digest,
        code=plan["code"],
        title=plan["title"],
        year=plan["year"],
        ends_on=span.ends_on,
        issuer=plan.get("issuer", ""),
        document_no=plan.get("document_no", ""),
        document_on=span.document_on,
        bodies=tuple(names.bodies.values()),
        groups=tuple(names.groups.values()),
        sites=names.sites,
        measures=tuple(measures),
        steps=tuple(steps),
        facts=_facts(doc, plan),
    )


def _span(plan: Table, found: Findings) -> Span:
    quarter = plan.get("first_quarter", "")
    if not plan.keys() >= {"year", "ends_on"}:
        return Span(None, date.max, None, quarter)
    if not plan["year"] <= plan["ends_on"].year < plan["year"] + LONGEST_PLAN:
        what = _("A plan of %(year)d cannot end on %(day)s.") % {"year": plan["year"], "day": plan["ends_on"]}
        allowed = _("a day within %(count)d years.") % {"count": LONGEST_PLAN}
        found.add(plan, "ends_on", what, allowed)
        return Span(None, date.max, None, quarter)
    _check_document(plan, found)
    span = Span(plan["year"], plan["ends_on"], plan.get("document_on"), quarter)
    if quarter:
        within(span, periods.first_day(quarter), plan, "first_quarter", found)
    return span


def _check_document(plan: Table, found: Findings) -> None:
    day, first = plan.get("document_on"), date(plan["year"] - 1, 1, 1)
    if day and not first <= day <= plan["ends_on"]:
        what = _("%(day)s cannot be the date of a plan of %(year)d.") % {"day": day, "year": plan["year"]}
        allowed = _("a day from %(first)s to %(last)s.") % {"first": first, "last": plan["ends_on"]}
        found.add(plan, "document_on", what, allowed)


def _work(
    doc: Table, names: Names, span: Span, found: Findings, nodes: Mapping[str, Collection[str]]
) -> tuple[list[Measure], list[Step]]:
    reader = Measures(names, span, found, first_leads="lead_note" in doc.get("plan", {}))
    measures, steps = [], Steps(names, span, found)
    for table in doc.get("measure", []):
        measures.append(reader.measure(table))
        steps.add(table.get("step", []), measures[-1])
    reader.check_numbers(doc.get("measure", []))
    steps.add(doc.get("step", []), None)
    steps.check_all(doc, measures, nodes)
    return measures, steps.all


def _check_sections(doc: Table, found: Findings) -> None:
    """Figures are kept by the codes of their fields, whatever section these stand in."""
    sections: set[str] = set()
    fields: set[str] = set()
    for section in doc.get("return_section", []):
        for table, seen in ((section, sections), *((row, fields) for row in section.get("fields", []))):
            code = table.get("code", "")
            if code in seen:
                what = _("The code %(code)s is given twice.") % {"code": code}
                found.add(table, "code", what, _("a code of its own for each section, and for each field."))
            seen.add(code)


def _check_baseline(doc: Table, names: Names, span: Span, found: Findings) -> None:
    baseline = doc.get("baseline", {})
    seen: set[str] = set()
    for table in baseline.get("county", []):
        code = table.get("code", "")
        if names.is_county(table, "code", code) and code in seen:
            what = _("The code %(code)s is given twice.") % {"code": code}
            found.add(table, "code", what, _("each county once."))
        seen.add(code)
    for table in (*baseline.get("done", []), *baseline.get("planned", [])):
        county, place = table.get("county", ""), table.get("place", "")
        known = [site.name for site in names.sites if site.county == county]
        if names.is_county(table, "county", county) and place and place not in known and not names.doubtful_sites:
            what = _("%(county)s has no site %(place)s.") % {
                "county": names.bodies[county].short,
                "place": place,
            }
            found.add(
                table,
                "place",
                what,
                _("a name out of [[site]]: %(known)s.") % {"known": listed(known) or "—"},
            )
    if isinstance(baseline, Table) and "as_of" in baseline and baseline["as_of"] > span.ends_on:
        within(span, baseline["as_of"], baseline, "as_of", found)


def _facts(doc: Table, plan: Table) -> dict[str, Any]:
    """What has no table of its own in the database, as plain JSON."""
    kept = ("basis", "lead_note", "responsible_note", "note", "first_quarter", "goals")
    facts = {key: _plain(plan[key]) for key in kept if key in plan}
    facts["requirements"] = _plain(doc.get("requirement", []))
    facts["return_sections"] = _plain(doc.get("return_section", []))
    facts["baseline"] = _plain(doc.get("baseline", {}))
    return facts


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value
