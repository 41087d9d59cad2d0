"""Invented people, written into an empty ledger of a plan that is loaded. For demonstrations and measurements alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime, time
from typing import Any

from django.db import models, transaction

from bureaus.clock import ZONE
from bureaus.models import Bureau, Role, User
from bureaus.models import Membership as Seat
from ledger import audit, blind
from ledger.models import (
    Agreement,
    Course,
    Dwelling,
    Employer,
    FacilityCheck,
    HelpAction,
    Household,
    HouseholdEvent,
    ItemState,
    JobMatch,
    Membership,
    NoticeText,
    Participation,
    Person,
    Post,
    Registration,
    RightCheck,
    Spell,
    Statement,
    Support,
    Survey,
    Tracker,
    Visit,
)
from ledger.people.shapes import Invented
from measures.models import Plan

BATCH = 1000
ROSTER_ON = date(2019, 6, 1)
NOTICE = (
    "（演示）为落实易地扶贫搬迁后续就业扶持，我们登记您家的基本情况、就业情况和意愿。登记自愿，可以不答，不影响您享受任何政策。"
    "信息只供就业服务、权益核查使用，由县（市）经办人员保管；您可以查阅、要求更正，也可以提出意见。"
)


class NotEmpty(Exception):
    """There are households already: the invented are never put among others."""


@transaction.atomic
def settle(found: Invented, *, plan: Plan, now: datetime) -> int:
    """Write everything; how many rows. Raises NotEmpty; Bureau.DoesNotExist where a county is not loaded."""
    if Household.objects.exists():
        raise NotEmpty
    return _Settling(found, plan, now).write()


class _Settling:
    def __init__(self, found: Invented, plan: Plan, now: datetime) -> None:
        self.found, self.now = found, now
        codes = {home.county for home in found.homes} | {course.organiser for course in found.courses}
        self.bureaus = {code: Bureau.objects.get(code=code) for code in codes}
        self.sites = {(site.county.code, site.name): site for site in plan.sites.select_related("county")}
        seats = Seat.objects.current().filter(role=Role.OFFICER).select_related("user", "bureau")
        self.officers: dict[str, User] = {seat.bureau.code: seat.user for seat in seats}
        self.county_of = {home.key: home.county for home in found.homes}
        self.homes: dict[int, Household] = {}
        self.persons: dict[int, Person] = {}
        self.posts: dict[int, Post] = {}
        self.written = 0

    def write(self) -> int:
        self._homes()
        self._persons()
        self._surveys()
        self._employers()
        self._work()
        self._courses()
        self._rights()
        audit.record("invent-people", by=None, now=self.now, n=self.written)
        return self.written

    def _homes(self) -> None:
        self.homes = dict(
            self._added(
                (one.key, Household(county=self.bureaus[one.county], **self._site(one), **self._kept(one, one.county)))
                for one in self.found.homes
            )
        )
        self._rows(
            HouseholdEvent(household=home, kind=HouseholdEvent.Kind.CREATED, on=ROSTER_ON, at=self.now, by=None)
            for home in self.homes.values()
        )
        self._rows(
            Tracker(household=self.homes[one.home], user=self.officers[county], **self._kept(one, county))
            for one in self.found.trackers
            if (county := self.county_of[one.home]) in self.officers
        )

    def _persons(self) -> None:
        self.persons = dict(self._added((one.key, self._person(one)) for one in self.found.persons))
        self._rows(
            Membership(
                household=self.homes[one.home],
                person=self.persons[one.key],
                relation=one.relation,
                since=max(one.birth_date, self.homes[one.home].resettled_on or ROSTER_ON),
                **self._stamp(self.county_of[one.home]),
            )
            for one in self.found.persons
        )
        self._of_persons(ItemState, self.found.item_states)
        self._of_persons(Agreement, self.found.agreements)

    def _person(self, one: Any) -> Person:
        county = self.county_of[one.home]
        person = Person(county=self.bureaus[county], **self._kept(one, county, "relation"))
        person.id_index = blind.of_id_number(one.id_number) if one.id_number else None
        person.phone_index = blind.of_phone(one.phone) if one.phone else None
        return person

    def _surveys(self) -> None:
        notice = NoticeText.objects.first() or NoticeText.objects.create(
            number=1, text=NOTICE, valid_from=ROSTER_ON, at=self.now
        )
        self._rows(
            Survey(household=self.homes[one.home], notice=notice, **self._kept(one, self.county_of[one.home]))
            for one in self.found.surveys
        )
        self._rows(self._statement(one) for one in self.found.statements)

    def _statement(self, one: Any) -> Statement:
        person = self.persons[one.person]
        # Most were written down by enumerators without an account: no officer records a county's answers in person.
        by = self.officers.get(person.county.code) if one.person % 10 == 0 else None
        # An officer writes down an answer on the evening it is given; the others come in with the demonstration.
        at = min(self.now, datetime.combine(one.stated_on, time(18), ZONE)) if by else self.now
        return Statement(person=person, recorded_by=by, recorded_at=at, **_values(one))

    def _employers(self) -> None:
        county_of = {one.key: one.county for one in self.found.employers if one.county in self.bureaus}
        employers = dict(
            self._added(
                (one.key, Employer(county=self.bureaus[one.county], **self._kept(one, one.county)))
                for one in self.found.employers
                if one.key in county_of
            )
        )
        self.posts = dict(
            self._added(
                (
                    one.key,
                    Post(employer=employers[one.employer], **self._kept(one, county_of[one.employer], "employer")),
                )
                for one in self.found.posts
                if one.employer in county_of
            )
        )

    def _work(self) -> None:
        spells = self._of_persons(Spell, self.found.spells)
        lost = {(spell.person_id, spell.ended_on): spell for spell in spells if spell.ended_on}
        registrations = dict(self._added(enumerate(self._registration(one, lost) for one in self.found.registrations)))
        self._rows(
            HelpAction(registration=registrations[nth], kind=kind, on=on, created_at=self.now)
            for nth, one in enumerate(self.found.registrations)
            for kind, on in one.actions
        )
        self._of_persons(JobMatch, self.found.matches)
        self._of_persons(Visit, self.found.visits)
        self._of_persons(Support, self.found.supports)

    def _registration(self, one: Any, lost: dict[Any, Spell]) -> Registration:
        values = self._of_person(one, "has_helper", "actions")
        person = values["person"]
        helper = self.officers.get(person.county.code) if one.has_helper else None
        return Registration(spell=lost.get((person.pk, one.lost_on)), helper=helper, **values)

    def _courses(self) -> None:
        courses = dict(
            self._added(
                (
                    one.key,
                    Course(
                        county=self.bureaus[one.county],
                        organiser=self.bureaus[one.organiser],
                        **self._kept(one, one.county, "organiser"),
                    ),
                )
                for one in self.found.courses
                if one.county in self.bureaus
            )
        )
        self._rows(Participation(course=courses[one.course], **self._of_person(one)) for one in self.found.trainings)

    def _rights(self) -> None:
        self._rows(self._right(one) for one in self.found.right_checks)
        self._rows(
            Dwelling(
                household=self.homes[one.home],
                site=self.homes[one.home].site,
                **self._kept(one, self.county_of[one.home]),
            )
            for one in self.found.dwellings
        )
        self._rows(
            FacilityCheck(site=self.sites[one.county, one.site], **self._kept(one, one.county, "site"))
            for one in self.found.facilities
            if (one.county, one.site) in self.sites
        )

    def _right(self, one: Any) -> RightCheck:
        if one.person is not None:
            return RightCheck(**self._of_person(one))
        return RightCheck(household=self.homes[one.home], **self._kept(one, self.county_of[one.home]))

    # --- Writing -------------------------------------------------------------------------------

    def _of_persons(self, model: type[models.Model], rows: Iterable[Any]) -> list[Any]:
        return self._rows(model(**self._of_person(one)) for one in rows)

    def _of_person(self, one: Any, *without: str) -> dict[str, Any]:
        person = self.persons[one.person]
        values = {"person": person, **self._kept(one, person.county.code, *without)}
        if values.get("post") is not None:
            values["post"] = self.posts[one.post]
        return values

    def _added(self, rows: Iterable[tuple[int, Any]]) -> Iterable[tuple[int, Any]]:
        pairs = list(rows)
        return zip([key for key, _row in pairs], self._rows(row for _key, row in pairs), strict=True)

    def _rows(self, rows: Iterable[Any]) -> list[Any]:
        made = list(rows)
        if made:
            type(made[0])._default_manager.bulk_create(made, batch_size=BATCH)
        self.written += len(made)
        return made

    def _site(self, one: Any) -> dict[str, Any]:
        return {"site": self.sites.get((one.county, one.site))}

    def _kept(self, one: Any, county: str, *without: str) -> dict[str, Any]:
        return {**_values(one, *without), **self._stamp(county)}

    def _stamp(self, county: str) -> dict[str, Any]:
        return {"created_at": self.now, "created_by": self.officers.get(county)}


def _values(one: Any, *without: str) -> dict[str, Any]:
    """What stands in a shape under the same name in its model."""
    keys = {"key", "home", "person", "county", "site", "course", *without}
    return {each.name: getattr(one, each.name) for each in fields(one) if each.name not in keys}
