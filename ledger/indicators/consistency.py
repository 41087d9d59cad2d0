"""Checks of the ledger against itself. A finding points at rows to look at; it proves nothing about a person.

Checks read what is entered, whatever its date: a date in the future is a finding, too. Identities are compared
by keys, so nothing here is a name or a number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.indicators import rights, serving, surveying
from ledger.indicators.facts import Facts, RecordedFact, SpellFact
from ledger.indicators.standing import WORKING_AGE, Standing, covers, days, standing, turned
from ledger.indicators.terms import Terms, gettext_noop
from ledger.indicators.willing import latest

BLOCK, ERROR, WARNING, INFO = "block", "error", "warning", "info"
# Who is shown a finding: whoever keeps the rows, the county's lead alone, the supervisor of the office alone.
KEEPER, COUNTY_LEAD, SUPERVISOR = "keeper", "county_lead", "supervisor"


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject`: household person spell training match visit check dwelling county (its six digits)."""

    code: str
    subject: str
    id: int
    params: Mapping[str, Any] = field(default_factory=dict)


Found = Iterator[tuple[str, int, dict[str, Any]]]


@dataclass(frozen=True)
class Check:
    code: str
    severity: str
    title: str
    find: Callable[[Standing], Found]
    audience: str = KEEPER
    terms: tuple[str, ...] = ()


def unsurveyed(at: Standing) -> Found:
    for key in surveying.households_visited(at).gap:
        yield "household", key, {}


def members_differ(at: Standing) -> Found:
    for key, (expected, recorded) in surveying.nobody_left_out(at).detail["differing"].items():
        yield "household", key, {"expected": expected, "recorded": recorded}


def heads(at: Standing) -> Found:
    count: Counter[int] = Counter()
    for person, home in at.homes.items():
        count[home] += any(
            row.head and row.household == home and (row.until is None or row.until >= at.as_of)
            for row in at.facts.memberships[person]
        )
    for key in at.households:
        if at.members.get(key) and count[key] != 1:
            yield "household", key, {"heads": count[key]}


def two_households(at: Standing) -> Found:
    for person, rows in at.facts.memberships.items():
        homes = {
            row.household
            for row in rows
            if row.household in at.households
            and (row.since or date.min) <= at.as_of
            and (row.until is None or row.until >= at.as_of)
        }
        if len(homes) > 1 and person in at.facts.persons and at.lives_here(at.facts.persons[person]):
            yield "person", person, {"households": tuple(sorted(homes))}


def id_number_wrong(at: Standing) -> Found:
    for person, row in at.facts.identities.items():
        if row.id_valid is False and person in at.homes:
            yield "person", person, {}


def id_number_differs(at: Standing) -> Found:
    for person, row in at.facts.identities.items():
        if person not in at.homes or row.id_valid is False:
            continue
        entered = at.facts.persons[person]
        items = []
        if row.id_birth_date and entered.birth_date and row.id_birth_date != entered.birth_date:
            items.append("birth_date")
        if row.id_sex and entered.sex and row.id_sex != entered.sex:
            items.append("sex")
        if items:
            yield "person", person, {"items": tuple(items)}


def _alike(at: Standing, key: Callable[[int], Any]) -> Iterable[tuple[int, ...]]:
    """Groups of persons with the same key, the first entered first. An empty key is like no other."""
    groups: dict[Any, list[int]] = defaultdict(list)
    for person in sorted(at.facts.identities):
        row = at.facts.persons.get(person)
        if row is not None and row.status != "duplicate" and (mine := key(person)):
            groups[mine].append(person)
    return (tuple(people) for people in groups.values() if len(people) > 1)


def same_id_number(at: Standing) -> Found:
    for people in _alike(at, lambda person: at.facts.identities[person].id_key):
        for person in people[1:]:
            yield "person", person, {"persons": people}


def perhaps_same(at: Standing) -> Found:
    """Two persons with valid, different ID numbers are two persons."""

    def key(person: int) -> Any:
        row, name = at.facts.persons[person], at.facts.identities[person].name_key
        return (name, row.birth_date, row.county) if name and row.birth_date else None

    for people in _alike(at, key):
        numbers = [at.facts.identities[person].id_key for person in people]
        if all(numbers) and len(set(numbers)) == len(numbers):
            continue
        for person in people[1:]:
            yield "person", person, {"persons": people}


def one_phone(at: Standing) -> Found:
    for people in _alike(at, lambda person: person in at.homes and at.facts.identities[person].phone_key):
        if len(people) > at.terms.phone_persons:
            yield "person", people[0], {"count": len(people), "persons": people}


def blank_items(at: Standing) -> Found:
    for person in at.grown:
        states = at.facts.persons[person].items
        blank = tuple(item for item in surveying.required_items(at, person) if not states.get(item))
        if blank and at.homes[person] in at.surveyed:
            yield "person", person, {"count": len(blank), "items": blank}


