"""The audit log: nothing gets out of it unnoticed, and nothing personal gets into it."""

from __future__ import annotations

import json
import logging
import socket
import stat
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from bureaus.models import Bureau, User
from ledger import audit, audit_triggers, id_numbers
from ledger.audit import Entry
from ledger.models import AuditEvent, AuditHead
from tests.make import at

NOW = at(2019, 8, 20, 10)
UID = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
TABLE = "ledger_auditevent"


@pytest.fixture(autouse=True)
def sink(tmp_path: Path, settings: Any) -> Path:
    settings.AUDIT_SINK = str(tmp_path / "log" / "audit.jsonl")
    return Path(settings.AUDIT_SINK)


@pytest.fixture
def five(transactional_db: None) -> list[AuditEvent]:
    """Five entries, committed, and in the second log."""
    with transaction.atomic():
        clerk = User.objects.create(username="录入员")
        county = Bureau.objects.create(code="654224", name="托里县", short_name="托里县", level="county")
    written = [
        audit.record(
            "person.reveal",
            by=clerk,
            now=NOW,
            ip="192.0.2.7",
            subject_kind="person",
            subject=UID,
            county=county,
            fields=["id_number", "phone"],
            reason="核对身份",
            result="shown",
        )
        for _ in range(4)
    ]
    return [*written, audit.record("people.export", by=None, now=NOW, n=925)]


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def tampered(*statements: str) -> None:
    """What somebody does who owns the database, and covers the tracks."""
    with audit_triggers.lifted():
        for statement in statements:
            sql(statement)


def verified(*options: str) -> dict[str, Any]:
    out = StringIO()
    try:
        call_command("verify_audit", "--json", *options, stdout=out)
        code = 0
    except SystemExit as left:
        code = int(str(left.code))
    found = json.loads(out.getvalue())
    assert code == (0 if found["ok"] else 1)
    return {**found, "kinds": {problem["kind"] for problem in found["problems"]}}


# --- Writing -------------------------------------------------------------------------------------


def test_entries_are_numbered_chained_and_written_twice(five: list[AuditEvent], sink: Path) -> None:
    rows = list(AuditEvent.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.prev_hash for row in rows] == ["", *[row.hash for row in rows[:-1]]]
    assert (rows[0].username, rows[0].ip, rows[0].fields) == ("录入员", "192.0.2.7", ["id_number", "phone"])
    assert (rows[4].user, rows[4].n) == (None, 925)
    lines = [json.loads(line) for line in sink.read_text(encoding="utf-8").splitlines()]
    assert [(line["seq"], line["hash"]) for line in lines] == [(row.seq, row.hash) for row in rows]
    assert stat.S_IMODE(sink.stat().st_mode) == 0o600
    assert verified() == {
        "ok": True, "rows": 5, "in_sink": 5, "first_broken": None, "count": 0, "problems": [], "kinds": set(),
    }  # fmt: skip


def test_an_act_that_is_undone_leaves_no_entry_and_no_gap(five: list[AuditEvent], sink: Path) -> None:
    with transaction.atomic():
        audit.record("person.edit", by=None, now=NOW)
        transaction.set_rollback(True)
    assert len(sink.read_text(encoding="utf-8").splitlines()) == 5
    assert audit.record("person.edit", by=None, now=NOW).seq == 6
    assert verified()["ok"]


def test_many_at_once_are_all_or_none(transactional_db: None) -> None:
    audit.record_many([Entry("person.import", "person", f"p-{n}") for n in range(2500)], by=None, now=NOW)
    with pytest.raises(ValueError, match="no place"):
        audit.record_many([Entry("person.import"), Entry("person.import", reason="10000000001")], by=None, now=NOW)
    assert audit.record_many([], by=None, now=NOW) == []
    assert (verified()["rows"], verified()["ok"]) == (2500, True)


