"""A plan as read from its file: frozen values, every default filled in and every name resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

PLACEHOLDER = "待确认"  # stands for a site the county has not named yet; part of an assignment's key


@dataclass(frozen=True)
class Spelling:
    """One way the text writes a body, and in which clauses."""

    written: str
    where: str
    note: str = ""


@dataclass(frozen=True)
class Body:
    code: str
    name: str
    short: str
    level: str
    aliases: tuple[str, ...] = ()
    written: tuple[Spelling, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class Group:
    """Bodies the text names as one, such as 相关县（市）人民政府."""

    code: str
    name: str
    members: tuple[str, ...]
    written: tuple[Spelling, ...] = ()


@dataclass(frozen=True)
class Site:
    """A place of a county. `named`: the text itself calls it 安置点."""

    county: str
    name: str
    named: bool = False
    note: str = ""

    @property
    def is_placeholder(self) -> bool:
        return self.name == PLACEHOLDER


@dataclass(frozen=True)
class Checkup:
    on: date
    basis: str


@dataclass(frozen=True)
class Recurrence:
    rule: str
    first: str
    last: str


@dataclass(frozen=True)
class Responsible:
    """A body of a measure, with the words by which its list names it."""

    body: str
    kind: str
    written_as: str = ""


@dataclass(frozen=True)
class Step:
    """One kind of work. Fields are named as the columns of `measures.Step`; `extras` has no column."""

    code: str
    measure: int | None
    title: str
    kind: str
    flow: str
    node: str
    clause: str
    quote: str
    owners: tuple[str, ...]
    default_owner: str
    per_site: bool
    # "" is the measure's lead where it has one lead, else nobody; `acceptor` may be the word "lead".
    lead: str
    acceptor: str
    opens: str
    due: str
    due_on: date | None
    due_days: int | None
    due_basis: str
    due_text: str
    checkups: tuple[Checkup, ...]
    checkup_days: int | None
    ladder: str
    correction_days: int
    recurrence: Recurrence | None = None
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Measure:
    number: int
    title: str
    short: str
    clause: str
    text: str
    deadline_text: str
    starts_on: date | None
    due_on: date | None
    review_every: str
    open_ended_list: bool
    flow: str
    bodies: tuple[Responsible, ...]
    extras: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def lead(self) -> tuple[str, ...]:
        return tuple(row.body for row in self.bodies if row.kind == "lead")

    @property
    def support(self) -> tuple[str, ...]:
        return tuple(row.body for row in self.bodies if row.kind == "support")


@dataclass(frozen=True)
class Filing:
    """One site plan that has to be filed when the plan starts."""

    county: str
    site: str
    due_on: date | None
    receivers: tuple[str, ...]


@dataclass(frozen=True)
class PlanFile:
    """The whole plan. `facts` has no table of its own: goals, requirements, baseline, return sections, notes."""

    file: str
    digest: str
    code: str
    title: str
    year: int
    ends_on: date
    issuer: str
    document_no: str
    document_on: date | None
    bodies: tuple[Body, ...]
    groups: tuple[Group, ...]
    sites: tuple[Site, ...]
    measures: tuple[Measure, ...]
    steps: tuple[Step, ...]
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def body(self, code: str) -> Body:
        return next(body for body in self.bodies if body.code == code)

    def short(self, code: str) -> str:
        return self.body(code).short

    @property
    def filings(self) -> tuple[Filing, ...]:
        """What is to be filed: one for each site the text names, one 待确认 for a county without any."""
        return tuple(
            Filing(site.county, site.name, step.due_on, tuple(step.extras.get("receivers", ())))
            for step in self.steps
            if step.kind == "filing"
            for county in step.owners
            for site in (*self.sites, *self.placeholders)
            if site.county == county and (site.named or site.is_placeholder)
        )

    @property
    def placeholders(self) -> tuple[Site, ...]:
        """The rows that stand for the sites of counties in which the text names none."""
        named = {site.county for site in self.sites if site.named}
        counties = dict.fromkeys(code for step in self.steps if step.kind == "filing" for code in step.owners)
        return tuple(Site(county, PLACEHOLDER) for county in counties if county not in named)

    def content(self) -> dict[str, Any]:
        """`Plan.content`: plain JSON.

        basis, lead_note, responsible_note, note, first_quarter, goals, requirements, baseline, return_sections:
        as in the file, dates as ISO texts. measures: {"1": {lead, support, support_written, goes_on_to,
        acceptor}}. steps:
        {"filing": {receivers, late_site_days, evidence: [labels], counted: {label: indicator}, indicator, asks,
        owner_missing}}. bodies, groups, sites: as in
        the file, by code; the loader compares the next file with them.
        """
        return {
            **self.facts,
            "measures": {
                str(measure.number): {
                    "lead": list(measure.lead),
                    "support": list(measure.support),
                    **measure.extras,
                }
                for measure in self.measures
            },
            "steps": {step.code: dict(step.extras) for step in self.steps if step.extras},
            "bodies": {
                body.code: {
                    "name": body.name,
                    "short": body.short,
                    "level": body.level,
                    "aliases": list(body.aliases),
                    "written": _written(body.written),
                    "ours": body.ours,
                }
                for body in self.bodies
            },
            "groups": {
                group.code: {
                    "name": group.name,
                    "members": list(group.members),
                    "written": _written(group.written),
                }
                for group in self.groups
            },
            "sites": [
                {"county": site.county, "name": site.name, "named": site.named, "note": site.note}
                for site in (*self.sites, *self.placeholders)
            ],
        }


def _written(spellings: tuple[Spelling, ...]) -> list[dict[str, str]]:
    return [{"as": row.written, "in": row.where, "note": row.note} for row in spellings]
