"""The demonstration has a ledger of people invented, and every test that asks for it finds it whole."""

from __future__ import annotations

import pytest

from ledger.models import AuditEvent, Household, Person, Post, Spell, Statement
from measures.models import Plan
from tests.pages import web
from tests.pages.conftest import HOUSEHOLDS, PERSONS
from tests.pages.people import PEOPLE


def _is_whole() -> None:
    assert (Household.objects.count(), Person.objects.count()) == (HOUSEHOLDS, PERSONS)
    assert set(Household.objects.values_list("county__code", flat=True)) >= {"654201", "654221", "654224", "654226"}
    assert Statement.objects.exists()
    assert AuditEvent.objects.filter(action="invent-people").count() == 1
    # Sealed with keys that are there: what is masked can be shown.
    assert Person.objects.exclude(id_index=None)[0].id_number


def test_the_demonstration_has_people(lived: Plan) -> None:
    _is_whole()
    page = web.read(web.signed_in(PEOPLE["unit"]), "/ledger/worklists/")
    assert any(int(cell.text) for cell in page.all("td", cls="num"))


def test_a_county_sees_its_employers_with_the_places_filled_and_nobody_elses(lived: Plan) -> None:
    page = web.read(web.signed_in(PEOPLE["unit"]), "/ledger/work/")
    mine = Post.objects.filter(employer__county__code="654224")
    shown = [cell.text for cell in page.all("td", cls="num") if "/" in cell.text]
    assert mine.count() == len(shown) > 5
    filled = Spell.objects.filter(post__in=mine, ended_on=None).count()
    assert sum(int(text.split("/")[0]) for text in shown) == filled > 0
    for name in set(mine.values_list("employer__name", flat=True)):
        assert name in page.text


@pytest.mark.parametrize("_time", [1, 2])
def test_what_a_test_commits_is_gone_for_the_next(_time: int, lived_committed: Plan) -> None:
    _is_whole()
    home = Household.objects.all()[0]
    web.post(web.signed_in(PEOPLE["unit"]), f"/ledger/households/{home.uid}/confirm/", status=404)
    own = Household.objects.filter(county__code="654224")[0]
    web.post(web.signed_in(PEOPLE["unit"]), f"/ledger/households/{own.uid}/confirm/")
    assert AuditEvent.objects.count() > 1
