"""Keys that are changed, and keys that are gone: nothing kept becomes unreadable, nothing new hides what was lost."""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from bureaus import clock
from ledger import blind, encryption, keys, rotation
from ledger.imports import checking, storing, uploading
from ledger.models import Household, Person
from ledger.workbooks import template, writing
from measures.models import Plan
from tests.ledger import stage
from tests.pages import web

SMALL = b"PK, or so"
LONG = os.urandom(5 << 19)  # two blocks and a half
WHOLE = os.urandom(2 << 20)  # ends where a block does


@pytest.fixture(autouse=True)
def key_file(db: None, tmp_path: Path, settings: Any) -> Path:
    settings.VAR = tmp_path
    settings.FIELD_KEYS = settings.INDEX_KEY = ""
    settings.FIELD_KEYS_FILE = tmp_path / "field-keys"
    return settings.FIELD_KEYS_FILE


@pytest.fixture
def home(tacheng: Plan) -> Iterator[Household]:
    """A household of 托里县, on the day of the stage."""
    stage.notice()
    with clock.standing_at(stage.NOW):
        yield stage.household()


def kept(*contents: bytes) -> list[str]:
    """Their names, in the order in which a rotation comes to them."""
    return sorted(storing.keep(io.BytesIO(content))[0] for content in contents)


def content(name: str) -> bytes:
    with storing.opened(name) as file:
        return file.read()


def run(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def found() -> dict[str, int]:
    """Key id → how many workbooks need it."""
    return {key: n for (place, key), n in rotation.counted().readable.items() if place == rotation.WORKBOOK}


def bend(name: str) -> bytes:
    path = storing.folder() / name
    bent = path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])
    path.write_bytes(bent)
    return bent


# --- Workbooks and a new key -----------------------------------------------------------------------


@pytest.mark.parametrize("given", [b"", SMALL, LONG, WHOLE], ids=["empty", "small", "long", "whole blocks"])
def test_a_workbook_opens_after_the_older_keys_are_gone(given: bytes) -> None:
    (name,) = kept(given)
    (first,) = found()
    run("rotate_field_keys")
    ((second, n),) = found().items()
    assert (n, second != first) == (1, True)
    run("rotate_field_keys", "--forget")
    assert list(keys.ring().fields) == [second]
    assert content(name) == given
    assert os.listdir(storing.folder()) == [name]
    assert (storing.folder() / name).stat().st_mode & 0o777 == 0o600


def test_an_uploaded_workbook_is_checked_after_the_rotation_as_before(home: Household) -> None:
    file = io.BytesIO()
    row = {
        "household_code": "TL-2",
        "name": "演示乙",
        "id_number": stage.number(stage.NOW.date().replace(year=1985), 2),
    }
    writing.table(file, [(template.PEOPLE, [row])], watermark="", meta=writing.Meta(stage.TOLI, stage.NOW), masked=None)
    batch = uploading.upload(stage.county(), file, "台账.xlsx", by=stage.clerk(), now=stage.NOW)
    run("rotate_field_keys")
    run("rotate_field_keys", "--forget")
    batch = checking.check(batch.pk, stage.NOW)
    assert (batch.state, batch.counts["new"]) == ("checked", 1)


def test_the_older_key_stays_while_a_workbook_needs_it() -> None:
    (name,) = kept(SMALL)
    keys.add_key()
    with pytest.raises(CommandError, match="rotate_field_keys"):
        run("rotate_field_keys", "--forget")
    assert content(name) == SMALL


def test_a_rotation_stopped_between_workbooks_goes_on_with_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    names = kept(SMALL, LONG, b"three")
    before = {name: content(name) for name in names}
    written, files = storing._encrypted, iter(range(1))

    def dies(name: str, blocks: Iterator[bytes]) -> str:
        def stops() -> Iterator[bytes]:
            yield next(blocks)
            raise KeyboardInterrupt

        return written(name, stops() if next(files, None) is None else blocks)

    with monkeypatch.context() as stopped:
        stopped.setattr(storing, "_encrypted", dies)
        with pytest.raises(KeyboardInterrupt):
            run("rotate_field_keys")
    assert sorted(found().values()) == [1, 2]
    assert sorted(os.listdir(storing.folder())) == names
    assert {name: content(name) for name in names} == before
    made = list(keys.ring().fields)
    run("rotate_field_keys")
    assert (list(keys.ring().fields), found()) == (made, {made[0]: 3})
    run("rotate_field_keys", "--forget")
    assert {name: content(name) for name in names} == before