@pytest.mark.parametrize(
    ("given_ip", "kept"),
    [("192.0.2.7", "192.0.2.7"), ("2001:DB8:0::1", "2001:db8::1"), ("::ffff:192.0.2.7", "192.0.2.7"), ("?", None)],
)
def test_an_address_is_kept_so_that_the_chain_holds(transactional_db: None, given_ip: str, kept: str | None) -> None:
    audit.record("person.reveal", by=None, now=NOW, ip=given_ip)
    assert AuditEvent.objects.get().ip == kept
    assert verified()["ok"]


def test_writers_at_the_same_time_make_one_chain(transactional_db: None) -> None:
    start, failed = threading.Barrier(4), []

    def write(name: int) -> None:
        try:
            start.wait(10)
            for turn in range(10):
                with transaction.atomic():
                    audit.record("person.edit", by=None, now=NOW, reason=f"{name}/{turn}")
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    found = verified()
    assert (found["rows"], found["in_sink"], found["ok"]) == (40, 40, True)
    said = list(AuditEvent.objects.order_by("seq").values_list("reason", flat=True))
    for name in range(4):
        assert [one for one in said if one.startswith(f"{name}/")] == [f"{name}/{turn}" for turn in range(10)]


# --- Nothing personal gets in ----------------------------------------------------------------------

NUMBER = id_numbers.composed("000000", NOW.date(), 7)
WIDE = "".join(chr(ord(place) + 0xFEE0) for place in NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"查{NUMBER}一户",
        "000000198001010 01x".replace(" ", "1 "),
        f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
        WIDE,
        "10000000001",
        "电话100-0000-0001。",
        "+8610000000001",
        "008610000000001",
        "１００００００0001",
    ],
)
@pytest.mark.parametrize("place", ["reason", "result", "subject"])
def test_a_number_of_a_person_is_refused_wherever_it_stands(text: str, place: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 a subject may fail for its shape as well
        audit.record("person.edit", by=None, now=NOW, **{place: text})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "核对身份",
        "2019-08-20",
        "2019年8月20日10:30",
        "925户3550人",
        "托里字〔2019〕12号",
        "tacheng-2019/filing/654224",
        "0901-1234567",
    ],
)
def test_what_is_no_number_of_a_person_may_stand(text: str) -> None:
    assert not audit.holds_personal_number(text)


@given(st.dates(), st.integers(0, 999), st.text("甲乙 ,，。", max_size=5), st.text("甲乙 ,，。", max_size=5))
def test_any_id_number_in_any_sentence_is_seen(born: Any, sequence: int, before: str, after: str) -> None:
    born = born.replace(year=1900 + born.year % 120, day=1)
    assert audit.holds_personal_number(before + id_numbers.composed("000000", born, sequence) + after)


@pytest.mark.parametrize("fields", [["姓名"], ["张三"], ["id number"], [NUMBER], ["10000000001"], "phone", ["phone=1"]])
def test_fields_are_named_not_quoted(fields: Any) -> None:
    with pytest.raises(ValueError, match="named|no place"):
        audit.record("person.edit", by=None, now=NOW, fields=fields)


def test_uids_pass_whatever_their_digits(db: None) -> None:
    for uid in (UID, "01234567-1234-7123-8123-123456789012", "TL-000123", "654224/TL-000123"):
        assert audit.record("person.view", by=None, now=NOW, subject_kind="person", subject=uid).subject == uid


