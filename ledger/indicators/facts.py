"""What the indicators count: plain rows without names, numbers or addresses, indexed once.

Every row is a flat dataclass that can be built from one row of a query (`SpellFact(*row)`): ids are ints, codes
are the strings the models use, "" is "not known", a date that is None is "not said". Indicators select by the
dates of events alone: what happened after the date in question is invisible, when it was typed in plays no part.
What has no date of its own (labour, the states of the items, expected_members, registrable …) counts as it
stands now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class HouseholdFact:
    """`status_on` is the day it left or was merged; without it, it is gone at every date."""

    id: int
    county: str
    site: int | None
    resettlement: str  # concentrated scattered
    expected_members: int | None
    on_roster: bool
    status: str = "active"  # active exited merged
    status_on: date | None = None
    resettled_on: date | None = None


@dataclass(frozen=True, slots=True)
class PersonFact:
    """`items` maps the code of an item to its state; an item that is not in it is blank."""

    id: int
    county: str
    sex: str
    birth_date: date | None
    labour: str  # ordinary skilled lost none ""
    status: str = "active"  # active moved_out deceased duplicate
    status_on: date | None = None
    left_school: str = ""  # left junior or senior middle school without going on: yes no ""
    business_conditions: str = ""  # has some of what a business of one's own takes: yes no ""
    items: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MembershipFact:
    """`until` is the last day."""

    person: int
    household: int
    since: date | None = None
    until: date | None = None
    head: bool = False


@dataclass(frozen=True, slots=True)
class SurveyFact:
    household: int
    on: date
    result: str  # complete partial not_home declined


@dataclass(frozen=True, slots=True)
class TouchFact:
    """A day the household's rows were changed or confirmed to be unchanged; surveys and visits count by themselves."""

    household: int
    on: date


@dataclass(frozen=True, slots=True)
class TrackerFact:
    """A named person follows the household, from `since` to the last day `until`."""

    household: int
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class StatementFact:
    """What a person said; of two on one day the one with the higher `seq` is the later."""

    person: int
    kind: str
    answer: str  # yes no undecided
    on: date
    seq: int


@dataclass(frozen=True, slots=True)
class RecordedFact:
    """How many like answers one officer of a county wrote down in a day, and how many of these came in a workbook."""

    county: str
    officer: int
    on: date
    kind: str
    answer: str
    n: int
    by_workbook: int = 0


@dataclass(frozen=True, slots=True)
class SpellFact:
    """Work from `started_on` to the last day `ended_on`."""

    id: int
    person: int
    kind: str
    channel: str
    started_on: date
    ended_on: date | None = None
    primary: bool = True
    contract_until: date | None = None
    jobs_created: int = 0
    pay_amount: Decimal | int | None = None
    pay_period: str = ""  # month year day


@dataclass(frozen=True, slots=True)
class TrainingFact:
    """One person's place on one course. `free` is what the course says, `fee_paid` what the person paid."""

    id: int
    person: int
    kind: str
    offered_on: date | None = None
    enrolled_on: date | None = None
    completed_on: date | None = None
    result: str = ""  # "" completed dropped declined
    free: bool = True
    fee_paid: Decimal | int = 0


@dataclass(frozen=True, slots=True)
class MatchFact:
    id: int
    person: int
    on: date
    outcome: str  # offered interviewed hired declined not_suitable


@dataclass(frozen=True, slots=True)
class VisitFact:
    id: int
    person: int
    on: date
    outcome: str  # done declined not_found


@dataclass(frozen=True, slots=True)
class RegistrationFact:
    """Somebody who lost work, registered; `helper` is the user who helps, one to one."""

    id: int
    person: int
    became_unemployed_on: date | None
    registered_on: date
    closed_on: date | None = None
    helper: int | None = None
    help_dates: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactFact:
    """A person was written to, rung up or called on; `kind` "information" is news of posts, fairs or policy."""

    person: int
    on: date
    kind: str


@dataclass(frozen=True, slots=True)
class SupportFact:
    person: int
    kind: str  # guidance loan interest training
    on: date
    free: bool = True


@dataclass(frozen=True, slots=True)
class CheckFact:
    """One look at one right, of a household or of a person: the other of the two is None."""

    id: int
    household: int | None
    person: int | None
    right: str
    applicable: str  # yes no ""
    on: date
    finding: str = ""  # kept lapsed not_received pending
    resolved_on: date | None = None


@dataclass(frozen=True, slots=True)
class DwellingFact:
    """`certified` says that a certificate's number is held, `issued_on` when it was issued."""

    id: int
    county: str
    site: int | None
    household: int | None
    special: bool
    registrable: str  # yes no ""
    blocked_reason: str = ""
    applied_on: date | None = None
    issued_on: date | None = None
    certified: bool = False


@dataclass(frozen=True, slots=True)
class SiteFact:
    id: int
    county: str
    kind: str = "concentrated"


@dataclass(frozen=True, slots=True)
class FacilityFact:
    """What a report of `on` says of one item at one site; the latest counts, of two of one day the higher id."""

    id: int
    site: int
    item: str
    required: bool
    state: str  # none planned building in_service
    on: date


@dataclass(frozen=True, slots=True)
class IdentityFact:
    """What can be compared without being read: keys are blind indexes, the rest is what the ID number implies."""

    person: int
    id_key: str = ""
    id_valid: bool | None = None
    id_birth_date: date | None = None
    id_sex: str = ""
    name_key: str = ""
    phone_key: str = ""


@dataclass(frozen=True, slots=True)
class BaselineFact:
    """A figure of the plan's text about a county: `what` is households or employed. Planned figures stay out."""

    county: str
    what: str
    value: int
    on: date


Index = dict[int, list[Row]]


