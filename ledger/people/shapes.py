"""What is invented, as plain values named like the fields of the ledger's models. Pure.

`home`, `person` and `post` are the numbers of `Home.key`, `Person.key` and `Post.key`; sites and counties stand by name
and code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Home:
    key: int
    county: str
    code: str
    township: str
    site: str  # empty: none
    resettlement: str
    resettled_on: date
    expected_members: int
    confirmed_on: date | None


@dataclass(frozen=True, slots=True)
class Person:
    key: int
    home: int
    relation: str
    name: str
    sex: str
    birth_date: date
    id_number: str | None
    phone: str | None
    education: str
    school: str
    skills: str
    health: str
    labour: str
    business_ready: str
    service_need: str

    def of_age_on(self) -> date:
        """The sixteenth birthday."""
        return birthday(self.birth_date, 16)

    def age(self, on: date) -> int:
        return on.year - self.birth_date.year - ((on.month, on.day) < (self.birth_date.month, self.birth_date.day))


def birthday(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February
        return date(born.year + years, 3, 1)


@dataclass(frozen=True, slots=True)
class Survey:
    home: int
    on: date
    result: str
    surveyor: str
    informant: str


@dataclass(frozen=True, slots=True)
class ItemState:
    person: int
    item: str
    state: str


@dataclass(frozen=True, slots=True)
class Agreement:
    person: int
    kind: str
    outcome: str
    on: date | None
    reference: str


@dataclass(frozen=True, slots=True)
class Statement:
    person: int
    kind: str
    answer: str
    stated_on: date
    stated_by: str
    at_own_wish: bool


@dataclass(frozen=True, slots=True)
class Employer:
    key: int
    county: str
    name: str
    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Post:
    """`employer`: the number of one."""

    key: int
    employer: int
    title: str
    channel: str
    places: int
    pay: str
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class Spell:
    person: int
    kind: str
    channel: str
    employer: str
    place: str
    industry: str
    started_on: date
    ended_on: date | None
    end_reason: str
    pay_amount: int | None
    pay_period: str
    project: str
    jobs_created: int | None
    source_label: str
    post: int | None


@dataclass(frozen=True, slots=True)
class Registration:
    """With what was done for them: kind and day."""

    person: int
    lost_on: date
    registered_on: date
    has_helper: bool
    closed_on: date | None
    close_reason: str
    actions: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class Match:
    person: int
    employer: str
    title: str
    on: date
    outcome: str
    post: int | None


@dataclass(frozen=True, slots=True)
class Visit:
    person: int
    on: date
    method: str
    visitor: str
    outcome: str
    still_employed: bool | None


@dataclass(frozen=True, slots=True)
class Course:
    key: int
    county: str
    title: str
    kind: str
    organiser: str
    starts_on: date
    ends_on: date
    hours: int


@dataclass(frozen=True, slots=True)
class Training:
    person: int
    course: int
    offered_on: date
    enrolled_on: date | None
    completed_on: date | None
    result: str


@dataclass(frozen=True, slots=True)
class Support:
    person: int
    kind: str
    on: date
    amount: int | None


@dataclass(frozen=True, slots=True)
class Tracker:
    home: int
    since: date


@dataclass(frozen=True, slots=True)
class RightCheck:
    """Of a home or of a person."""

    home: int | None
    person: int | None
    right: str
    applicable: str
    checked_on: date
    finding: str
    detail: str
    resolved_on: date | None


@dataclass(frozen=True, slots=True)
class Dwelling:
    home: int
    address: str
    special: bool
    registrable: str
    blocked_reason: str
    applied_on: date | None
    certificate_no: str
    issued_on: date | None


@dataclass(frozen=True, slots=True)
class Facility:
    county: str
    site: str
    item: str
    required: bool
    reason: str
    state: str
    on: date


@dataclass
class Invented:
    homes: list[Home] = field(default_factory=list)
    persons: list[Person] = field(default_factory=list)
    surveys: list[Survey] = field(default_factory=list)
    item_states: list[ItemState] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    employers: list[Employer] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    supports: list[Support] = field(default_factory=list)
    trackers: list[Tracker] = field(default_factory=list)
    right_checks: list[RightCheck] = field(default_factory=list)
    dwellings: list[Dwelling] = field(default_factory=list)
    facilities: list[Facility] = field(default_factory=list)