# --- Nothing gets out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET reason = 'x' WHERE seq = 2",
        f"UPDATE {TABLE} SET username = username",
        f"DELETE FROM {TABLE} WHERE seq = 5",
        f"DELETE FROM {TABLE}",
    ],
)
def test_the_database_refuses_change(five: list[AuditEvent], statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        sql(statement)
    assert verified()["ok"]


def test_sqlite_refuses_to_replace_a_row(five: list[AuditEvent]) -> None:
    if connection.vendor != "sqlite":
        return
    columns = ", ".join(f'"{one.column}"' for one in AuditEvent._meta.concrete_fields)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        sql(f"INSERT OR REPLACE INTO {TABLE} ({columns}) SELECT {columns} FROM {TABLE} WHERE seq = 2")


@pytest.mark.postgres
def test_postgresql_refuses_to_truncate(five: list[AuditEvent]) -> None:
    for statement in (f"TRUNCATE {TABLE}", "TRUNCATE bureaus_user CASCADE"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            sql(statement)
    assert AuditEvent.objects.count() == 5


def test_the_model_offers_no_change(five: list[AuditEvent]) -> None:
    for change in (
        lambda: AuditEvent.objects.update(reason=""),
        lambda: AuditEvent.objects.filter(seq=1).delete(),
        lambda: five[0].delete(),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    five[0].reason = "x"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        five[0].save()


def test_a_database_without_its_triggers_is_named(five: list[AuditEvent]) -> None:
    with audit_triggers.lifted():
        assert verified()["kinds"] == {"unprotected"}
    assert verified()["ok"]


CHANGES = {
    "at": "'2019-08-21 00:00:00+00:00'",
    "user_id": "NULL",
    "username": "'somebody'",
    "ip": "'192.0.2.8'",
    "action": "'person.view'",
    "subject_kind": "'household'",
    "subject": "'other'",
    "county_id": "NULL",
    "fields": "'[]'",
    "reason": "'other'",
    "result": "'refused'",
    "n": "2",
    "prev_hash": "'0'",
    "hash": "'0'",
}


def test_every_column_is_covered() -> None:
    assert set(CHANGES) == {one.column for one in AuditEvent._meta.concrete_fields} - {"id", "seq"}


@pytest.mark.parametrize("column", CHANGES)
def test_a_changed_row_is_found_by_its_number(five: list[AuditEvent], column: str) -> None:
    tampered(f'UPDATE {TABLE} SET "{column}" = {CHANGES[column]} WHERE seq = 3')
    found = verified()
    assert "changed" in found["kinds"]
    assert found["first_broken"] == 3


def test_a_changed_row_with_a_fresh_hash_breaks_the_next(five: list[AuditEvent]) -> None:
    row = AuditEvent.objects.get(seq=3)
    row.reason = "other"
    tampered(f"UPDATE {TABLE} SET reason = 'other', hash = '{audit.hash_of(audit.content(row))}' WHERE seq = 3")
    found = verified()
    assert {"kind": "changed", "seq": 4, "detail": ""} in found["problems"]
    assert {"kind": "sink_differs", "seq": 3, "detail": ""} in found["problems"]


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_row_is_found(five: list[AuditEvent], seq: int) -> None:
    tampered(f"DELETE FROM {TABLE} WHERE seq = {seq}")
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"removed"}, seq)


def test_two_swapped_rows_are_found(five: list[AuditEvent]) -> None:
    tampered(
        f"UPDATE {TABLE} SET seq = 99 WHERE seq = 2",
        f"UPDATE {TABLE} SET seq = 2 WHERE seq = 3",
        f"UPDATE {TABLE} SET seq = 3 WHERE seq = 99",
    )
    assert verified()["first_broken"] == 2


def test_a_cut_end_is_found(five: list[AuditEvent]) -> None:
    tampered(f"DELETE FROM {TABLE} WHERE seq > 3")
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"cut"}, 4)


def test_a_cut_end_is_found_by_the_second_log_though_the_head_was_set_back(five: list[AuditEvent]) -> None:
    third = AuditEvent.objects.get(seq=3)
    tampered(
        f"DELETE FROM {TABLE} WHERE seq > 3", f"UPDATE ledger_audithead SET seq = 3, hash = '{third.hash}' WHERE id = 1"
    )
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"cut"}, 4)


def test_everything_gone_is_found(five: list[AuditEvent]) -> None:
    tampered(f"DELETE FROM {TABLE}", "DELETE FROM ledger_audithead")
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"cut"}, 1)


