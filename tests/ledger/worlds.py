"""Small worlds of invented households, made row by row (`World`) or by hypothesis (`worlds`)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st

from ledger.indicators.facts import (
    CheckFact,
    ContactFact,
    DwellingFact,
    FacilityFact,
    Facts,
    HouseholdFact,
    IdentityFact,
    MatchFact,
    MembershipFact,
    PersonFact,
    RecordedFact,
    RegistrationFact,
    SiteFact,
    SpellFact,
    StatementFact,
    SupportFact,
    SurveyFact,
    TrackerFact,
    TrainingFact,
    VisitFact,
)
from ledger.indicators.rights import OF_HOUSEHOLDS, OF_PERSONS
from ledger.indicators.sites import FACILITIES, WINDOWS
from ledger.indicators.surveying import ITEMS, ITEMS_AT_WORK, ITEMS_NOT_AT_WORK

EMIN, TOLI = "654221", "654224"
TODAY = date(2020, 3, 1)
COUNTIES = (EMIN, TOLI, "654201")
KINDS = ("job", "labour_export", "training", "entrepreneurship", "mid_term_training", "visit", "adaptation")


class World:
    """Every verb writes one row and returns its id. `rows[name]` are the arguments of Facts."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Any]] = defaultdict(list)
        self.ids = count(1)

    def facts(self) -> Facts:
        return Facts(**self.rows)

    def _add(self, name: str, row: Any) -> int:
        self.rows[name].append(row)
        return int(getattr(row, "id", 0))

    def household(self, county: str = EMIN, site: int | None = None, **more: Any) -> int:
        fields: dict[str, Any] = {"resettlement": "concentrated", "expected_members": 1, "on_roster": True} | more
        return self._add("households", HouseholdFact(next(self.ids), county, site, **fields))

    def person(self, home: int | None = None, *, born: date | None = date(1985, 5, 5), **more: Any) -> int:
        """Of 34 and able, in a household of their own, if nothing else is said."""
        where = home if home is not None else self.household()
        county = next(row.county for row in self.rows["households"] if row.id == where)
        head, since = more.pop("head", False), more.pop("since", None)
        more = {"sex": "female", "labour": "ordinary"} | more
        key = self._add("persons", PersonFact(next(self.ids), county, birth_date=born, **more))
        self._add("memberships", MembershipFact(key, where, since, None, head))
        return key

    def says(self, person: int, kind: str, answer: str, on: date = date(2019, 7, 1)) -> int:
        return self._add("statements", StatementFact(person, kind, answer, on, next(self.ids)))

    def recorded(self, officer: int, kind: str, answer: str, n: int, on: date = date(2019, 7, 1), **more: Any) -> int:
        return self._add("recorded", RecordedFact(more.pop("county", EMIN), officer, on, kind, answer, n, **more))

    def works(self, person: int, start: date, end: date | None = None, kind: str = "unit", **more: Any) -> int:
        channel = more.pop("channel", "project")
        return self._add("spells", SpellFact(next(self.ids), person, kind, channel, start, end, **more))

    def trained(self, person: int, on: date, kind: str = "short", **more: Any) -> int:
        fields: dict[str, Any] = {"result": "completed", "completed_on": on} | more
        return self._add("trainings", TrainingFact(next(self.ids), person, kind, **fields))

    def offered(self, person: int, on: date, outcome: str = "offered") -> int:
        return self._add("matches", MatchFact(next(self.ids), person, on, outcome))

    def visited(self, person: int, on: date, outcome: str = "done") -> int:
        return self._add("visits", VisitFact(next(self.ids), person, on, outcome))

    def registered(self, person: int, on: date, **more: Any) -> int:
        return self._add("registrations", RegistrationFact(next(self.ids), person, on, on, **more))

    def contacted(self, person: int, on: date, kind: str = "information") -> int:
        return self._add("contacts", ContactFact(person, on, kind))

    def supported(self, person: int, on: date, kind: str = "guidance", free: bool = True) -> int:
        return self._add("supports", SupportFact(person, kind, on, free))

    def surveyed(self, home: int, on: date = date(2019, 7, 1), result: str = "complete") -> int:
        return self._add("surveys", SurveyFact(home, on, result))

    def followed(self, home: int, since: date = date(2019, 7, 1), until: date | None = None) -> int:
        return self._add("trackers", TrackerFact(home, since, until))

    def looked(self, right: str, finding: str, on: date, **more: Any) -> int:
        more = {"household": None, "person": None, "applicable": "yes"} | more
        return self._add("checks", CheckFact(next(self.ids), right=right, finding=finding, on=on, **more))

    def dwelling(self, registrable: str = "yes", county: str = EMIN, **more: Any) -> int:
        more = {"site": None, "household": None, "special": False} | more
        return self._add("dwellings", DwellingFact(next(self.ids), county, registrable=registrable, **more))

    def site(self, county: str = EMIN, **more: Any) -> int:
        return self._add("sites", SiteFact(next(self.ids), county, **more))

    def facility(self, site: int, item: str, state: str, on: date = date(2019, 9, 1), required: bool = True) -> int:
        return self._add("facilities", FacilityFact(next(self.ids), site, item, required, state, on))

    def identity(self, person: int, **more: Any) -> int:
        return self._add("identities", IdentityFact(person, **more))


