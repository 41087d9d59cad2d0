"""The ledger's pages ask the database no more for three times the people."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Household, Membership, Person, Spell
from measures.models import Plan
from tests import make
from tests.pages import web

# (address, who looks, the most it may ask; whoever keeps rows is shown what waits for them: three questions)
PAGES = [
    ("/ledger/", "托里县·经办人", 44),
    ("/ledger/", make.SUPERVISOR, 42),
    ("/ledger/indicators/M1c/", "托里县·经办人", 54),
    ("/ledger/worklists/", "托里县·经办人", 43),
    ("/ledger/worklists/survey/", "托里县·经办人", 54),
    ("/ledger/worklists/items/", "托里县·经办人", 55),
    ("/ledger/households/", "托里县·经办人", 30),
    ("/ledger/checks/", "托里县·经办人", 80),
    ("/ledger/work/", "托里县·经办人", 14),
    ("/ledger/recording/", make.SUPERVISOR, 14),
]


def _threefold(mark: str) -> None:
    """Two more households of 托里县 for each, with a head who works."""
    for home in list(Household.objects.filter(county__code="654224")):
        for nth in (1, 2):
            fresh = Household.objects.create(
                county=home.county, code=f"{home.pk}{mark}{nth}", resettlement="scattered", expected_members=2,
                created_at=home.created_at,
            )  # fmt: skip
            person = Person.objects.create(
                county=home.county, name=f"演示{fresh.pk}", sex="female", birth_date=date(1985, 5, 1),
                labour="ordinary", created_at=home.created_at,
            )  # fmt: skip
            Membership.objects.create(
                household=fresh, person=person, relation="head", since=date(2019, 6, 1), created_at=home.created_at
            )
            Spell.objects.create(
                person=person, kind="flexible", started_on=date(2019, 6, 1), is_main=True, created_at=home.created_at
            )


def _asked(client: web.Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        web.read(client, url)
    return len(queries)


@pytest.mark.parametrize(("url", "who", "most"), PAGES, ids=[f"{page[0]} {page[1]}" for page in PAGES])
def test_three_times_the_people_ask_no_more(url: str, who: str, most: int, lived: Plan) -> None:
    client = web.signed_in(who)
    _threefold("a")  # so that no list is empty, and none fits on one page
    web.read(client, url)
    before = _asked(client, url)
    _threefold("b")
    assert _asked(client, url) <= before
    assert before <= most
