"""How people and households stand at a date: who lives where, who can work, who is at work. Knows no wishes."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property

from ledger.indicators.facts import Facts, HouseholdFact, PersonFact, SpellFact
from ledger.indicators.terms import Terms

WORKING_AGE = 16  # 劳动法 15: nobody younger is asked or counted
ABLE = frozenset({"ordinary", "skilled"})


def born_by(as_of: date, years: int) -> date:
    """The latest day of birth of those who are `years` old at `as_of`."""
    try:
        return as_of.replace(year=as_of.year - years)
    except ValueError:  # 29 February
        return date(as_of.year - years, 2, 28)


def turned(birth: date, years: int) -> date:
    """The day somebody turns so old; who was born on 29 February does on 1 March in a common year."""
    try:
        return birth.replace(year=birth.year + years)
    except ValueError:
        return date(birth.year + years, 3, 1)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def covers(spell: SpellFact, day: date) -> bool:
    return spell.started_on <= day and (spell.ended_on is None or spell.ended_on >= day)


class Standing:
    """Everything is worked out when first asked for, and once."""

    def __init__(self, facts: Facts, as_of: date, terms: Terms) -> None:
        self.facts, self.as_of, self.terms = facts, as_of, terms

    @cached_property
    def households(self) -> dict[int, HouseholdFact]:
        """Those that are active."""
        return {
            key: row
            for key, row in self.facts.households.items()
            if row.status == "active" or (row.status_on is not None and row.status_on > self.as_of)
        }

    def lives_here(self, person: PersonFact) -> bool:
        """Neither moved away nor dead by the date. A duplicate never was."""
        if person.status == "active":
            return True
        return person.status != "duplicate" and person.status_on is not None and person.status_on > self.as_of

    def home(self, person: int) -> int | None:
        """The household the person is a member of; should there be two, the one joined last."""
        best: tuple[date, int] | None = None
        for row in self.facts.memberships.get(person, ()):
            since = row.since or date.min
            if since <= self.as_of and (row.until is None or row.until >= self.as_of):
                best = max(best, (since, row.household)) if best else (since, row.household)
        return best[1] if best else None

    @cached_property
    def homes(self) -> dict[int, int]:
        """Persons who live in an active household, and which."""
        homes = {}
        for key, row in self.facts.persons.items():
            if self.lives_here(row):
                home = self.home(key)
                if home in self.households:
                    homes[key] = home
        return homes

    @cached_property
    def members(self) -> dict[int, list[int]]:
        members: dict[int, list[int]] = {}
        for person, home in self.homes.items():
            members.setdefault(home, []).append(person)
        return members

    def aged(self, person: int, years: int) -> bool:
        """Known to be at least so old."""
        birth = self.facts.persons[person].birth_date
        return birth is not None and birth <= born_by(self.as_of, years)

    @cached_property
    def grown(self) -> frozenset[int]:
        """Those of 16 and over. Nobody else is in any indicator of persons."""
        by = born_by(self.as_of, WORKING_AGE)
        people = self.facts.persons
        return frozenset(key for key in self.homes if (born := people[key].birth_date) is not None and born <= by)

    @cached_property
    def undated(self) -> frozenset[int]:
        """Those whose age nobody knows."""
        people = self.facts.persons
        return frozenset(key for key in self.homes if people[key].birth_date is None)

    @cached_property
    def able(self) -> frozenset[int]:
        """Those of 16 and over who can work."""
        people = self.facts.persons
        return frozenset(key for key in self.grown if people[key].labour in ABLE)

    @cached_property
    def unsure(self) -> frozenset[int]:
        """Those of whom nobody knows whether they are 16, or whether they can work."""
        people = self.facts.persons
        return frozenset(key for key in self.grown if people[key].labour == "") | frozenset(
            key for key in self.undated if people[key].labour in ABLE or people[key].labour == ""
        )

    @cached_property
    def at_work(self) -> dict[int, SpellFact]:
        """Whoever has main work at the date, whether known to be able or not; of two spells the longer."""
        found: dict[int, SpellFact] = {}
        for person in self.homes:
            for spell in self.facts.spells.get(person, ()):
                if spell.primary and covers(spell, self.as_of):
                    old = found.get(person)
                    if old is None or (spell.started_on, spell.id) < (old.started_on, old.id):
                        found[person] = spell
        return found

    @cached_property
    def employed(self) -> frozenset[int]:
        return self.able & self.at_work.keys()

    def is_stable(self, spell: SpellFact) -> bool:
        """It has lasted long enough, or a contract says that it will."""
        known_until = max(self.as_of, spell.contract_until or self.as_of)
        return (known_until - spell.started_on).days >= self.terms.stable_days

    @cached_property
    def stable(self) -> frozenset[int]:
        """Of two spells at one time either may be the stable one."""
        return frozenset(
            person
            for person in self.employed
            if any(
                spell.primary and covers(spell, self.as_of) and self.is_stable(spell)
                for spell in self.facts.spells[person]
            )
        )

    @cached_property
    def surveyed(self) -> frozenset[int]:
        """Active households that were surveyed, in whole or in part."""
        return frozenset(
            key
            for key in self.households
            if any(
                row.on <= self.as_of and row.result in ("complete", "partial")
                for row in self.facts.surveys.get(key, ())
            )
        )

    @cached_property
    def tracked(self) -> frozenset[int]:
        return frozenset(
            key
            for key in self.households
            if any(
                row.since <= self.as_of and (row.until is None or row.until >= self.as_of)
                for row in self.facts.trackers.get(key, ())
            )
        )

    @cached_property
    def confirmed_on(self) -> dict[int, date]:
        """When an active household was last surveyed, visited, changed or confirmed."""
        facts, last = self.facts, {}
        for key in self.households:
            dates = [row.on for row in facts.touches.get(key, ())]
            dates += [row.on for row in facts.surveys.get(key, ()) if row.result in ("complete", "partial")]
            for person in self.members.get(key, ()):
                dates += [row.on for row in facts.visits.get(person, ()) if row.outcome == "done"]
            dates = [day for day in dates if day <= self.as_of]
            if dates:
                last[key] = max(dates)
        return last

    def idle_days(self, person: int, since: date) -> int:
        """The longest run of days without main work before that of the date, from `since` or the 16th birthday."""
        birth = self.facts.persons[person].birth_date
        start = max(since, turned(birth, WORKING_AGE)) if birth else since
        longest, free_from = 0, start
        for spell in sorted(self.facts.spells.get(person, ()), key=lambda one: one.started_on):
            if not spell.primary or spell.started_on > self.as_of:
                continue
            longest = max(longest, (spell.started_on - free_from).days)
            if spell.ended_on is None or spell.ended_on >= self.as_of:
                break
            free_from = max(free_from, spell.ended_on + days(1))
        return longest


def standing(facts: Facts, as_of: date, terms: Terms) -> Standing:
    """The same one for the same date and terms."""
    key = (as_of, terms)
    if key not in facts.memo:
        facts.memo[key] = Standing(facts, as_of, terms)
    found: Standing = facts.memo[key]
    return found
