"""What the invented learned, and help with a business. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from ledger.people import happenings
from ledger.people.baseline import COUNTIES
from ledger.people.shapes import Course, Invented, Person, Support, Training

# Title, kind, organiser, first day, days, hours.
_COURSES = (
    ("演示电焊短期班", "short", "hrss", date(2019, 3, 11), 20, 120),
    ("演示家政服务订单班", "order", "hrss", date(2019, 5, 13), 15, 90),
    ("演示餐饮定向班", "targeted", "hrss", date(2019, 7, 1), 18, 108),
    ("演示护林员定岗班", "post_based", "hrss", date(2019, 6, 17), 7, 42),
    ("演示创业培训班", "business", "hrss", date(2019, 6, 10), 10, 60),
    ("演示车间在岗培训", "in_work", "hrss", date(2019, 4, 15), 30, 60),
    ("演示牛羊养殖实用技术班", "rural", "poverty", date(2019, 4, 8), 5, 30),
    ("演示两后生中期班", "mid_term", "education", date(2019, 3, 4), 360, 1200),
    ("演示新居适应班", "adaptation", "drc", date(2019, 6, 24), 2, 8),
)
_FOR_SKILLS = ("short", "order", "targeted", "post_based", "in_work", "rural")


def teach(found: Invented, rng: Random, today: date) -> None:
    by_county: dict[str, dict[str, Course]] = {}
    for county in COUNTIES:
        for title, kind, organiser, starts, days, hours in _COURSES:
            key = len(found.courses)
            ends = starts + timedelta(days=days)
            course = Course(key, county.code, title, kind, organiser, starts, ends, hours)
            found.courses.append(course)
            by_county.setdefault(county.code, {})[kind] = course
    county_of = {home.key: home.county for home in found.homes}
    said = happenings.said(found)
    for person in found.persons:
        courses = by_county[county_of[person.home]]
        wishes = {kind for kind in _WISHES if (one := said.get((person.key, kind))) and one.answer == "yes"}
        if "training" in wishes and rng.random() < 0.52:
            _take_part(found, rng, person, courses[rng.choice(_FOR_SKILLS)], today)
        if "entrepreneurship" in wishes and rng.random() < 0.4:
            _take_part(found, rng, person, courses["business"], today)
        if "mid_term_training" in wishes and rng.random() < 0.5:
            _take_part(found, rng, person, courses["mid_term"], today)
        if "adaptation" in wishes and rng.random() < 0.5:
            _take_part(found, rng, person, courses["adaptation"], today)
    _support(found, rng, today)


_WISHES = ("training", "entrepreneurship", "mid_term_training", "adaptation")


def _take_part(found: Invented, rng: Random, person: Person, course: Course, today: date) -> None:
    offered = course.starts_on - timedelta(days=rng.randint(3, 20))
    if offered < person.of_age_on():
        return
    if rng.random() < 0.1:
        found.trainings.append(Training(person.key, course.key, offered, None, None, "declined"))
        return
    ended = course.ends_on <= today
    result = rng.choices(("completed", "dropped"), (92, 8))[0] if ended else ""
    completed = course.ends_on if result == "completed" else None
    found.trainings.append(Training(person.key, course.key, offered, course.starts_on, completed, result))


def _support(found: Invented, rng: Random, today: date) -> None:
    for spell in found.spells:
        if spell.kind != "business" or rng.random() > 0.5:
            continue
        first = max(spell.started_on, date(2019, 1, 8))
        if first >= today:
            continue
        on = first + timedelta(days=rng.randrange((today - first).days))
        found.supports.append(Support(spell.person, "guidance", on, None))
        if rng.random() < 0.35:
            found.supports.append(Support(spell.person, "loan", on, rng.randrange(10000, 50001, 5000)))
