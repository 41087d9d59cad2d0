"""The indicators of a locked month: kept once, counted again to the same, and what changed them since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from ledger import reading, records, snapshots, terms
from ledger.actions import people
from ledger.actions import records as recording
from ledger.indicators import INDICATORS
from ledger.models import Person, Snapshot, TermSetting
from ledger.people import settling
from ledger.people.inventing import invent
from measures.models import MonthlyRound, Plan
from tests.ledger import stage
from tests.make import at, fresh, handed_in, person, row
from workflows import actions

JUNE, ENDS = "2019-06", date(2019, 6, 30)
LOCKED = at(2019, 7, 10, 16)
LATER = at(2019, 9, 2, 10)


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.VAR = tmp_path
    settings.FIELD_KEYS_FILE = tmp_path / "field-keys"
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    with translation.override("en"):
        yield


@pytest.fixture
def settled(tacheng: Plan) -> Plan:
    settling.settle(invent(90, 344, 11), plan=tacheng, now=at(2019, 6, 20, 9))
    return tacheng


def kept() -> list[tuple[Any, ...]]:
    return list(Snapshot.objects.order_by("pk").values_list())


def said(kind: str, of: Person, on: date, now: Any, answer: str = "yes") -> None:
    values = {"kind": kind, "answer": answer, "stated_on": on, "stated_by": "self"}
    recording.add("statement", of, by=stage.clerk(of.county.code), now=now, values=values)


def somebody() -> Person:
    """Able to work, without work, and never asked about training."""
    home = stage.household("TL-9001", now=at(2019, 6, 21, 9))
    return stage.person(home, now=at(2019, 6, 21, 9))


def verified(*args: str) -> tuple[int, str]:
    out, code = StringIO(), 0
    try:
        call_command("verify_snapshots", *args, stdout=out)
    except SystemExit as stop:
        code = int(stop.code or 0)
    return code, out.getvalue()


def test_every_indicator_is_kept_for_the_prefecture_and_each_county(settled: Plan) -> None:
    handed_in(row("round/hrss/2019-06"), LOCKED)
    found = {(one.code, one.county.code if one.county else ""): one for one in Snapshot.objects.all()}
    assert len(found) == len(INDICATORS) * 6
    facts = reading.facts(until=ENDS)
    for code, one in INDICATORS.items():
        counted, whole = one.evaluate(facts, ENDS, terms.current()), found[code, ""]
        assert (whole.n, whole.d, whole.unknown) == (counted.n, counted.d, len(counted.unknown)), code
        assert whole.answers == (counted.answers.counts() if counted.answers else {})
        assert (whole.period, whole.as_of, whole.computed_at) == (JUNE, ENDS, LOCKED)
        parts = [part for (of, county), part in found.items() if of == code and county]
        assert (sum(part.n for part in parts), sum(part.d for part in parts)) == (whole.n, whole.d), code
    assert found["M1a", ""].d == 90
    assert found["M3a", ""].terms["stable_days"] == 180


def test_an_untouched_ledger_is_counted_to_the_same_rows_later(settled: Plan) -> None:
    handed_in(row("round/hrss/2019-06"), LOCKED)
    before = kept()
    assert snapshots.verify(JUNE) == []
    for one in Snapshot.objects.filter(code__in=["M1b", "M2a", "M5a"]).select_related("county"):
        result = snapshots.recompute(one)
        assert (result.n, result.d, result.fingerprint) == (one.n, one.d, one.ids_hash)
    # Counted as it stood, though the office has set another term since.
    TermSetting.objects.create(code="stable_days", value=10, reason="测试", at=LATER)
    assert snapshots.verify(JUNE) == []
    assert verified("--period", JUNE) == (0, "2019-06: counted anew, every figure is the same.\n")
    # Kept once: a second time changes nothing.
    snapshots.record(JUNE, ENDS, now=LATER)
    assert kept() == before


def test_what_happens_after_the_month_changes_nothing_in_it(settled: Plan) -> None:
    who = somebody()
    handed_in(row("round/hrss/2019-06"), LOCKED)
    for kind in ("job", "training", "labour_export", "entrepreneurship"):
        said(kind, who, date(2019, 9, 2), LATER)
    spell = {"kind": "unit", "started_on": date(2019, 9, 2), "place": "塔城", "is_main": True, "employer": "演示厂"}
    recording.add("spell", who, by=stage.clerk(), now=LATER, values=spell)
    people.confirm_unchanged(who.memberships.get().household, by=stage.clerk(), now=LATER)
    assert snapshots.verify(JUNE) == []


def test_what_is_entered_later_about_the_month_is_named_with_its_figures(settled: Plan) -> None:
    who = somebody()
    handed_in(row("round/hrss/2019-06"), LOCKED)
    before, asked = kept(), Snapshot.objects.get(code="M2a", county__code=stage.TOLI)
    said("training", who, date(2019, 6, 24), LATER)
    found = {(one.code, one.county): one for one in snapshots.verify(JUNE)}
    of_county = found["M2a", stage.TOLI]
    assert (of_county.kind, of_county.then.d, of_county.now and of_county.now.d) == ("figures", asked.d, asked.d + 1)
    assert {county for code, county in found if code == "M2a"} == {"", stage.TOLI}
    assert of_county.now is not None
    assert of_county.now.answers["not_asked"] == of_county.then.answers["not_asked"] - 1
    assert kept() == before
    code, told = verified()
    assert code == 1
    assert f"M2a, {stage.TOLI}: {asked.n}/{asked.d}, not known {asked.unknown}" in told
    assert f"→ {asked.n}/{asked.d + 1}, not known {asked.unknown}" in told
    assert "statements, entered since 1, changed since 0" in told


def test_the_same_figures_of_other_rows_are_told_apart(settled: Plan) -> None:
    handed_in(row("round/hrss/2019-06"), LOCKED)
    Snapshot.objects.filter(code="M1a", county=None).update(ids_hash="0" * 64)
    (found,) = snapshots.verify(JUNE)
    assert (found.kind, found.code, found.county) == ("rows", "M1a", "")


def test_another_edition_of_a_formula_is_said_and_not_compared(settled: Plan) -> None:
    handed_in(row("round/hrss/2019-06"), LOCKED)
    Snapshot.objects.filter(code="M1a", county=None).update(formula_version=7, n=0)
    Snapshot.objects.filter(code="M1b", county=None).update(code="M9z")
    found = snapshots.verify(JUNE)
    assert [(one.kind, one.editions, one.now) for one in found] == [("formula", (7, 1), None), ("gone", None, None)]
    assert "counted by edition 7 of the formula, now 1" in str(found[0])
    assert verified()[0] == 1


def test_unlocked_the_month_has_none_and_locked_anew_it_has_what_is_true_then(settled: Plan) -> None:
    who = somebody()
    the_round = handed_in(row("round/hrss/2019-06"), LOCKED)
    asked = Snapshot.objects.get(code="M2a", county__code=stage.TOLI).d
    actions.withdraw(the_round, by=person("人社局·经办人"), now=at(2019, 7, 10, 18), reason="补报。")
    assert not Snapshot.objects.exists()
    said("training", who, date(2019, 6, 24), at(2019, 7, 11, 9))
    handed_in(fresh(the_round), at(2019, 7, 11, 10))
    assert Snapshot.objects.get(code="M2a", county__code=stage.TOLI).d == asked + 1
    assert snapshots.verify(JUNE) == []


def test_nothing_is_kept_of_an_empty_ledger(tacheng: Plan) -> None:
    handed_in(row("round/hrss/2019-06"), LOCKED)
    assert MonthlyRound.objects.exists()
    assert not Snapshot.objects.exists()
    assert verified() == (0, "No month has been locked since the ledger was begun.\n")
    with pytest.raises(CommandError):
        call_command("verify_snapshots", "--period", "2019-06")


def test_records_that_tell_of_a_day_are_looked_through() -> None:
    """A kind of record the ledger gets later is not forgotten here."""
    known = {*snapshots._DAYS, *(one.model for one in records.RECORDS.values() if one.model.__name__ == "Statement")}
    without = {"Tracker", "HelpAction", "Dwelling", "ItemState"}  # a state, or below another record
    assert {one.model.__name__ for one in records.RECORDS.values()} - {one.__name__ for one in known} <= without