def child_at_work(at: Standing) -> Found:
    """Under 16 now, or then. Only what bears on work: settling in is for children, too."""
    for person in at.homes:
        birth = at.facts.persons[person].birth_date
        if birth is None:
            continue
        grown_on = turned(birth, WORKING_AGE)
        said = any(row.on < grown_on for row in at.facts.statements.get(person, ()) if row.kind != "adaptation")
        works = any(row.started_on < grown_on for row in at.facts.spells.get(person, ()))
        if said or works:
            yield "person", person, {"statement": said, "work": works}


def work_without_items(at: Standing) -> Found:
    for person in at.grown & at.at_work.keys():
        states = at.facts.persons[person].items
        items = tuple(item for item in ("place", "trade", "pay") if not states.get(item))
        if items:
            yield "person", person, {"items": items}


def never_asked(at: Standing) -> Found:
    said = latest(at, "job")
    for person in at.able - at.employed:
        if person not in said:
            yield "person", person, {}


def _spells(at: Standing) -> Iterable[SpellFact]:
    return (row for rows in at.facts.spells.values() for row in rows)


def spell_dates(at: Standing) -> Found:
    for row in _spells(at):
        if row.ended_on is not None and row.ended_on < row.started_on:
            yield "spell", row.id, {"problem": "reversed"}
        elif row.started_on > at.as_of or (row.ended_on is not None and row.ended_on > at.as_of):
            yield "spell", row.id, {"problem": "future"}
    for rows in at.facts.spells.values():
        main = sorted((row for row in rows if row.primary), key=lambda row: (row.started_on, row.id))
        for before, after in zip(main, main[1:], strict=False):
            if before.ended_on is None or before.ended_on >= after.started_on:
                yield "spell", after.id, {"problem": "overlapping", "other": before.id}


def training_odd(at: Standing) -> Found:
    for person, rows in at.facts.trainings.items():
        entered = at.facts.persons.get(person)
        grown_on = turned(entered.birth_date, WORKING_AGE) if entered and entered.birth_date else None
        for row in rows:
            begun = row.enrolled_on or row.completed_on
            if row.completed_on and row.enrolled_on and row.completed_on < row.enrolled_on:
                yield "training", row.id, {"problem": "reversed"}
            if row.free and row.fee_paid:
                yield "training", row.id, {"problem": "fee"}
            if grown_on and begun and begun < grown_on and row.kind != "adaptation":
                yield "training", row.id, {"problem": "under_16"}


def match_at_work(at: Standing) -> Found:
    for person, rows in at.facts.matches.items():
        for row in rows:
            if any(
                spell.primary and spell.started_on < row.on and covers(spell, row.on)
                for spell in at.facts.spells.get(person, ())
            ):
                yield "match", row.id, {}


def visit_outside(at: Standing) -> Found:
    for person, rows in at.facts.visits.items():
        for row in rows:
            if not any(covers(spell, row.on) for spell in at.facts.spells.get(person, ())):
                yield "visit", row.id, {}


def pay_unusual(at: Standing) -> Found:
    """Mostly a year's pay entered as a month's: to be confirmed, never refused."""
    months = {"month": 1.0, "year": 1 / 12, "day": 21.75}
    for row in _spells(at):
        if row.pay_amount is not None and row.pay_period in months:
            monthly = float(row.pay_amount) * months[row.pay_period]
            if not at.terms.pay_month_low <= monthly <= at.terms.pay_month_high:
                yield "spell", row.id, {"amount": row.pay_amount, "period": row.pay_period}


def nobody_follows(at: Standing) -> Found:
    for key in serving.scattered_tracked(at).gap:
        yield "household", key, {}


def lapse_open(at: Standing) -> Found:
    for row, settled in rights.problems(at).values():
        if row.finding == "lapsed" and settled is None and row.on + days(at.terms.lapse_days) < at.as_of:
            yield "check", row.id, {"right": row.right, "days": (at.as_of - row.on).days}


def certificate_odd(at: Standing) -> Found:
    for row in at.facts.dwellings.values():
        if (row.certified or row.issued_on) and row.household is None:
            yield "dwelling", row.id, {"problem": "no_household"}
        if row.certified != (row.issued_on is not None):
            yield "dwelling", row.id, {"problem": "half"}
        if row.issued_on and row.applied_on and row.issued_on < row.applied_on:
            yield "dwelling", row.id, {"problem": "reversed"}


def stale(at: Standing) -> Found:
    for key in surveying.up_to_date(at).gap:
        yield "household", key, {"on": at.confirmed_on.get(key)}


def gone_at_work(at: Standing) -> Found:
    for person, row in at.facts.persons.items():
        if row.status in ("deceased", "moved_out") and not at.lives_here(row):
            last = row.status_on or at.as_of
            for spell in at.facts.spells.get(person, ()):
                if spell.started_on <= at.as_of and (spell.ended_on is None or spell.ended_on > last):
                    yield "spell", spell.id, {"status": row.status}