def test_a_workbook_purged_while_it_is_written_anew_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    purged, other = kept(SMALL, LONG)
    written = storing._encrypted

    def meanwhile(name: str, blocks: Iterator[bytes]) -> str:
        coming = written(name, blocks)
        if name == purged:
            storing.forget(name)
        return coming

    monkeypatch.setattr(storing, "_encrypted", meanwhile)
    run("rotate_field_keys")
    assert os.listdir(storing.folder()) == [other]
    run("rotate_field_keys", "--forget")


def test_one_is_forgotten_also_if_it_is_just_being_put_into_its_place() -> None:
    (name,) = kept(SMALL)
    path = storing.folder() / name
    coming = path.with_name(".coming-test")
    coming.write_bytes(path.read_bytes())
    purge = threading.Thread(target=storing.forget, args=(name,))
    with open(path, "rb") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        purge.start()
        purge.join(0.2)  # it waits
        os.replace(coming, path)
    purge.join()
    assert os.listdir(storing.folder()) == []


def test_who_reads_a_workbook_meanwhile_reads_it_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    (name,) = kept(LONG)
    with open(storing.folder() / name, "rb") as reading:
        blocks = storing._decrypted(reading, name)
        begun = next(blocks)
        run("rotate_field_keys")
        assert begun + b"".join(blocks) == LONG


def test_what_cannot_be_read_is_said_left_and_keeps_the_older_keys() -> None:
    bad, good = kept(SMALL, LONG)
    before, whole = bend(bad), content(good)
    with pytest.raises(SystemExit) as code:
        run("check_field_keys")
    assert code.value.code == 1
    with pytest.raises(CommandError, match="check_field_keys"):
        run("rotate_field_keys")
    assert (storing.folder() / bad).read_bytes() == before
    assert content(good) == whole
    with pytest.raises(CommandError, match="rotate_field_keys"):
        run("rotate_field_keys", "--forget")
    storing.forget(bad)
    run("rotate_field_keys", "--forget")
    assert content(good) == whole


@pytest.mark.parametrize(
    "broken", [b"", b"DBW1", b"DBW1\x05", b"PK\x03\x04 and so on", b"DBW1\x03k\xff\xff" + b"x" * 40]
)
def test_a_file_that_is_none_of_ours_is_counted_as_unreadable(broken: bytes) -> None:
    (name,) = kept(SMALL)
    (storing.folder() / name).write_bytes(broken)
    (storing.folder() / ".coming-half").write_bytes(b"left by a power cut")
    assert rotation.counted().unreadable == {rotation.WORKBOOK: [name]}
    with pytest.raises(CommandError):
        run("rotate_field_keys")
    assert (storing.folder() / name).read_bytes() == broken


def test_the_check_shows_workbooks_by_key_and_those_it_cannot_read(capsys: pytest.CaptureFixture[str]) -> None:
    kept(SMALL, LONG)
    (key_id,) = keys.ring().fields
    shown = json.loads(run("check_field_keys", "--json"))
    assert shown["readable"] == [{"place": "workbook", "key": key_id, "n": 2}]
    (bad,) = kept(b"bad")
    bend(bad)
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("check_field_keys", stdout=out)
    assert "workbook" in out.getvalue()
    assert bad in out.getvalue()


# --- Keys that are gone ----------------------------------------------------------------------------------


def a_value(home: Household) -> None:
    stage.person(home, health_note="静养")


def an_index(home: Household) -> None:
    who = stage.person(home)
    Person.objects.filter(pk=who.pk).update(phone_index=blind.of_phone("10000000001"))


def a_workbook(home: Household) -> None:
    kept(SMALL)


@pytest.mark.parametrize("there", [a_value, an_index, a_workbook])
def test_no_new_key_is_made_where_something_was_written_with_one(
    there: Callable[[Household], None], home: Household, key_file: Path
) -> None:
    there(home)
    backup = key_file.read_bytes()
    key_file.unlink()
    before = list(storing.kept())
    for act in (
        lambda: encryption.seal("text", "a.B.c"),
        lambda: blind.of_phone("10000000002"),
        lambda: storing.keep(io.BytesIO(SMALL)),
        lambda: keys.add_key(),
        lambda: keys.held().__enter__(),
    ):
        with pytest.raises(keys.KeysUnusable, match=r"field-keys.*DUBAN_VAR") as told:
            act()
        assert str(key_file.parent) not in str(told.value)
    with pytest.raises(CommandError, match="DUBAN_VAR"):
        run("rotate_field_keys")
    assert not key_file.exists()
    assert list(storing.kept()) == before
    key_file.write_bytes(backup)
    assert encryption.seal("text", "a.B.c").open() == "text"
    assert keys.ring().fields == keys._of_file(key_file).fields
    assert key_file.read_bytes() == backup


