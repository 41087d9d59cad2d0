"""The ledger counted at size: all indicators and all worklists, beside looking once at the rows they are counted from.

The floor is the plainest there is: every row of those tables fetched from the database, every value looked at once.
The people are invented like the demonstration's, spread as the plan's own figures are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, models

from bureaus import clock
from ledger import models as ledger
from ledger import reading, terms
from ledger.access import counties
from ledger.indicators import INDICATORS, whole_and_parts
from ledger.indicators.worklists import WORKLISTS, worklist
from ledger.people import baseline, inventing, settling
from measures.models import Site
from workflows.bench import measuring, seed

COUNTED: tuple[type[models.Model], ...] = (
    Site,
    ledger.Household,
    ledger.Person,
    ledger.Membership,
    ledger.Survey,
    ledger.ItemState,
    ledger.Agreement,
    ledger.Statement,
    ledger.Spell,
    ledger.Post,
    ledger.Course,
    ledger.Participation,
    ledger.JobMatch,
    ledger.Visit,
    ledger.Registration,
    ledger.HelpAction,
    ledger.Tracker,
    ledger.RightCheck,
    ledger.FacilityCheck,
    ledger.Dwelling,
    ledger.Support,
    ledger.AuditEvent,
)


def run(say: Callable[[str], None], *, persons: int) -> dict[str, Any]:
    """Measure in the database in use, which is empty: seconds of processors, and of the clock (`_wall`)."""
    plan = seed.build_stage(0).plan  # the real bodies alone
    # As many to a household as the plan has, whatever the number.
    households = max(round(persons * baseline.HOUSEHOLDS / baseline.PERSONS), 1)
    say(f"{households} households of {persons} persons are being invented")
    settling.settle(inventing.invent(households, persons, 1), plan=plan, now=seed.NOW)
    say("indicators and worklists are being counted")
    found: dict[str, Any] = {"counted_persons": ledger.Person.objects.count(), "counted_rows": _looked_at()}
    found |= measuring.timed("look", _looked_at)
    found |= measuring.timed("indicators", _indicators)
    found |= measuring.timed("worklists", _worklists)
    found["indicators_over_look"] = round(found["indicators"] / found["look"], 3)
    found["worklists_over_look"] = round(found["worklists"] / found["look"], 3)
    return found


def _looked_at() -> int:
    """Every value of every row, as the database gives it; returns how many rows."""
    rows = values = 0
    with connection.cursor() as cursor:
        for model in COUNTED:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")
            for row in cursor:
                rows += 1
                values += sum(value is not None for value in row)
    assert values
    return rows


def _indicators() -> None:
    """All of them, for the prefecture and each county: what the page of figures shows."""
    facts, current, today = reading.facts(), terms.current(), clock.local_date(seed.NOW)
    counted = [whole_and_parts(one, facts, today, current)[0] for one in INDICATORS.values()]
    assert any(result.d for result in counted)


def _worklists() -> None:
    """All of them, county after county: what the pages of every county's clerk show."""
    current, today = terms.current(), clock.local_date(seed.NOW)
    count = 0
    for county in counties():
        facts = reading.facts(county.pk)
        count += sum(len(worklist(code, facts, today, current)) for code in WORKLISTS)
    assert count
