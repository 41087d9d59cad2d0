"""Employers with places set aside for the invented, and who fills them. Pure, and after everything else.

Work that people had of themselves (farming, odd jobs, a business, a clerk's or a teacher's post) fills no such place.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from random import Random

from ledger.people.baseline import COUNTIES, County
from ledger.people.shapes import Employer, Invented, Post, Spell
from ledger.people.work import OFFERED, PAY

Seat = tuple[str, str]  # employer and title of a post
_UNITS = {"month": "月", "year": "年", "day": "天"}
_KINDS = {
    "演示服装就业扶贫车间": "workshop",
    "演示民生作坊": "workshop",
    "演示边境公路养护项目": "project",
    "演示护林管护站": "public",
    "演示边境管护站": "public",
    "演示环卫所": "public",
    "演示养殖合作社": "cooperative",
}
# The county's word for the work → the post that is meant.
_OF_WORD: dict[str, Seat] = {
    "护边员": ("演示边境管护站", "护边员"),
    "辅警护边护林": ("演示边境管护站", "护边护林员"),
    "辅警联防护边护林": ("演示边境管护站", "护边护林员"),
    "护林员": ("演示护林管护站", "护林员"),
    "环卫": ("演示环卫所", "环卫工"),
    "保安": ("演示保安服务公司", "保安员"),
    "保洁": ("演示物业服务公司", "保洁员"),
    "保洁服务": ("演示物业服务公司", "保洁员"),
    "保安保洁服务厨师": ("演示物业服务公司", "后勤服务员"),
    "工人": ("演示番茄制品厂", "分拣工"),
    "民生作坊": ("演示民生作坊", "手工编织工"),
    "代牧": ("演示养殖合作社", "代牧员"),
}
# Kind of work and way into it, of the posts that every county has.
_OFFERED: dict[Seat, tuple[str, str]] = {
    (employer, title): (kind, channel) for employer, title, kind, channel, _industry in OFFERED
}
_TITLES = dict(_OFFERED.keys())


def set_aside(found: Invented, rng: Random, today: date) -> None:
    """Each county's employers and posts; spells and matches learn which post is theirs."""
    county_of = {home.key: home.county for home in found.homes}
    where = {person.key: county_of[person.home] for person in found.persons}
    taken: Counter[tuple[str, Seat]] = Counter()
    days: dict[tuple[str, Seat], list[date]] = defaultdict(list)
    kinds = dict(_OFFERED)
    for spell in found.spells:
        if seat := _seat(spell):
            taken[where[spell.person], seat] += spell.ended_on is None
            days[where[spell.person], seat].append(spell.started_on)
            kinds.setdefault(seat, (spell.kind, spell.channel))
    for match in found.matches:
        days[where[match.person], (match.employer, match.title)].append(match.on)
    keys: dict[tuple[str, Seat], int] = {}
    for county in COUNTIES:
        employers: dict[str, int] = {}
        for seat in sorted({seat for code, seat in days if code == county.code} | _OFFERED.keys()):
            if seat[0] not in employers:
                employers[seat[0]] = _employer(found, county, seat[0])
            here = (county.code, seat)
            opened = min(days[here], default=today) - timedelta(days=rng.randint(3, 30))
            n = taken[here]
            places = n + rng.choice((0, 1, 2, 4)) if n else rng.randint(3, 8)
            kind, channel = kinds[seat]
            keys[here] = _post(found, employers[seat[0]], seat[1], channel, places, kind, opened)
        _besides(found, county, rng)
    found.spells = [
        replace(one, post=keys[where[one.person], seat], employer=seat[0]) if (seat := _seat(one)) else one
        for one in found.spells
    ]
    found.matches = [replace(one, post=keys[where[one.person], (one.employer, one.title)]) for one in found.matches]


def _seat(spell: Spell) -> Seat | None:
    if not spell.source_label:  # hired for a post that was offered
        return spell.employer, _TITLES[spell.employer]
    if spell.kind == "labour_export":
        return (f"演示劳务公司（{spell.place}）", "建筑普工") if spell.place else None
    return _OF_WORD.get(spell.source_label)


def _besides(found: Invented, county: County, rng: Random) -> None:
    """A project that is over, and a firm that has come and has no post yet."""
    works = _employer(found, county, "演示安置区道路工程", "project")
    closed = date(2019, 6, 30) - timedelta(days=rng.randrange(60))
    _post(
        found, works, "普工", "project", rng.randint(4, 12), "government_project", closed - timedelta(days=120), closed
    )
    _employer(found, county, "演示乡村旅游公司", "firm")


def _employer(found: Invented, county: County, name: str, kind: str = "") -> int:
    kind = kind or _KINDS.get(name, "firm")
    # Labour companies bear where they send people; workshops stand at the sites.
    away = name.partition("（")[2].rstrip("）")
    site = county.sites[0] if county.sites and kind in ("workshop", "project") else "演示乡镇"
    found.employers.append(Employer(len(found.employers), county.code, name, kind, away or site))
    return found.employers[-1].key


def _post(
    found: Invented,
    employer: int,
    title: str,
    channel: str,
    places: int,
    kind: str,
    opened_on: date,
    closed_on: date | None = None,
) -> int:
    period, low, high = PAY[kind]
    pay = f"{low}—{high}元/{_UNITS[period]}"
    found.posts.append(Post(len(found.posts), employer, title, channel, places, pay, opened_on, closed_on))
    return found.posts[-1].key
