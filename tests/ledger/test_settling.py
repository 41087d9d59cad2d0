"""Invented people in the ledger: everything arrives, and nothing breaks a rule the product holds people to."""

from __future__ import annotations

from collections import Counter
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db.models import Count, F, Q

from ledger import blind, reading, records, terms
from ledger.indicators import INDICATORS, consistency
from ledger.models import (
    AuditEvent,
    Employer,
    FacilityCheck,
    Household,
    ItemState,
    JobMatch,
    Membership,
    Person,
    Post,
    Spell,
    Statement,
)
from ledger.people import settling
from ledger.people.inventing import TODAY, invent
from ledger.people.shapes import Invented
from measures.models import Plan
from tests.make import at

NOW = at(2019, 8, 20, 9)


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    settings.FIELD_KEYS_FILE = tmp_path / "field-keys"
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")


@pytest.fixture
def found() -> Invented:
    return invent(90, 344, 11)


@pytest.fixture
def settled(tacheng: Plan, found: Invented) -> Invented:
    settling.settle(found, plan=tacheng, now=NOW)
    return found


def test_everything_arrives(settled: Invented) -> None:
    for model, name in (
        (Household, "homes"),
        (Person, "persons"),
        (Membership, "persons"),
        (Statement, "statements"),
        (ItemState, "item_states"),
        (FacilityCheck, "facilities"),
        (Employer, "employers"),
        (Post, "posts"),
    ):
        assert model._default_manager.count() == len(getattr(settled, name)), name
    for record in records.RECORDS.values():
        few = record.code in ("registration", "help", "support")  # among ninety households perhaps none
        assert few or record.model._default_manager.exists(), record.code
    per_county = Counter(home.county for home in settled.homes)
    for code, n in per_county.items():
        assert Household.objects.filter(county__code=code).count() == n
    words = Counter(spell.source_label for spell in settled.spells)
    assert Counter(Spell.objects.values_list("source_label", flat=True)) == words
    entry = AuditEvent.objects.get()
    assert (entry.action, entry.user) == ("invent-people", None)


def test_posts_are_filled_and_offered_as_invented(settled: Invented) -> None:
    employers = {one.key: one for one in settled.employers}
    posts = {one.key: one for one in settled.posts}

    def of(post: int | None) -> tuple[str, str, str] | None:
        if post is None:
            return None
        employer = employers[posts[post].employer]
        return employer.county, employer.name, posts[post].title

    names = ("post__employer__county__code", "post__employer__name", "post__title")
    for model, rows in ((Spell, settled.spells), (JobMatch, settled.matches)):
        there = model._default_manager.exclude(post=None)
        wanted = Counter(of(one.post) for one in rows if one.post is not None)
        assert Counter(there.values_list(*names)) == wanted
        assert wanted
    assert not Spell.objects.exclude(post=None).exclude(post__employer__county=F("person__county")).exists()
    for row in [*Employer.objects.all(), *Post.objects.all()]:
        row.full_clean()
    taken = Count("spells", filter=Q(spells__ended_on=None, spells__is_main=True))
    assert not Post.objects.annotate(taken=taken).filter(taken__gt=F("places")).exists()


def test_a_county_without_households_has_no_employers(tacheng: Plan) -> None:
    few = invent(2, 4, 1)
    settling.settle(few, plan=tacheng, now=NOW)
    counties = set(Household.objects.values_list("county__code", flat=True))
    assert set(Employer.objects.values_list("county__code", flat=True)) == counties
    assert counties < {one.county for one in few.employers}


def test_a_person_is_found_by_the_number_and_reads_as_invented(settled: Invented) -> None:
    one = next(person for person in settled.persons if person.id_number and person.phone)
    row = Person.objects.get(id_index=blind.of_id_number(str(one.id_number)))
    assert (row.name, row.id_number, row.phone, row.birth_date) == (one.name, one.id_number, one.phone, one.birth_date)
    assert row.phone_index == blind.of_phone(str(one.phone))
    home = Membership.objects.get(person=row).household
    assert home.code == settled.homes[one.home].code
    assert home.county == row.county


def test_the_product_s_own_rules_hold_for_every_row(settled: Invented) -> None:
    for record in records.RECORDS.values():
        for row in record.model._default_manager.all():
            if isinstance(row, Statement) and row != row.person.statements.filter(kind=row.kind).last():
                continue  # the rule asks what may still be said, after what was said
            records.check(record, row, TODAY)
    for record in records.RECORDS.values():
        for row in record.model._default_manager.all()[:60]:
            try:
                row.full_clean(validate_unique=False)
            except ValidationError as error:
                pytest.fail(f"{record.code}: {error}")


def test_households_and_persons_pass_their_models(settled: Invented) -> None:
    for row in [*Household.objects.all(), *Person.objects.all()[:100]]:
        row.full_clean()
    assert not Membership.objects.filter(since__gt=date(2019, 8, 20)).exists()
    named = Household.objects.filter(resettlement="concentrated")
    assert named.exists()
    assert not named.filter(site=None).exists()


def test_the_ledger_checked_against_itself_finds_gaps_and_no_nonsense(settled: Invented) -> None:
    facts, current = reading.facts(), terms.current()
    found = {code for code in consistency.CHECKS if consistency.check(code, facts, TODAY, current)}
    assert {"C01", "C10", "C13", "C19"} <= found
    assert not found & {
        "C03",
        "C04",
        "C05",
        "C06",
        "C07",
        "C08",
        "C09",
        "C11",
        "C14",
        "C15",
        "C16",
        "C18",
        "C21",
    }
    assert reading.recorded().recorded
    assert not consistency.check("C25", reading.recorded(), TODAY, current)


def test_every_indicator_has_something_to_count(settled: Invented, tacheng: Plan) -> None:
    # What a site has is counted once its county has confirmed it as one.
    tacheng.sites.filter(named_by_plan=True).update(kind="concentrated")
    facts, current = reading.facts(), terms.current()
    counted = {code: one.evaluate(facts, TODAY, current) for code, one in INDICATORS.items()}
    empty = {code for code, result in counted.items() if result.is_empty}
    # Among ninety households perhaps nobody lost work, and nobody of the right age left school.
    assert empty <= {"M2c", "M3c", "M4c", "M4d", "M5c"}, empty
    assert 0.5 < float(counted["M3a"].share or 0) < 1


def test_the_invented_are_never_put_among_others(settled: Invented, tacheng: Plan) -> None:
    with pytest.raises(settling.NotEmpty):
        settling.settle(invent(5, 15), plan=tacheng, now=NOW)
    assert Household.objects.count() == 90


def test_the_command_fills_the_demonstration_alone(tacheng: Plan, settings: Any) -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("make_demo_people", "--households=5", "--persons=19", stdout=out)
    assert not Household.objects.exists()
    settings.DEMO = True
    with pytest.raises(CommandError):
        call_command("make_demo_people", "--households=5", "--persons=4", stdout=out)
    call_command("make_demo_people", "--households=5", "--persons=19", "--seed=3", stdout=out)
    assert (Household.objects.count(), Person.objects.count()) == (5, 19)
    with pytest.raises(CommandError):
        call_command("make_demo_people", "--households=5", "--persons=19", stdout=out)