def against_baseline(at: Standing) -> Found:
    """Both figures are shown, neither is corrected."""
    counted: dict[str, Counter[str]] = {"households": Counter(), "employed": Counter()}
    for row in at.households.values():
        counted["households"][row.county] += 1
    for person in at.employed:
        counted["employed"][at.households[at.homes[person]].county] += 1
    for figure in at.facts.baselines:
        ours = counted.get(figure.what, Counter())[figure.county]
        if figure.what in counted and ours != figure.value:
            yield (
                "county",
                int(figure.county),
                {"what": figure.what, "stated": figure.value, "counted": ours, "on": figure.on},
            )


def recorded_alike(at: Standing) -> Found:
    """Of the office, never of those asked nor of who wrote: many refusals, or one answer over and over, in a day.

    Officers are told apart in here alone. A finding names the county, and those of one day stand in the order of their
    figures, so that nobody is followed from day to day.
    """
    written: dict[tuple[str, date, int], list[RecordedFact]] = defaultdict(list)
    for row in at.facts.recorded:
        if row.on <= at.as_of:
            written[row.county, row.on, row.officer].append(row)
    recorders = Counter((county, on) for county, on, _officer in written)
    found = []
    for (county, on, _officer), rows in written.items():
        noes = sum(row.n for row in rows if row.answer == "no")
        asked = Counter(row.kind for row in rows)  # more than one row: people answered differently
        same, kind, answer = max(
            ((row.n, row.kind, row.answer) for row in rows if asked[row.kind] == 1), default=(0, "", "")
        )
        beyond = (noes > at.terms.noes_a_day) * ("refusals",) + (same > at.terms.same_a_day) * ("identical",)
        if beyond:
            n, by_workbook = sum(row.n for row in rows), sum(row.by_workbook for row in rows)
            found.append((county, on, n, noes, same, by_workbook, kind, answer, beyond))
    names = ("answers", "noes", "same", "by_workbook", "kind", "answer", "beyond")
    for county, on, *values in sorted(found):
        params = dict(zip(names, values, strict=True))
        yield "county", int(county), {"on": on, "recorders": recorders[county, on], **params}


CHECKS = {
    one.code: one
    for one in (
        Check("C01", WARNING, gettext_noop("A household on the roster is not surveyed"), unsurveyed),
        Check("C02", WARNING, gettext_noop("Members by the roster and members entered differ"), members_differ),
        Check("C03", ERROR, gettext_noop("A household has no head, or more than one"), heads),
        Check("C04", ERROR, gettext_noop("A person is in two households"), two_households),
        Check("C05", ERROR, gettext_noop("The ID number's check digit is wrong"), id_number_wrong),
        Check("C06", ERROR, gettext_noop("The ID number says another birth date or sex"), id_number_differs),
        Check("C07", BLOCK, gettext_noop("An ID number is entered twice"), same_id_number),
        Check("C08", WARNING, gettext_noop("Perhaps one person entered twice"), perhaps_same),
        Check("C09", WARNING, gettext_noop("One phone number for many persons"), one_phone, terms=("phone_persons",)),
        Check("C10", WARNING, gettext_noop("A required item is blank"), blank_items),
        Check("C11", ERROR, gettext_noop("Work or wishes of a child under 16"), child_at_work, COUNTY_LEAD),
        Check("C12", WARNING, gettext_noop("At work without place, trade or pay"), work_without_items),
        Check("C13", INFO, gettext_noop("Can work, has none, and was never asked"), never_asked),
        Check("C14", ERROR, gettext_noop("Dates of work are reversed, in the future or overlap"), spell_dates),
        Check(
            "C15", ERROR, gettext_noop("A course with impossible dates, a fee though free, or a child"), training_odd
        ),
        Check("C16", INFO, gettext_noop("A post offered to somebody at work"), match_at_work),
        Check("C17", WARNING, gettext_noop("A visit on a day without work"), visit_outside),
        Check(
            "C18",
            WARNING,
            gettext_noop("Unusual pay, perhaps of another period"),
            pay_unusual,
            terms=("pay_month_low", "pay_month_high"),
        ),
        Check("C19", WARNING, gettext_noop("Nobody follows a scattered household"), nobody_follows),
        Check("C20", ERROR, gettext_noop("A lapsed right is open for long"), lapse_open, terms=("lapse_days",)),
        Check("C21", ERROR, gettext_noop("A certificate that does not fit its dwelling"), certificate_odd),
        Check("C22", WARNING, gettext_noop("Not confirmed for long"), stale, terms=("fresh_days",)),
        Check("C23", ERROR, gettext_noop("At work after death or moving away"), gone_at_work),
        Check("C24", INFO, gettext_noop("The plan's figure and the ledger's differ"), against_baseline),
        Check(
            "C25",
            INFO,
            gettext_noop("Many refusals or identical answers recorded in one day"),
            recorded_alike,
            SUPERVISOR,
            terms=("noes_a_day", "same_a_day"),
        ),
    )
}


def check(code: str, facts: Facts, as_of: date, terms: Terms) -> list[Finding]:
    """The findings of one check, by subject and id."""
    found = CHECKS[code].find(standing(facts, as_of, terms))
    return sorted((Finding(code, *row) for row in found), key=lambda one: (one.subject, one.id))
