"""Who of the invented works where, who lost work, what was offered and who was visited. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from ledger.people import baseline, happenings
from ledger.people.baseline import COUNTIES, WORK, County
from ledger.people.shapes import Invented, Match, Person, Registration, Spell, Visit

_AWAY = ("乌鲁木齐", "克拉玛依", "石河子", "奎屯")
# Kind of work → pay for, from, to.
PAY = {
    "unit": ("month", 2400, 3600),
    "public_post": ("month", 1800, 2600),
    "workshop": ("month", 1800, 2800),
    "government_project": ("day", 130, 200),
    "labour_export": ("month", 3300, 5600),
    "flexible": ("day", 110, 180),
    "business": ("year", 18000, 60000),
    "farming": ("year", 9000, 32000),
    "herding": ("month", 2200, 3800),
}
OFFERED = (
    ("演示服装就业扶贫车间", "缝纫工", "workshop", "workshop", "制造业"),
    ("演示边境公路养护项目", "养护工", "government_project", "project", "建筑业"),
    ("演示番茄制品厂", "分拣工", "unit", "cooperation", "制造业"),
    ("演示物业服务公司", "保洁员", "unit", "other", "居民服务"),
    ("演示护林管护站", "护林员", "public_post", "public", "公益性岗位"),
    ("演示劳务公司（克拉玛依）", "餐饮服务员", "labour_export", "export", "住宿餐饮"),
)
_HELP = ("information", "recommended", "guidance")


def able(person: Person) -> bool:
    return person.labour in ("ordinary", "skilled")


def spells(rng: Random, found: Invented, today: date) -> Iterator[Spell]:
    """By county and word as the document has them at the end of May, as far as there are people for it."""
    county_of = {home.key: home.county for home in found.homes}
    of_county: dict[str, list[Person]] = defaultdict(list)
    for person in found.persons:
        if able(person) and person.of_age_on() <= baseline.AS_OF - timedelta(days=90):
            of_county[county_of[person.home]].append(person)
    for county in COUNTIES:
        free = of_county[county.code]
        stated = sum(n for _word, n in county.employed)
        wanted = min(round(stated * len(found.persons) / baseline.PERSONS), len(free) * 95 // 100)
        words = _words(rng, county, wanted)
        for person, word in zip(rng.sample(free, len(words)), words, strict=True):
            yield _spell(rng, person, word, today)


def _words(rng: Random, county: County, wanted: int) -> list[str]:
    counts = baseline.shared(wanted, [n for _word, n in county.employed])
    words = [word for (word, _n), count in zip(county.employed, counts, strict=True) for _ in range(count)]
    rng.shuffle(words)
    return words


def _spell(rng: Random, person: Person, word: str, today: date) -> Spell:
    kind, channel, industry = WORK[word]
    place = "演示乡镇"
    if kind == "flexible" and word != "灵活就业" and rng.random() < 0.3:
        kind, channel, place = "labour_export", "export", rng.choice(_AWAY)
    started = baseline.AS_OF - timedelta(days=int(rng.triangular(20, 900, 260)))
    started = max(started, person.of_age_on() + timedelta(days=30))
    ended, why = None, ""
    if kind in ("flexible", "labour_export", "unit", "herding") and rng.random() < 0.05:
        ended = baseline.AS_OF + timedelta(days=rng.randint(1, (today - baseline.AS_OF).days - 5))
        why = rng.choice(("合同期满", "季节性停工", "工程完工", "本人辞工"))
    return _made(rng, person, kind, channel, place, industry, started, ended, why, word)


def _made(
    rng: Random,
    person: Person,
    kind: str,
    channel: str,
    place: str,
    industry: str,
    started: date,
    ended: date | None = None,
    why: str = "",
    word: str = "",
    employer: str = "",
) -> Spell:
    period, low, high = PAY[kind]
    step = 100 if period != "day" else 10
    paid = rng.random() < 0.95
    own = kind in ("business", "farming")
    return Spell(
        person=person.key,
        kind=kind,
        channel=channel,
        employer=employer or ("" if own or kind == "flexible" else f"演示{industry}用工单位{rng.randint(1, 9)}"),
        place=place if rng.random() < 0.96 else "",
        industry=industry if rng.random() < 0.97 else "",
        started_on=started,
        ended_on=ended,
        end_reason=why,
        pay_amount=rng.randrange(low, high + 1, step) if paid else None,
        pay_period=period if paid else "",
        project=f"演示{word or industry}项目" if own else "",
        jobs_created=rng.choices((0, 1, 2, 3), (78, 14, 6, 2))[0] if kind == "business" else None,
        source_label=word,
        post=None,
    )


def go_on(found: Invented, rng: Random, today: date) -> None:
    """After the end of May: lost work, registrations, posts offered, visits."""
    persons = {person.key: person for person in found.persons}
    said = happenings.said(found)
    working = {spell.person for spell in found.spells if spell.ended_on is None}
    lost = {spell.person: spell.ended_on for spell in found.spells if spell.ended_on}
    for person in found.persons:
        statement = said.get((person.key, "job"))
        if person.key in working or not able(person) or statement is None or statement.answer != "yes":
            continue
        if rng.random() < 0.68:
            _offered(found, rng, person, max(statement.stated_on, lost.get(person.key, date.min)), today)
    for spell in list(found.spells):
        visits = _visited(rng, spell, today, said.get((spell.person, "visit")))
        found.visits.extend(one for one in visits if persons[one.person].of_age_on() <= one.on)
    again = {spell.person: spell.started_on for spell in found.spells if spell.started_on > baseline.AS_OF}
    for spell in found.spells:
        found.registrations.extend(_registered(rng, spell, again.get(spell.person), today))


def _registered(rng: Random, spell: Spell, again: date | None, today: date) -> Iterator[Registration]:
    """Most who lost work, some of them late; closed when they began anew (`again`)."""
    lost = spell.ended_on
    if lost is None or rng.random() < 0.25:
        return
    on = lost + timedelta(days=rng.randint(1, 40))
    if on > (again or today):
        return
    has_helper = rng.random() < 0.85
    days = sorted(on + timedelta(days=rng.randint(0, 40)) for _ in range(rng.randint(1, 3))) if has_helper else []
    actions = tuple((_HELP[nth % 3], day) for nth, day in enumerate(days) if day <= (again or today))
    yield Registration(spell.person, lost, on, has_helper, again, "已就业" if again else "", actions)


def _offered(found: Invented, rng: Random, person: Person, since: date, today: date) -> None:
    on = since + timedelta(days=rng.randint(1, 45))
    if on > today:
        return
    employer, title, kind, channel, industry = rng.choice(OFFERED)
    outcome = rng.choices(("offered", "interviewed", "hired", "declined", "not_suitable"), (34, 16, 22, 20, 8))[0]
    found.matches.append(Match(person.key, employer, title, on, outcome, None))
    started = on + timedelta(days=rng.randint(1, 10))
    if outcome != "hired" or started > today or started < person.of_age_on():
        return
    place = "克拉玛依" if channel == "export" else "演示乡镇"
    found.spells.append(_made(rng, person, kind, channel, place, industry, started, employer=employer))


def _visited(rng: Random, spell: Spell, today: date, wish: object) -> Iterator[Visit]:
    if rng.random() > 0.42:
        return
    first = max(spell.started_on, date(2019, 1, 8))
    if first >= today:
        return
    on = first + timedelta(days=rng.randrange((today - first).days))
    outcome = rng.choices(("done", "declined", "not_found"), (90, 4, 6))[0]
    if getattr(wish, "answer", "") == "no":
        outcome = "declined"
    still = (spell.ended_on is None or on <= spell.ended_on) if outcome == "done" else None
    visitor = f"演示回访员{1 + spell.person % 9}"
    yield Visit(spell.person, on, rng.choice(("home", "work", "phone")), visitor, outcome, still)