def test_a_head_set_back_is_found(five: list[AuditEvent]) -> None:
    third = AuditEvent.objects.get(seq=3)
    sql(f"UPDATE ledger_audithead SET seq = 3, hash = '{third.hash}' WHERE id = 1")
    assert "head" in verified()["kinds"]
    sql("UPDATE ledger_audithead SET seq = 5, hash = 'x' WHERE id = 1")
    assert verified()["kinds"] == {"head"}


def test_a_chain_written_anew_is_found_by_the_second_log(five: list[AuditEvent]) -> None:
    rows, before = list(AuditEvent.objects.order_by("seq")), ""
    rows[1].username = "somebody else"
    statements = []
    for row in rows:
        row.prev_hash = before
        before = row.hash = audit.hash_of(audit.content(row))
        statements.append(
            f"UPDATE {TABLE} SET username = '{row.username}', prev_hash = '{row.prev_hash}', hash = '{row.hash}'"
            f" WHERE seq = {row.seq}"
        )
    tampered(*statements, f"UPDATE ledger_audithead SET hash = '{before}' WHERE id = 1")
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"sink_differs"}, 2)


# --- The second log ---------------------------------------------------------------------------------


def test_a_changed_line_is_found(five: list[AuditEvent], sink: Path) -> None:
    sink.write_text(sink.read_text(encoding="utf-8").replace('"n":925', '"n":5'), encoding="utf-8")
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"sink_changed"}, 5)


def test_a_sink_that_fails_disturbs_nobody_and_is_completed(
    five: list[AuditEvent], sink: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = sink.read_bytes()
    sink.unlink()
    sink.mkdir()  # nobody can write there
    with caplog.at_level(logging.ERROR):
        assert audit.record("person.view", by=None, now=NOW).seq == 6
    assert "could not be written" in caplog.text
    sink.rmdir()
    sink.write_bytes(kept)
    found = verified()
    assert (found["kinds"], found["first_broken"]) == ({"not_in_sink"}, 6)
    assert verified("--complete")["ok"]
    assert sink.read_bytes().startswith(kept)
    assert verified()["in_sink"] == 6


def test_a_line_torn_by_a_crash_harms_no_other(five: list[AuditEvent], sink: Path) -> None:
    sink.write_bytes(sink.read_bytes()[:-40])
    audit.record("person.view", by=None, now=NOW)
    found = verified("--complete")
    assert found["problems"] == [{"kind": "sink_torn", "seq": None, "detail": "5"}]
    assert found["in_sink"] == 6
    lines = sink.read_text(encoding="utf-8").splitlines(keepends=True)
    sink.write_text("".join(lines[:4] + lines[5:]), encoding="utf-8")
    assert verified()["ok"]


def test_nothing_is_written_over_a_broken_chain(five: list[AuditEvent], sink: Path) -> None:
    tampered(f"DELETE FROM {TABLE} WHERE seq = 2")
    sink.unlink()
    with pytest.raises(CommandError):
        call_command("verify_audit", "--complete", stdout=StringIO())
    assert not sink.exists()


@pytest.fixture
def syslog() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(10)
        yield server


def test_the_second_log_may_be_a_syslog_server(transactional_db: None, syslog: socket.socket, settings: Any) -> None:
    settings.AUDIT_SINK = f"syslog://127.0.0.1:{syslog.getsockname()[1]}"
    written = audit.record("person.reveal", by=None, now=NOW, reason="核对身份")
    said = syslog.recv(4096).decode()
    assert said.startswith("<86>duban-audit: {")
    assert json.loads(said.strip("\0").split(": ", 1)[1])["hash"] == written.hash
    assert (verified()["ok"], verified()["in_sink"]) == (True, None)


def test_a_syslog_that_is_not_there_disturbs_nobody(
    transactional_db: None, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_SINK = f"syslog:{tmp_path}/nothing"
    with caplog.at_level(logging.ERROR):
        audit.record("person.reveal", by=None, now=NOW)
    assert "could not be written" in caplog.text
    assert AuditHead.objects.get().seq == 1