days_past = st.integers(0, 1000).map(lambda back: TODAY - timedelta(days=back))
births = st.one_of(
    st.none(),
    st.dates(date(1950, 1, 1), date(2019, 1, 1)),
    st.sampled_from([date(2004, 3, 1), date(2004, 3, 2), date(2004, 2, 29), date(1998, 6, 1), date(2002, 3, 1)]),
)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


def one(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    w = World()
    sites = [w.site(draw(one(*COUNTIES)), kind=draw(one("concentrated", "scattered"))) for _ in range(2)]
    county_of = {row.id: row.county for row in w.rows["sites"]}
    homes = []
    for _ in range(draw(st.integers(1, 4))):
        site = draw(maybe(one(*sites)))
        homes.append(
            w.household(
                county_of[site] if site else draw(one(*COUNTIES)),
                site,
                resettlement=draw(one("concentrated", "scattered")),
                expected_members=draw(maybe(st.integers(0, 4))),
                on_roster=draw(st.booleans()),
                status=draw(one("active", "active", "active", "exited")),
                status_on=draw(maybe(days_past)),
            )
        )
    every = (*ITEMS, *ITEMS_AT_WORK, *ITEMS_NOT_AT_WORK)
    states = one("answered", "declined", "not_applicable", "unknown")
    people = [
        w.person(
            draw(one(*homes)),
            born=draw(births),
            sex=draw(one("male", "female")),
            labour=draw(one("ordinary", "skilled", "ordinary", "lost", "")),
            status=draw(one("active", "active", "active", "deceased", "duplicate")),
            status_on=draw(maybe(days_past)),
            left_school=draw(one("yes", "no", "")),
            business_conditions=draw(one("yes", "no", "")),
            items=draw(st.dictionaries(one(*every), states, max_size=6)),
        )
        for _ in range(draw(st.integers(1, 6)))
    ]
    for _ in range(draw(st.integers(0, 2))):  # who moved to another household
        w.rows["memberships"].append(MembershipFact(draw(one(*people)), draw(one(*homes)), draw(days_past)))

    for _ in range(draw(st.integers(0, 24))):
        somebody, home, on = draw(one(*people)), draw(one(*homes)), draw(days_past)
        lasts = draw(maybe(st.integers(0, 400)))
        later = on + timedelta(days=lasts) if lasts is not None else None
        act = draw(st.integers(0, 14))
        if act <= 2:
            kind, answer = draw(one(*KINDS)), draw(one("yes", "yes", "no", "undecided"))
            w.says(somebody, kind, answer, on), w.recorded(8, kind, answer, draw(one(1, 60)), on)
        elif act <= 4:
            kind = draw(one("unit", "business", "labour_export"))
            w.works(somebody, on, later, kind, primary=draw(one(True, True, False)))
        elif act == 5:
            result = draw(one("completed", "dropped", ""))
            kind = draw(one("short", "mid_term", "adaptation"))
            w.trained(somebody, later or on, kind, result=result, enrolled_on=on, free=draw(st.booleans()))
        elif act == 6:
            w.offered(somebody, on)
        elif act == 7:
            w.visited(somebody, on, draw(one("done", "declined", "not_found")))
        elif act == 8:
            w.registered(somebody, on, closed_on=later, helper=draw(maybe(one(9))), help_dates=(on,))
        elif act == 9:
            w.contacted(somebody, on), w.supported(somebody, on, free=draw(st.booleans()))
        elif act == 10:
            w.surveyed(home, on, draw(one("complete", "partial", "not_home", "declined")))
        elif act == 11:
            w.followed(home, on, later)
        elif act <= 13:
            whose = {"person": somebody} if draw(st.booleans()) else {"household": home}
            right = draw(one(*(OF_PERSONS if "person" in whose else OF_HOUSEHOLDS)))
            finding = draw(one("kept", "lapsed", "not_received", "pending"))
            applicable = draw(one("yes", "yes", "no", ""))
            w.looked(right, finding, on, applicable=applicable, resolved_on=later, **whose)
        else:
            item, state = draw(one(*WINDOWS, *FACILITIES)), draw(one("none", "in_service"))
            w.facility(draw(one(*sites)), item, state, on, draw(st.booleans()))
            w.dwelling(draw(one("yes", "no", "")), draw(one(*COUNTIES)), special=draw(st.booleans()), issued_on=later)
    return w
