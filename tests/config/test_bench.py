"""`manage.py bench` at a tiny size: the same work in every form, and the rows the pages show. Never a time."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection

from bureaus import calendars
from bureaus.access import Standing
from bureaus.models import Membership, Role, User
from config import databases, postgres
from config.bootstrap import Refusal
from ledger.models import Person
from measures.lights import SOON
from measures.models import Plan
from notifications.channels.email import mail_of, written
from notifications.models import Message
from workflows import desks, overdue, queries, rehearsal
from workflows import tick as sweep
from workflows.bench import floor, hand, seed, send, tick
from workflows.models import Firing

pytestmark = pytest.mark.django_db
PAGES = ("overdue_first", "overdue_deep", "board", "desk")


def here() -> str:
    """The kind of database the tests run on."""
    return "postgres" if connection.vendor == "postgresql" else "sqlite"


def bench(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("bench", *arguments, "--db", here(), "--json", stdout=out, stderr=io.StringIO())
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@contextmanager
def database() -> Iterator[seed.Stage]:
    with databases.throw_away(here()) as make, rehearsal.throw_away_database(databases.configured(make("one"))):
        yield seed.build_stage()


def asked(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def test_tick_tells_the_ratios_of_the_same_work() -> None:
    found = bench("tick", "--items", "60", "--due", "6", "--growth", "30", "90", "--repetitions", "1")
    ratios = ("core_over_floor", "naive_over_core", "growth", "idle_ms_1m", "statements_per_batch")
    assert all(found[name] > 0 for name in ratios)
    assert (found["items"], found["due"], found["db"]) == (60, 6, here())
    # T+1: the leader and the lead on three channels, the two told before in the inbox, and a yellow slip.
    assert found["rows"] == {"firings": 6, "messages": 48, "slips": 6}
    assert found["changed_by_core_alone"] == []
    assert not Firing.objects.exists(), "the database in use is not touched"


def test_the_floor_writes_what_the_core_writes_to_the_byte() -> None:
    def everything() -> dict[str, list[Any]]:
        """Without the numbers, which go on."""
        return {
            "deadlines": asked("SELECT * FROM measures_deadline ORDER BY id"),
            "firings": [row[1:] for row in asked("SELECT * FROM workflows_firing ORDER BY deadline_id, rung_key")],
            "messages": [row[1:] for row in asked("SELECT * FROM notifications_message ORDER BY dedupe_key")],
            "slips": asked(
                "SELECT s.unit_id, s.colour, s.state, s.due_on, s.proposed_at, f.deadline_id, f.rung_key"
                " FROM workflows_slip s JOIN workflows_firing f ON f.id = s.firing_id ORDER BY f.deadline_id"
            ),
        }

    with database() as stage:
        place = tick.seeded(stage, 40, 4)
        before = everything()
        sweep.run(seed.NOW)
        by_core = everything()
        place.kept.rearm()
        assert everything() == before
        assert floor.fire(seed.NOW, 4) == 4
        assert everything() == by_core
        place.kept.rearm()
        asked("DELETE FROM bench_message WHERE of_deadline = (SELECT min(id) FROM bench_before) RETURNING 1")
        with pytest.raises(tick.NotTheSameWork):
            tick.timed(place, "floor")


def test_send_tells_the_ratios_and_every_mail_came_once() -> None:
    """A mail that does not come, or twice, ends the measurement."""
    found = bench("send", "--items", "30", "--due", "10", "--people", "2", "--repetitions", "1")
    assert list(found)[:2] == ["end_to_end_over_floor", "digest_gain"]
    assert all(found[name] > 0 for name in ("end_to_end_over_floor", "digest_gain", "floor_ms"))
    # One person to be told of each deadline, in the inbox and by mail; then the same notices to two people.
    assert (found["mails"], found["digests"]) == (10, 2)
    assert found["rows"] == {"firings": 10, "messages": 20, "slips": 10}
    assert found["came"] == {"floor": 10, "single": 20, "digest": 4}
    assert not Message.objects.exists(), "the database in use is not touched"


def test_send_sees_a_mail_that_did_not_come_or_came_twice(tmp_path: Path) -> None:
    record = tmp_path / "mails"
    record.touch()
    with database() as stage:
        place = tick.seeded(stage, 10, 2)
        message = Message(id=1, recipient=User(email="a@duban.invalid"), subject="督办", body="督办")
        ready = mail_of(message)
        post = send.Post(place, 1, mails=1, ready=[("", "", written(ready))])
        floor.fire(seed.NOW, 2)
        name = ready.extra_headers["Message-ID"]
        for came in ([], [name, name], ["<another@x>"]):
            record.write_text("".join(f"{one}\n" for one in came))
            with pytest.raises(tick.NotTheSameWork):
                send.each_came_once(post, "floor", send.Server(0, record))
        record.write_text(f"{name}\n")
        send.each_came_once(post, "floor", send.Server(0, record))


def test_pages_tells_queries_and_times_of_each_page() -> None:
    found = bench("pages", "--items", "600", "--repetitions", "1")
    for page in PAGES:
        assert set(found[page]) == {"queries", "query_ms", "hand_ms", "request_ms"}, found[page]
        assert all(value > 0 for value in found[page].values())
    assert (found["items"], found["db"]) == (600, here())
    assert isinstance(found["scans"], list)


def test_the_query_by_hand_gives_the_rows_of_the_page() -> None:
    with database() as stage:
        seed.lived(stage, 3000)
        calendars.forget()
        moment = connection.ops.adapt_datetimefield_value(seed.NOW)
        inspector = Standing(Membership.objects.get(role=Role.INSPECTOR).user)
        late = overdue.found_by(inspector, overdue.Filter(), seed.NOW)
        page, following = overdue.page(late, seed.NOW, standing=inspector)
        by_hand = asked(hand.OVERDUE, moment)
        assert len(page) == 50
        assert [row.deadline.pk for row in page] == [row[0] for row in by_hand[:50]]
        assert [row.slip and row.slip.pk for row in page] == [row[13] for row in by_hand[:50]]

        assert following is not None
        after = (connection.ops.adapt_datetimefield_value(following[0]), following[1])
        page, _more = overdue.page(late, seed.NOW, standing=inspector, after=following)
        assert [row.deadline.pk for row in page] == [row[0] for row in asked(hand.OVERDUE_AFTER, moment, *after)[:50]]

        clerk = Membership.objects.get(bureau__code="b001", role=Role.OFFICER)
        sections = desks.desk(Standing(clerk.user), seed.NOW)
        wanted = sorted(item.row.pk for section in sections for item in section.items)
        assert wanted == sorted(row[0] for row in asked(hand.DESK, clerk.bureau_id))

        board = queries.board(Plan.objects.get())
        soon = str(calendars.days_for().shift(seed.TODAY, SOON))
        counted: Counter[str] = Counter()
        for row in asked(hand.BOARD, moment, moment, soon, stage.plan.pk):
            counted.update(dict(zip(("open", "done", "red", "amber"), row[2:], strict=True)))
        assert counted["open"] == board.open
        assert counted["done"] == board.done == board.lights["done"]
        assert (counted["red"], counted["amber"]) == (board.lights["red"], board.lights["amber"])


def test_without_wheel_and_server_the_cure_is_said() -> None:
    with (
        pytest.raises(Refusal, match="DATABASE_URL.*python3 manage.py test"),
        databases.on_a_server_of_yours("no wheel", "sqlite:///work.sqlite3"),
    ):
        pass


@pytest.mark.postgres
def test_a_server_of_yours_is_used_only_while_its_database_is_empty() -> None:
    with postgres.postgres() as url:
        with databases.on_a_server_of_yours("no wheel", url) as make:
            with psycopg.connect(make("one")) as made, made.transaction():
                made.execute("CREATE TABLE work (id int)")
            with psycopg.connect(make("two", like="one")) as made:
                assert made.execute("SELECT count(*) FROM work").fetchone() == (0,)
        with psycopg.connect(url, autocommit=True) as server:
            names = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'duban%'").fetchall()
            assert names == []
            server.execute("CREATE TABLE work (id int)")
        with pytest.raises(Refusal, match="已有数据"), databases.on_a_server_of_yours("no wheel", url):
            pass


def test_ledger_takes_over_what_it_wrote_counts_and_tells_every_ratio() -> None:
    found = bench("ledger", "--rows", "40")
    assert found["outcomes"] == {"new": 40} and found["households"] == 10
    assert found["counted_persons"] == 40 and found["counted_rows"] > 40
    ratios = ("import_over_read", "export_over_write", "indicators_over_look", "worklists_over_look")
    assert all(found[name] > 0 for name in (*ratios, "peak_mb", "check", "commit"))
    assert not Person.objects.exists(), "the database in use is not touched"