def _by(rows: Iterable[Row], key: Callable[[Row], int | None]) -> Index[Row]:
    index: Index[Row] = {}
    for row in rows:
        owner = key(row)
        if owner is not None:
            index.setdefault(owner, []).append(row)
    return index


def _only(index: Mapping[int, Row], kept: Iterable[int]) -> dict[int, Row]:
    return {one: index[one] for one in kept if one in index}


# What hangs on whom: the attribute of Facts, and the field of its rows it is indexed by.
BY_PERSON = (
    "memberships",
    "statements",
    "spells",
    "trainings",
    "matches",
    "visits",
    "registrations",
    "contacts",
    "supports",
)
BY_HOUSEHOLD = ("surveys", "touches", "trackers")


class Facts:
    """All rows of a scope, indexed by whom they hang on. Nothing in it is changed afterwards.

    `memo` keeps what was worked out for a date (see `standing`), so that no indicator does it again.
    """

    households: dict[int, HouseholdFact]
    persons: dict[int, PersonFact]
    sites: dict[int, SiteFact]
    dwellings: dict[int, DwellingFact]
    memberships: Index[MembershipFact]
    statements: Index[StatementFact]
    spells: Index[SpellFact]
    trainings: Index[TrainingFact]
    matches: Index[MatchFact]
    visits: Index[VisitFact]
    registrations: Index[RegistrationFact]
    contacts: Index[ContactFact]
    supports: Index[SupportFact]
    surveys: Index[SurveyFact]
    touches: Index[TouchFact]
    trackers: Index[TrackerFact]
    household_checks: Index[CheckFact]
    person_checks: Index[CheckFact]
    facilities: Index[FacilityFact]
    identities: dict[int, IdentityFact]
    baselines: tuple[BaselineFact, ...]
    recorded: tuple[RecordedFact, ...]
    memo: dict[Any, Any]

    def __init__(
        self,
        *,
        households: Iterable[HouseholdFact] = (),
        persons: Iterable[PersonFact] = (),
        memberships: Iterable[MembershipFact] = (),
        surveys: Iterable[SurveyFact] = (),
        touches: Iterable[TouchFact] = (),
        trackers: Iterable[TrackerFact] = (),
        statements: Iterable[StatementFact] = (),
        spells: Iterable[SpellFact] = (),
        trainings: Iterable[TrainingFact] = (),
        matches: Iterable[MatchFact] = (),
        visits: Iterable[VisitFact] = (),
        registrations: Iterable[RegistrationFact] = (),
        contacts: Iterable[ContactFact] = (),
        supports: Iterable[SupportFact] = (),
        checks: Iterable[CheckFact] = (),
        dwellings: Iterable[DwellingFact] = (),
        sites: Iterable[SiteFact] = (),
        facilities: Iterable[FacilityFact] = (),
        identities: Iterable[IdentityFact] = (),
        baselines: Iterable[BaselineFact] = (),
        recorded: Iterable[RecordedFact] = (),
    ) -> None:
        self.households = {row.id: row for row in households}
        self.persons = {row.id: row for row in persons}
        self.sites = {row.id: row for row in sites}
        self.dwellings = {row.id: row for row in dwellings}
        self.memberships = _by(memberships, lambda row: row.person)
        self.statements = _by(statements, lambda row: row.person)
        self.spells = _by(spells, lambda row: row.person)
        self.trainings = _by(trainings, lambda row: row.person)
        self.matches = _by(matches, lambda row: row.person)
        self.visits = _by(visits, lambda row: row.person)
        self.registrations = _by(registrations, lambda row: row.person)
        self.contacts = _by(contacts, lambda row: row.person)
        self.supports = _by(supports, lambda row: row.person)
        self.surveys = _by(surveys, lambda row: row.household)
        self.touches = _by(touches, lambda row: row.household)
        self.trackers = _by(trackers, lambda row: row.household)
        looked_at = list(checks)
        self.household_checks = _by(looked_at, lambda row: row.household)
        self.person_checks = _by(looked_at, lambda row: row.person)
        self.facilities = _by(facilities, lambda row: row.site)
        self.identities = {row.person: row for row in identities}
        self.baselines = tuple(baselines)
        self.recorded = tuple(recorded)
        self.memo = {}

    def within(self, *, county: str | None = None, site: int | None = None) -> Facts:
        """The rows of one county, of one site, or of a site if it lies in the county.

        Somebody belongs where their household of the date lies, so persons come along with every household
        they ever were in, and all their memberships with them: `Standing.home` settles which one counts. A
        person of no household comes with the county of their own row.
        """

        def inside(row_county: str, row_site: int | None) -> bool:
            return (county is None or row_county == county) and (site is None or row_site == site)

        part = Facts()
        part.households = {key: row for key, row in self.households.items() if inside(row.county, row.site)}
        part.sites = {key: row for key, row in self.sites.items() if inside(row.county, row.id)}
        part.dwellings = {key: row for key, row in self.dwellings.items() if inside(row.county, row.site)}
        part.persons = {
            key: row
            for key, row in self.persons.items()
            if (
                any(one.household in part.households for one in self.memberships[key])
                if key in self.memberships
                else inside(row.county, None)
            )
        }
        for name in BY_PERSON:
            setattr(part, name, _only(getattr(self, name), part.persons))
        for name in BY_HOUSEHOLD:
            setattr(part, name, _only(getattr(self, name), part.households))
        part.household_checks = _only(self.household_checks, part.households)
        part.person_checks = _only(self.person_checks, part.persons)
        part.facilities = _only(self.facilities, part.sites)
        part.identities = _only(self.identities, part.persons)
        part.baselines = tuple(row for row in self.baselines if inside(row.county, None))
        part.recorded = tuple(row for row in self.recorded if inside(row.county, None))
        return part