def test_an_emptied_file_and_a_lost_line_are_no_reason_for_new_keys_either(home: Household, key_file: Path) -> None:
    stage.person(home, health_note="静养", phone="10000000001")
    whole = key_file.read_text()
    for cut in ("", "".join(line for line in whole.splitlines(True) if not line.startswith("index "))):
        key_file.write_text(cut)
        with pytest.raises(keys.KeysUnusable, match="DUBAN_VAR"):
            blind.of_phone("10000000001")
        assert key_file.read_text() == cut
    key_file.write_text("".join(line for line in whole.splitlines(True) if line.startswith("index ")))
    with pytest.raises(keys.KeysUnusable, match="DUBAN_VAR"):
        encryption.seal("text", "a.B.c")


def test_keys_that_were_in_the_environment_are_missed_there_too(home: Household, key_file: Path, settings: Any) -> None:
    settings.FIELD_KEYS = "k1:" + base64.b64encode(os.urandom(32)).decode()
    settings.INDEX_KEY = base64.b64encode(os.urandom(32)).decode()
    stage.person(home, health_note="静养")
    settings.FIELD_KEYS = ""
    with pytest.raises(keys.KeysUnusable, match="DUBAN_VAR"):
        encryption.seal("text", "a.B.c")
    assert not key_file.exists()
    # New ones given on purpose are taken: how one goes on where the old are lost for good.
    settings.FIELD_KEYS = "k2:" + base64.b64encode(os.urandom(32)).decode()
    assert encryption.seal("text", "a.B.c").key_id == "k2"


def test_a_process_that_comes_second_does_not_take_the_first_ones_key_for_lost(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It found no file; before it asked whether something is encrypted, the other made one and wrote."""
    asked = keys.lost

    def late(ring: keys.KeyRing) -> bool:
        with monkeypatch.context() as first:
            first.setattr(keys, "lost", asked)
            kept(SMALL)
        return asked(ring)

    monkeypatch.setattr(keys, "lost", late)
    sealed = encryption.seal("text", "a.B.c")
    assert [key_id for _name, key_id in storing.kept()] == [sealed.key_id]


def test_it_is_asked_once_before_the_first_key_and_never_again() -> None:
    with CaptureQueriesContext(connection) as first:
        encryption.seal("text", "a.B.c")
    assert len(first) > 1
    with CaptureQueriesContext(connection) as later:
        encryption.seal("text", "a.B.c")
        blind.of_phone("10000000001")
        with keys.held():
            pass
        kept(SMALL)
    assert len(later) == 0


def test_pages_say_so_save_nothing_and_keep_what_was_typed(
    home: Household, key_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    who = stage.person(home, phone="10000000001")
    backup = key_file.read_bytes()
    key_file.unlink()
    clerk, url = web.signed_in(stage.CLERK), f"/ledger/households/{home.uid}/member/"
    with translation.override("zh-hans"):
        told = str(keys.KeysUnusable.told)
    form = web.read(clerk, url).form("/member/").values
    typed = form | {"name": "演示丙", "sex": "female", "birth_date": "1990-02-03", "phone": "10000000002"}
    answer = clerk.post(url, typed)
    page = web.Page(answer.content.decode())
    assert (answer.status_code, told in page.text) == (503, True)
    assert {name: page.form("/member/").values[name] for name in typed} == typed
    for address, values in (
        ("/ledger/households/find/", {"q": "10000000001"}),
        ("/ledger/imports/upload/", {"file": SimpleUploadedFile("a.csv", "姓名,户编号\n演示,1\n".encode())}),
    ):
        answer = clerk.post(address, values)
        assert (answer.status_code, told in answer.content.decode()) == (503, True), address
        assert answer.headers["Cache-Control"] == "no-store"
    assert "DUBAN_VAR" in caplog.text
    assert "10000000001" not in caplog.text
    assert list(Person.objects.all()) == [who]
    assert not key_file.exists() and not list(storing.kept())
    for address in ("/ledger/households/", f"/ledger/households/{home.uid}/", f"/ledger/persons/{who.uid}/"):
        web.read(clerk, address)
    key_file.write_bytes(backup)
    web.post(clerk, url, typed)
    assert {person.phone for person in Person.objects.all()} == {"10000000001", "10000000002"}
