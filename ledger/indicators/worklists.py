"""What is to be done next, and for whom: the gaps of the indicators as lists for those who serve.

No list holds anybody because they said no. Whoever died or moved away is in none, from that day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ledger.indicators import rights, serving, surveying, training
from ledger.indicators.counting import CHECK, HOUSEHOLD, PERSON, REGISTRATION, SPELL
from ledger.indicators.facts import Facts
from ledger.indicators.standing import Standing, days, standing
from ledger.indicators.terms import Terms, gettext_noop
from ledger.indicators.willing import latest, say


@dataclass(frozen=True, slots=True)
class Task:
    """One row of a list: `subject` and `id` as in the indicators, and the person or household to go to.

    `due_on` comes from a rule, None where nothing sets a date. `why` is a code of WHY, worded with `params`.
    `wait_until`: the person was contacted often enough this month, or declined lately; not before that day.
    """

    list: str
    subject: str
    id: int
    due_on: date | None
    why: str
    person: int | None = None
    household: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    wait_until: date | None = None


WHY = {
    "not_surveyed": gettext_noop("Not surveyed yet."),
    "nobody_home": gettext_noop("Nobody was at home on %(on)s."),
    "items_missing": gettext_noop("Neither answered nor declined: %(count)d items."),
    "never_asked": gettext_noop("Never asked about it."),
    "undecided": gettext_noop("Undecided on %(on)s."),
    "wants_training": gettext_noop("Wanted training on %(on)s and completed no free course yet."),
    "wants_work": gettext_noop("Wanted work on %(on)s and was offered no post yet."),
    "not_visited": gettext_noop("At work this year and not visited yet."),
    "lapsed": gettext_noop("A right lapsed or was not received; found on %(on)s."),
    "work_ended": gettext_noop("Work ended on %(on)s and is not registered as lost."),
    "no_helper": gettext_noop("Registered on %(on)s, nobody is named to help."),
    "no_help": gettext_noop("Registered on %(on)s and not helped since."),
    "help_again": gettext_noop("Last helped on %(on)s."),
    "nobody_follows": gettext_noop("Nobody is named to follow this household."),
}


def may_ask_on(at: Standing, person: int, kind: str) -> date | None:
    """From when a person may be asked (again); None if now. Who asks to be asked is asked at any time."""
    row = latest(at, kind).get(person)
    again = row.on + days(at.terms.reask_days) if row else at.as_of
    return again if again > at.as_of else None


def contact_days(at: Standing, person: int) -> int:
    """On how many days of the month the person has been contacted, by whichever office."""
    month = at.as_of.replace(day=1)
    facts = at.facts
    dates = {row.on for row in facts.contacts.get(person, ())} | {row.on for row in facts.visits.get(person, ())}
    return sum(month <= day <= at.as_of for day in dates)


def wait_until(at: Standing, person: int) -> date | None:
    """The first of the next month, for who was contacted often enough in this one."""
    if contact_days(at, person) < at.terms.contacts_a_month:
        return None
    return (at.as_of.replace(day=28) + days(4)).replace(day=1)


def not_surveyed(at: Standing) -> Iterable[Task]:
    """A household that declined is left alone until it may be asked again."""
    for key in surveying.households_visited(at).gap:
        rows = [row for row in at.facts.surveys.get(key, ()) if row.on <= at.as_of]
        declined = max((row.on for row in rows if row.result == "declined"), default=None)
        if declined is not None and declined + days(at.terms.reask_days) > at.as_of:
            continue
        missed = max((row.on for row in rows if row.result == "not_home"), default=None)
        why, params = ("nobody_home", {"on": missed}) if missed else ("not_surveyed", {})
        yield Task("survey", HOUSEHOLD, key, at.terms.survey_due, why, household=key, params=params)


def items_missing(at: Standing) -> Iterable[Task]:
    for person in surveying.nothing_left_out(at).gap:
        home = at.homes[person]
        if home not in at.surveyed:
            continue  # stands in the list of surveys
        first = min(
            row.on for row in at.facts.surveys[home] if row.on <= at.as_of and row.result in ("complete", "partial")
        )
        items = surveying.missing_items(at, person)
        yield Task(
            "items",
            PERSON,
            person,
            max(at.terms.survey_due, first + days(at.terms.items_days)),
            "items_missing",
            person=person,
            household=home,
            params={"count": len(items), "items": items},
            wait_until=wait_until(at, person),
        )


def to_ask(at: Standing) -> Iterable[Task]:
    """Who was never asked about work or training, or was undecided long enough ago. A no is not asked after."""
    for kind in ("job", "training"):
        said = latest(at, kind)
        for person in at.able:
            row = said.get(person)
            params: dict[str, Any] = {"kind": kind}
            if row is None and not (kind == "job" and person in at.employed):
                why = "never_asked"
            elif row is not None and row.answer == "undecided" and may_ask_on(at, person, kind) is None:
                why, params["on"] = "undecided", row.on
            else:
                continue
            yield Task(
                "ask",
                PERSON,
                person,
                None,
                why,
                person=person,
                household=at.homes[person],
                params=params,
                wait_until=wait_until(at, person),
            )


def to_train(at: Standing) -> Iterable[Task]:
    said = latest(at, "training")
    for person in training.willing_trained(at).gap:
        yield Task(
            "train",
            PERSON,
            person,
            at.terms.window_until,
            "wants_training",
            person=person,
            household=at.homes[person],
            params={"on": said[person].on},
            wait_until=wait_until(at, person),
        )


def to_match(at: Standing) -> Iterable[Task]:
    """Who has found work meanwhile still counts in M4a, but needs no post any more."""
    said = latest(at, "job")
    for person in serving.posts_offered(at).gap - at.at_work.keys():
        ended = [row.ended_on for row in at.facts.spells.get(person, ()) if row.ended_on and row.ended_on < at.as_of]
        since = max([said[person].on, *ended])
        yield Task(
            "match",
            PERSON,
            person,
            since + days(at.terms.offer_days),
            "wants_work",
            person=person,
            household=at.homes[person],
            params={"on": said[person].on},
            wait_until=wait_until(at, person),
        )


def to_visit(at: Standing) -> Iterable[Task]:
    for person in serving.visited(at).gap:
        yield Task(
            "visit",
            PERSON,
            person,
            date(at.as_of.year, 12, 31),
            "not_visited",
            person=person,
            household=at.homes[person],
            wait_until=wait_until(at, person),
        )


def open_lapses(at: Standing) -> Iterable[Task]:
    """Of several findings of one right the first that is open: it is one problem."""
    seen: set[tuple[int | None, int | None, str]] = set()
    found = sorted((row for row, day in rights.problems(at).values() if day is None), key=lambda row: (row.on, row.id))
    for row in found:
        key = (row.household, row.person, row.right)
        if key in seen:
            continue
        seen.add(key)
        home = row.household if row.person is None else at.homes[row.person]
        yield Task(
            "lapse",
            CHECK,
            row.id,
            row.on + days(at.terms.lapse_days),
            "lapsed",
            person=row.person,
            household=home,
            params={"on": row.on, "right": row.right, "finding": row.finding},
        )


def to_register(at: Standing) -> Iterable[Task]:
    """Work that ended, as soon as it has: nobody needs to wait whether other work follows."""
    free = at.able - at.at_work.keys()
    for row in serving.ended_spells(at, frozenset(person for person in free if say(at, "job", person) != "no")):
        if row.ended_on is not None and serving.registered_for(at, row) is None:
            yield Task(
                "register",
                SPELL,
                row.id,
                row.ended_on + days(at.terms.registration_days),
                "work_ended",
                person=row.person,
                household=at.homes[row.person],
                params={"on": row.ended_on},
                wait_until=wait_until(at, row.person),
            )


def to_help(at: Standing) -> Iterable[Task]:
    for row in serving.open_registrations(at):
        if serving.is_helped(at, row):
            continue
        last = max((day for day in row.help_dates if day <= at.as_of), default=None)
        if row.helper is None:
            why, on = "no_helper", row.registered_on
        elif last is None:
            why, on = "no_help", row.registered_on
        else:
            why, on = "help_again", last
        yield Task(
            "help",
            REGISTRATION,
            row.id,
            (last or row.registered_on) + days(at.terms.help_days),
            why,
            person=row.person,
            household=at.homes[row.person],
            params={"on": on},
            wait_until=wait_until(at, row.person),
        )


def to_track(at: Standing) -> Iterable[Task]:
    for key in serving.scattered_tracked(at).gap:
        moved = at.households[key].resettled_on
        due = moved + days(at.terms.tracker_days) if moved else None
        yield Task("tracker", HOUSEHOLD, key, due, "nobody_follows", household=key)


@dataclass(frozen=True)
class Worklist:
    code: str
    measure: int
    title: str
    rows: Callable[[Standing], Iterable[Task]]
    terms: tuple[str, ...] = ()


WORKLISTS = {
    one.code: one
    for one in (
        Worklist("survey", 1, gettext_noop("Households to survey"), not_surveyed, ("survey_due", "reask_days")),
        Worklist("items", 1, gettext_noop("Items to fill in"), items_missing, ("survey_due", "items_days")),
        Worklist("ask", 1, gettext_noop("Persons to ask about work and training"), to_ask, ("reask_days",)),
        Worklist("train", 2, gettext_noop("Persons who want training"), to_train, ("window_until",)),
        Worklist(
            "tracker", 4, gettext_noop("Scattered households without a named person"), to_track, ("tracker_days",)
        ),
        Worklist("match", 4, gettext_noop("Persons to offer a post"), to_match, ("offer_days",)),
        Worklist("visit", 4, gettext_noop("Visits due this year"), to_visit),
        Worklist("register", 4, gettext_noop("Lost work to register"), to_register, ("registration_days",)),
        Worklist("help", 4, gettext_noop("Registered persons without help"), to_help, ("help_days",)),
        Worklist("lapse", 5, gettext_noop("Rights to restore"), open_lapses, ("lapse_days",)),
    )
}


def worklist(code: str, facts: Facts, as_of: date, terms: Terms) -> list[Task]:
    """The rows of one list, the earliest date first; those without a date last."""
    rows = WORKLISTS[code].rows(standing(facts, as_of, terms))
    return sorted(rows, key=lambda row: (row.due_on or date.max, row.id))
