"""What happened to invented people up to a day: asked, working, trained, visited. Pure.

Shaped like a county at work: most households surveyed in time and some not, many not yet asked this or that, refusals
that are nobody's fault, offices that are behind. Nobody under sixteen is asked about work, works or is trained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from ledger.people import courses, posts, rights, work
from ledger.people.shapes import Agreement, Home, Invented, ItemState, Person, Spell, Statement, Survey, Tracker

FIRST_SURVEY, LAST_SURVEY = date(2019, 6, 5), date(2019, 7, 31)
_ASKED = ("education", "skills", "health", "phone", "id_number")
_AGREEMENTS = ("industry", "employment", "training")
# Of a hundred asked: yes, no, undecided; and of a hundred, how many were asked at all.
_ANSWERS = {
    "job": ((66, 20, 14), 80),
    "labour_export": ((24, 58, 18), 72),
    "training": ((46, 38, 16), 74),
    "entrepreneurship": ((9, 78, 13), 60),
    "mid_term_training": ((38, 44, 18), 70),
    "job_change": ((12, 74, 14), 25),
    "visit": ((90, 4, 6), 20),
    "adaptation": ((60, 30, 10), 30),
}


def befall(found: Invented, rng: Random, today: date) -> None:
    """Fill in everything but the homes and persons, which are there."""
    of_home: dict[int, list[Person]] = defaultdict(list)
    for person in found.persons:
        of_home[person.home].append(person)
    found.spells = list(work.spells(rng, found, today))
    at_work = {spell.person: spell for spell in found.spells if spell.ended_on is None}
    for home in found.homes:
        found.surveys.extend(_surveys(rng, home, today))
    asked_on = {one.home: one.on for one in found.surveys if one.result in ("complete", "partial")}
    for home in found.homes:
        on = asked_on.get(home.key)
        if home.resettlement == "scattered" and rng.random() < 0.82:
            found.trackers.append(Tracker(home.key, date(2019, 1, 10) + timedelta(days=rng.randrange(200))))
        if on is None:
            continue
        for person in of_home[home.key]:
            found.item_states.extend(_items(rng, person, at_work.get(person.key), on))
            if person.of_age_on() <= on:
                found.agreements.extend(_agreed(rng, person, on))
                found.statements.extend(_said(rng, person, person.key in at_work, on, today))
    work.go_on(found, rng, today)
    courses.teach(found, rng, today)
    rights.look(found, rng, today)
    posts.set_aside(found, rng, today)


def said(found: Invented) -> dict[tuple[int, str], Statement]:
    """The latest statement of each person and kind."""
    return {(one.person, one.kind): one for one in sorted(found.statements, key=lambda one: one.stated_on)}


def _surveys(rng: Random, home: Home, today: date) -> Iterator[Survey]:
    surveyor = f"演示调查员{1 + home.key % 12}"
    on = FIRST_SURVEY + timedelta(days=rng.randrange((LAST_SURVEY - FIRST_SURVEY).days + 1))
    if rng.random() < 0.06:  # nobody at home; most are found later
        yield Survey(home.key, on, "not_home", surveyor, "")
        on += timedelta(days=rng.randint(5, 20))
        if rng.random() < 0.3:
            return
    if rng.random() < 0.04:  # not yet
        return
    if rng.random() < 0.01:
        yield Survey(home.key, min(on, today), "declined", surveyor, "")
        return
    result = "partial" if rng.random() < 0.07 else "complete"
    yield Survey(home.key, min(on, today), result, surveyor, "self" if rng.random() < 0.8 else "household_member")


def _items(rng: Random, person: Person, spell: Spell | None, on: date) -> Iterator[ItemState]:
    """Of what has no value: declined, not applicable, or still open (no row)."""
    child = person.of_age_on() > on
    values = {
        "education": person.education,
        "skills": person.skills,
        "health": person.health,
        "phone": person.phone,
        "id_number": person.id_number,
    }
    for item in _ASKED:
        if values[item]:
            continue
        if child and item in ("skills", "phone"):
            yield ItemState(person.key, item, "not_applicable")
        elif rng.random() < 0.4:
            yield ItemState(person.key, item, rng.choices(("declined", "unknown"), (65, 35))[0])
    if child:
        for kind in _AGREEMENTS:
            yield ItemState(person.key, f"agreement_{kind}", "not_applicable")
    if spell is None and not person.service_need and not child and rng.random() < 0.5:
        yield ItemState(person.key, "need_service", rng.choice(("not_applicable", "declined")))
    if spell is not None and spell.pay_amount is None and rng.random() < 0.6:
        yield ItemState(person.key, "pay", "declined")


def _agreed(rng: Random, person: Person, on: date) -> Iterator[Agreement]:
    for kind in _AGREEMENTS:
        outcome = rng.choices(("signed", "declined", "none", ""), (38, 8, 50, 4))[0]
        if not outcome:
            continue
        signed = outcome == "signed"
        reference = f"演示协议{person.key:05}{kind[0].upper()}" if signed else ""
        yield Agreement(person.key, kind, outcome, on if outcome != "none" else None, reference)


def _said(rng: Random, person: Person, works: bool, on: date, today: date) -> Iterator[Statement]:
    able = person.labour in ("ordinary", "skilled")
    kinds = []
    if able:
        kinds += ["training", "entrepreneurship", *(("job_change", "visit") if works else ("job", "labour_export"))]
        if person.school in ("left_junior", "left_senior"):
            kinds.append("mid_term_training")
    if person.relation in ("head", "spouse"):
        kinds.append("adaptation")
    for kind in kinds:
        answers, asked = _ANSWERS[kind]
        if rng.randrange(100) >= asked:
            continue
        answer = rng.choices(("yes", "no", "undecided"), answers)[0]
        by = "self" if rng.random() < 0.93 else "household_member"
        yield Statement(person.key, kind, answer, on, by, False)
        later = on + timedelta(days=rng.randint(3, 40))
        if answer != "yes" and later <= today and rng.random() < 0.04:
            yield Statement(person.key, kind, "yes", later, "self", True)
