"""The roster: what a row about a person would do to the ledger. Reads by the chunk, writes nothing.

Who a row is about: its person code, else its ID number by the blind index; a name alone is never enough. Only columns
that are in the file are touched; a blank leaves what is there. What somebody changed here since the row was written
is a conflict, and so is overwriting a value by a row that does not say which edition it was written on. Who somebody
is (name, sex, birth, ID number) is filled in where it is empty and otherwise corrected by a proposal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from typing import Any

from bureaus.models import Bureau
from ledger import blind, id_numbers
from ledger.actions.people import IDENTITY
from ledger.imports.judged import Late, Line, Outcome, Places
from ledger.models import Agreement, Household, ItemState, Membership, Person, Survey
from ledger.workbooks.problems import WARNING
from ledger.workbooks.values import Word
from measures.models import Site

PERSON = ("name", "sex", "birth_date", "id_number", "education", "skills", "health", "phone", "labour")
HOUSEHOLD = ("township", "site", "resettlement", "resettled_on", "expected_members")
AGREEMENTS = {
    "agreement_industry": Agreement.Kind.INDUSTRY,
    "agreement_employment": Agreement.Kind.EMPLOYMENT,
    "agreement_training": Agreement.Kind.TRAINING,
}
_NULLED = frozenset({"birth_date", "id_number", "phone", "resettled_on", "expected_members", "site"})
_STATES = {Word.DECLINED: ItemState.State.DECLINED, Word.NOT_APPLICABLE: ItemState.State.NOT_APPLICABLE}


@dataclass
class Seen:
    """What the file has said so far. Short digests, so that a hundred thousand rows take some megabytes."""

    ids: dict[int, int] = field(default_factory=dict)  # digest of the ID number → row
    persons: dict[int, int] = field(default_factory=dict)  # person code → row
    likenesses: dict[int, int] = field(default_factory=dict)  # name and birth → twice the row, and whether it had an ID
    heads: dict[int, int] = field(default_factory=dict)  # household → row of its head
    households: dict[int, int] = field(default_factory=dict)  # household → digest of what was said of it
    # Who and which household is new in this file: other sheets speak of them. Their public ids follow from the file.
    coming: set[int] = field(default_factory=set)
    new_households: set[int] = field(default_factory=set)
    salt: bytes = b""
    surveys: set[int] = field(default_factory=set)

    def uid(self, text: str) -> uuid.UUID:
        """The public id of somebody new: of the ID number's index, or of the household's code."""
        return uuid.UUID(bytes=blake2b(text.encode(), digest_size=16, key=self.salt).digest(), version=4)


@dataclass
class Known:
    """What the ledger holds about the rows of a chunk."""

    by_code: dict[str, Person]
    by_index: dict[str, Person]
    homes: dict[str, Household]
    memberships: dict[int, Membership]
    heads: dict[int, int]  # household → person who is its head
    alike: dict[tuple[str, date | None], list[bool]]  # name, birth → whether they have an ID number
    agreements: dict[tuple[int, str], Agreement]
    states: dict[tuple[int, str], ItemState]
    surveys: set[tuple[int, date]]


class Roster:
    """Judges rows of one county, chunk after chunk."""

    def __init__(self, county: Bureau, seen: Seen) -> None:
        self.county, self.seen, self.places = county, seen, Places()
        sites = Site.objects.filter(county=county, is_placeholder=False).order_by("plan_id")
        self.sites = {site.name: site for site in sites}
        # Rows of earlier chunks that turned out to be wrong: (row, code, key, params).
        self.late: list[Late] = []

    def judge(self, lines: Sequence[Line]) -> None:
        indexes = {id(line): blind.of_id_number(line.given("id_number")) for line in lines if line.given("id_number")}
        known = self._known(lines, indexes.values())
        for line in lines:
            self._judge(line, indexes.get(id(line)), known)
            if line.is_wrong():
                line.outcome, line.plan, line.before, line.changes = Outcome.ERROR, None, None, []

    # --- What the ledger holds -----------------------------------------------------------------

    def _known(self, lines: Sequence[Line], indexes: Iterable[str]) -> Known:
        codes = {line.given("person_code") for line in lines} - {None}
        persons = Person.objects.select_related("county")
        by_code = {row.code: row for row in persons.filter(code__in=codes)} if codes else {}
        by_index = {row.id_index: row for row in persons.filter(id_index__in=list(indexes))}
        found = {row.pk for row in (*by_code.values(), *by_index.values())}
        households = {line.given("household_code") for line in lines} - {None}
        homes = {row.code: row for row in Household.objects.filter(county=self.county, code__in=households)}
        current = Membership.objects.filter(until=None)
        memberships = {row.person_id: row for row in current.filter(person__in=found).select_related("household")}
        heads = current.filter(household__in=[row.pk for row in homes.values()], relation=Membership.Relation.HEAD)
        alike: dict[tuple[str, date | None], list[bool]] = {}
        names = {line.given("name") for line in lines if not line.given("person_code")} - {None}
        rows = Person.objects.living_here().filter(county=self.county, name__in=names)
        for name, born, index in rows.values_list("name", "birth_date", "id_index"):
            alike.setdefault((name, born), []).append(bool(index))
        agreements, states = {}, {}
        if found:
            rows_of = Agreement.objects.filter(person__in=found)
            agreements = {(row.person_id, row.kind): row for row in rows_of}
            states = {(row.person_id, row.item): row for row in ItemState.objects.filter(person__in=found)}
        return Known(
            by_code,
            {str(index): row for index, row in by_index.items()},
            homes,
            memberships,
            dict(heads.values_list("household_id", "person_id")),
            alike,
            agreements,
            states,
            self._surveys(lines, homes),
        )

    def _surveys(self, lines: Sequence[Line], homes: dict[str, Household]) -> set[tuple[int, date]]:
        days = {line.given("surveyed_on") for line in lines} - {None}
        if not days or not homes:
            return set()
        rows = Survey.objects.filter(household__in=[row.pk for row in homes.values()], on__in=days)
        return set(rows.values_list("household_id", "on"))

    # --- One row ---------------------------------------------------------------------------------

    def _judge(self, line: Line, index: str | None, known: Known) -> None:
        self._twice_in_file(line, index)
        person = self._who(line, index, known)
        if line.is_wrong():
            return
        self._agrees_with_number(line, person)
        code = line.given("household_code")
        home = known.homes.get(code) if code else None
        plan: dict[str, Any] = {"code": code, "person": {}, "household": {}, "agreements": {}, "states": {}}
        before: dict[str, Any] = {"person": {}, "household": {}, "agreements": {}, "states": {}}
        self._household(line, person, home, known, plan, before)
        if person is None:
            self._new(line, index, known, plan)
        else:
            self._changed(line, person, known, plan, before)
        self._survey(line, home, known, plan)
        if line.is_wrong():
            return
        line.plan, line.before = plan, before
        if person is None:
            line.subject, line.version = self.seen.uid(index) if index else uuid.uuid4(), None
            line.outcome = line.outcome or Outcome.NEW
            plan["id_index"] = index
            if index:
                self.seen.coming.add(digest(index))
            return
        line.subject, line.version = person.uid, person.version
        if not line.changes and "survey" not in plan:
            line.outcome, line.plan, line.before = Outcome.UNCHANGED, None, None
            return
        line.outcome = Outcome.CHANGED
        self._edition(line, person.version, plan["overwrites"])

    def _twice_in_file(self, line: Line, index: str | None) -> None:
        code = line.given("person_code")
        for short, seen, key, problem in (
            (digest(index) if index else None, self.seen.ids, "id_number", "id_twice"),
            (digest(code) if code else None, self.seen.persons, "person_code", "person_twice"),
        ):
            if short is None:
                continue
            here = self.places.of(line)
            first = seen.setdefault(short, here)
            if first != here:
                line.wrong(problem, key, row=Places.row(first))
                late = Late(self.places.table(first), Places.row(first), problem, key, {"row": line.number})
                self.late.append(late)

    def _who(self, line: Line, index: str | None, known: Known) -> Person | None:
        code = line.given("person_code")
        person = known.by_code.get(code) if code else None
        if code and person is None:
            line.wrong("unknown_person_code", "person_code")
            return None
        by_number = known.by_index.get(index) if index else None
        if person is not None and by_number is not None and by_number.pk != person.pk:
            line.wrong("id_of_another", "id_number")
        person = person or by_number
        if person is not None and person.county_id != self.county.pk:
            line.wrong("other_county", "person_code" if code else "id_number")
            return None
        if person is not None and person.status != Person.Status.ACTIVE:
            line.wrong("not_active", "person_code" if code else "id_number")
        if person is None:
            for key in ("household_code", "name"):
                if line.given(key) is None and not any(issue.key == key for issue in line.issues):
                    line.wrong("required", key)
        return person

    def _agrees_with_number(self, line: Line, person: Person | None) -> None:
        """Birth and sex follow from the ID number, and must not contradict it."""
        number = line.given("id_number")
        if not number:
            return
        for key, said in (("birth_date", id_numbers.birth_date(number)), ("sex", id_numbers.sex(number))):
            given = line.given(key)
            if given is not None and given != said:
                line.wrong("id_disagrees", key)
            elif given is None and (person is None or not getattr(person, key)):
                line.values[key] = said  # type: ignore[assignment]

    def _new(self, line: Line, index: str | None, known: Known, plan: dict[str, Any]) -> None:
        name, born = line.given("name"), line.given("birth_date")
        for key in PERSON:
            value = line.given(key)
            if value is not None:
                plan["person"][key] = value
        plan["relation"] = line.given("relation") or ""
        for key, kind in AGREEMENTS.items():
            if line.given(key):
                plan["agreements"][kind] = line.given(key)
        plan["states"] = self._states(line)
        plan["new"] = True
        like = digest(f"{name}|{born}")
        here = 2 * self.places.of(line) + bool(index)
        first = self.seen.likenesses.setdefault(like, here)
        is_double = first // 2 != here // 2 and not (first % 2 and index)
        in_ledger = known.alike.get((name, born), [])
        # Two ID numbers are two persons; where one is missing, only a person can tell.
        if is_double or any(not (has and index) for has in in_ledger):
            line.outcome = Outcome.DUPLICATE
            line.wrong("probable_double", "name", WARNING)

    def _changed(self, line: Line, person: Person, known: Known, plan: dict[str, Any], before: dict[str, Any]) -> None:
        membership = known.memberships.get(person.pk)
        code = line.given("household_code")
        if code and membership and membership.household.code != code:
            line.wrong("other_household", "household_code")
        for key in PERSON:
            if key not in line.values or line.values[key] in _STATES:
                continue
            new = line.given(key)
            if new is None:  # to be cleared
                new = None if key in _NULLED else ""
            if self._same(person, key, new):
                continue
            old = getattr(person, key)
            if old and key in IDENTITY:
                line.wrong("identity_fixed", key)
                continue
            plan["person"][key], before["person"][key] = new, old
            plan["overwrites"] = plan.get("overwrites", False) or bool(old)
            line.changed(key, old, new)
        if "relation" in line.values and membership is not None:
            relation = line.given("relation") or ""
            if relation != membership.relation:
                plan["relation"], before["relation"] = relation, membership.relation
                plan["overwrites"] = plan.get("overwrites", False) or bool(membership.relation)
                line.changed("relation", membership.relation, relation)
        for key, kind in AGREEMENTS.items():
            if key not in line.values or line.values[key] in _STATES:
                continue
            kept = known.agreements.get((person.pk, kind))
            old_outcome = kept.outcome if kept else ""
            outcome = line.given(key) or Agreement.Outcome.NONE
            if outcome != old_outcome and not (not old_outcome and line.given(key) is None):
                plan["agreements"][kind], before["agreements"][kind] = outcome, old_outcome
                plan["overwrites"] = plan.get("overwrites", False) or bool(old_outcome)
                line.changed(key, old_outcome, outcome)
        for item, state in self._states(line).items():
            kept_state = known.states.get((person.pk, item))
            old_state = kept_state.state if kept_state else ""
            if state != old_state:
                plan["states"][item], before["states"][item] = state, old_state
                line.changes.append((item, old_state, state))
        plan.setdefault("overwrites", False)

    def _same(self, person: Person, key: str, new: Any) -> bool:
        """Numbers are compared by their blind index, so that nothing is decrypted that does not change."""
        if key == "id_number":
            return (blind.of_id_number(new) if new else None) == person.id_index
        if key == "phone":
            return (blind.of_phone(new) if new else None) == person.phone_index
        return bool(getattr(person, key) == new)

    def _states(self, line: Line) -> dict[str, str]:
        found = {}
        for key, value in line.values.items():
            if value is Word.DECLINED or value is Word.NOT_APPLICABLE:
                found[line.sheet.column(key).item] = str(_STATES[value])
        return found

    # --- The household, and the survey -------------------------------------------------------------

    def _household(
        self,
        line: Line,
        person: Person | None,
        home: Household | None,
        known: Known,
        plan: dict[str, Any],
        before: dict[str, Any],
    ) -> None:
        code = line.given("household_code")
        if home is None and person is not None and person.pk in known.memberships:
            home = known.memberships[person.pk].household
            plan["code"] = code = home.code
        if code is None:
            return
        if home is not None and home.status != Household.Status.ACTIVE:
            line.wrong("household_closed", "household_code")
            return
        said = {key: line.values[key] for key in HOUSEHOLD if key in line.values}
        site = said.get("site")
        if isinstance(site, str) and site not in self.sites:
            line.wrong("unknown_site", "site")
            return
        said_so, place = digest(repr(sorted(said.items(), key=lambda item: item[0]))), digest(code)
        first = self.seen.households.get(place)
        if first is None:
            self.seen.households[place] = said_so
            self._of_household(line, home, said, plan, before)
            if home is None:
                self.seen.new_households.add(place)
                plan["household_uid"] = self.seen.uid(code)
        elif first != said_so and said:
            line.wrong("household_differs", "household_code")
        if line.given("relation") == Membership.Relation.HEAD:
            here = self.places.of(line)
            first_head = self.seen.heads.setdefault(place, here)
            if first_head != here:
                line.wrong("two_heads", "relation", row=Places.row(first_head))
            elif home is not None and known.heads.get(home.pk) not in (None, person.pk if person else None):
                line.wrong("has_head", "relation")

    def _of_household(
        self, line: Line, home: Household | None, said: dict[str, Any], plan: dict[str, Any], before: dict[str, Any]
    ) -> None:
        resettlement = said.get("resettlement", home.resettlement if home else "")
        if resettlement == Household.Kind.SCATTERED and (said.get("site") or (home and home.site_id)):
            line.wrong("scattered_at_site", "site")
        for key, value in said.items():
            new = (None if key in _NULLED else "") if isinstance(value, Word) else value
            if home is None:
                if new not in (None, ""):
                    plan["household"][key] = new
                continue
            old: Any = getattr(home, key)
            if key == "site":
                old = old.name if old is not None else None
            if old == new:
                continue
            plan["household"][key], before["household"][key] = new, old
            plan["overwrites"] = plan.get("overwrites", False) or bool(old)
            line.changed(key, old, new)
        if home is not None and plan["household"]:
            before["household_version"] = home.version

    def _survey(self, line: Line, home: Household | None, known: Known, plan: dict[str, Any]) -> None:
        """Told once for each household and day, although every row of its members repeats it."""
        on, code = line.given("surveyed_on"), plan.get("code")
        if on is None or code is None or (home is not None and (home.pk, on) in known.surveys):
            return
        told = digest(f"{code}|{on}")
        if told in self.seen.surveys:
            return
        if not line.given("informant"):
            line.wrong("informant_missing", "informant")
            return
        self.seen.surveys.add(told)
        plan["survey"] = {"on": on, "informant": line.given("informant"), "surveyor": line.given("surveyor") or ""}

    def _edition(self, line: Line, current: int, overwrites: bool) -> None:
        """Whether the row may be written over what is there now."""
        said = line.given("version")
        if said is not None and current > said:
            line.outcome = Outcome.CONFLICT
            line.wrong("changed_meanwhile", "version", WARNING, said=said, now=current)
        elif said is not None and said > current:
            line.wrong("unknown_edition", "version")
        elif said is None and overwrites:
            line.outcome = Outcome.CONFLICT
            line.wrong("no_edition", "version", WARNING)


def digest(text: str) -> int:
    """Eight bytes of the text: enough that two of a hundred thousand never meet."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
