"""Signs of life and the guard over the clock: scenarios 17, 18 and 41, and what an outage is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from bureaus import clock, heartbeat
from bureaus.models import Heartbeat
from measures.models import Deadline, Plan
from notifications.models import Message
from tests.make import at, only, row
from tests.workflows.child import held
from workflows import passes
from workflows.models import Firing

T0 = datetime(2019, 6, 4, 4, tzinfo=UTC)  # noon in Tacheng, an hour after notices fold


class DatabaseClock:
    """What the database says the time is."""

    def __init__(self) -> None:
        self.moment = T0

    def __call__(self) -> datetime:
        return self.moment

    def go(self, **by: int) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> DatabaseClock:
    settings.CLOCK_WITNESS = tmp_path / "witness.json"
    stands = DatabaseClock()
    monkeypatch.setattr(clock, "real_now", stands)
    return stands


def queued() -> int:
    return Message.objects.filter(status="queued").count()


def overdue_receipts(tacheng: Plan) -> int:
    """The plan was issued on 1 June and nobody has signed: 4 June, `receipt+1`."""
    only(row("survey/654224"), row("survey/654201"))
    return 2


def test_a_pass_says_that_it_was_there(tacheng: Plan, database: DatabaseClock) -> None:
    due = overdue_receipts(tacheng)
    assert len(passes.sweep().fired) == due
    tick = heartbeat.state()["tick"]
    assert (tick.seen_at, tick.well_at, tick.high, tick.held) == (T0, T0, T0, "")
    assert tick.facts["firings"] == {"fired": due}
    assert passes.send()
    assert heartbeat.state()["sender"].well_at == T0


def test_17_the_clock_goes_back_and_nothing_fires_until_it_has_caught_up(
    tacheng: Plan, database: DatabaseClock
) -> None:
    overdue_receipts(tacheng)
    database.moment = T0 + timedelta(hours=2)
    heartbeat.begin("tick")
    database.moment = T0
    assert passes.sweep().held == heartbeat.CLOCK
    assert passes.send() == []
    assert not Firing.objects.filter(outcome="fired").exists()
    database.go(hours=1, minutes=56)
    assert (passes.sweep().held, Firing.objects.filter(rung_key="receipt+1", outcome="fired").count()) == ("", 2)
    assert passes.sweep().fired == []


def test_a_clock_set_right_by_a_minute_is_no_alarm(tacheng: Plan, database: DatabaseClock) -> None:
    passes.sweep()
    database.go(minutes=-1)
    assert passes.sweep().held == ""
    assert heartbeat.state()["tick"].high == T0


def test_18_the_clock_jumps_and_nothing_is_decided_or_sent_until_a_person_has_looked(
    tacheng: Plan, database: DatabaseClock, capsys: pytest.CaptureFixture[str]
) -> None:
    overdue_receipts(tacheng)
    passes.sweep()
    waiting = queued()
    database.go(days=400)
    assert passes.sweep().held == heartbeat.JUMP
    assert passes.send() == []
    assert queued() == waiting
    call_command("tick")
    assert "--confirm-jump" in capsys.readouterr().err
    # The clock was wrong and is set right: the alarm stays until somebody has looked.
    database.moment = T0 + timedelta(minutes=1)
    assert passes.sweep().held == heartbeat.JUMP
    call_command("tick", "--confirm-jump")
    assert passes.sweep().held == ""
    assert queued() == 0


def test_the_made_clock_may_go_anywhere(tacheng: Plan, database: DatabaseClock) -> None:
    clock.set_made(at(2019, 6, 4, 12))
    passes.sweep()
    database.go(days=400)
    assert passes.sweep().held == ""
    database.go(days=-30)
    assert passes.sweep().held == ""


def test_41_a_restored_database_sends_nothing_until_a_person_has_looked(tacheng: Plan, database: DatabaseClock) -> None:
    overdue_receipts(tacheng)
    passes.sweep()
    backup = list(Heartbeat.objects.all())
    database.go(hours=1)
    passes.sweep()
    for one in backup:  # as it was an hour ago
        one.save()
    assert passes.sweep().held == heartbeat.RESTORED
    assert passes.send() == []
    assert queued()
    assert heartbeat.confirm() == [heartbeat.RESTORED]
    assert passes.sweep().held == ""
    assert passes.send()


def test_a_new_database_beside_an_old_witness_is_not_a_restored_one(tacheng: Plan, database: DatabaseClock) -> None:
    passes.sweep()
    Heartbeat.objects.all().delete()
    database.go(days=30)
    assert passes.sweep().held == ""


def test_an_unreadable_witness_stops_nothing(tacheng: Plan, database: DatabaseClock, settings: Any) -> None:
    settings.CLOCK_WITNESS.write_text("{")
    assert passes.sweep().held == ""


def test_after_an_outage_the_sender_lets_the_tick_go_first(tacheng: Plan, database: DatabaseClock) -> None:
    overdue_receipts(tacheng)
    passes.sweep()
    passes.send()
    database.go(hours=3)
    assert passes.send() == []  # both are woken in one second, and the sender came first
    assert heartbeat.begin("tick").held == ""  # the tick has begun and is at it
    assert heartbeat.begin("sender").catching_up
    heartbeat.end("tick", well=True)
    assert not heartbeat.begin("sender").catching_up


def test_a_tick_that_died_over_an_outage_does_not_silence_the_sender_for_good(
    tacheng: Plan, database: DatabaseClock
) -> None:
    passes.sweep()
    passes.send()
    database.go(hours=3)
    heartbeat.begin("tick")
    heartbeat.begin("sender")
    database.go(minutes=14)
    assert heartbeat.begin("sender").catching_up
    database.go(minutes=2)
    assert not heartbeat.begin("sender").catching_up


def test_a_sender_switched_on_after_weeks_is_no_jump_of_the_clock(tacheng: Plan, database: DatabaseClock) -> None:
    """The tick has seen every day of them: the clock went on as it should, only nothing was sent."""
    overdue_receipts(tacheng)
    passes.sweep()
    passes.send()
    for _day in range(8):
        database.go(days=1)
        assert passes.sweep().held == ""
    passes.send()
    assert passes.sweep().held == ""
    assert heartbeat.state()["sender"].held == ""


@pytest.mark.postgres
def test_a_second_tick_that_finds_everything_in_hand_does_not_end_the_catching_up(
    tacheng_committed: Plan, database: DatabaseClock
) -> None:
    """Messages to the worker have piled up: two ticks begin in one second, and the second has nothing to take."""
    due = overdue_receipts(tacheng_committed)
    heartbeat.begin("tick")
    heartbeat.end("tick", well=True)
    database.go(hours=3)
    heartbeat.begin("tick")
    with held(lambda: list(Deadline.objects.select_for_update().filter(next_look_at__isnull=False))):
        assert passes.sweep().fired == []
        assert heartbeat.begin("sender").catching_up
    assert len(passes.sweep().fired) == due
    assert not heartbeat.begin("sender").catching_up
