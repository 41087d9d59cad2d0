"""Personal data in the database: unreadable there, whole here, and never mistaken for something else."""

from __future__ import annotations

import base64
import json
import os
import pickle
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test.utils import isolate_apps

from ledger import blind, encryption, keys, rotation
from ledger.encryption import CannotDecrypt, EncryptedTextField, Sealed

SECRET = "000000198001011238"


@pytest.fixture(autouse=True)
def key_file(tmp_path: Path, settings: Any) -> Path:
    settings.FIELD_KEYS = settings.INDEX_KEY = ""
    settings.FIELD_KEYS_FILE = tmp_path / "keys" / "field-keys"
    settings.VAR = tmp_path  # no workbook of another test
    return settings.FIELD_KEYS_FILE


@pytest.fixture
def Note(db: None) -> Iterator[Any]:
    """A model of this test alone, known to the apps like any other, with a table."""

    class Note(models.Model):
        number = EncryptedTextField(null=True, max_length=18)
        health = EncryptedTextField(default="", blank=True)
        plain = models.CharField(max_length=20, default="", blank=True)

        class Meta:
            app_label = "ledger"

        def __str__(self) -> str:
            return "a note"

    with connection.schema_editor() if connection.vendor == "postgresql" else _unchecked() as editor:
        editor.create_model(Note)
    yield Note
    apps.all_models["ledger"].pop("note")
    apps.clear_cache()


class _unchecked:
    """SQLite makes a table inside a transaction, too, if nobody insists on switching its keys off first."""

    def __enter__(self) -> Any:
        self.editor = connection.SchemaEditorClass(connection, atomic=False)
        self.editor.deferred_sql = []
        return self.editor

    def __exit__(self, *_: object) -> None:
        for sql in self.editor.deferred_sql:
            self.editor.execute(sql)


def raw(note: Any, column: str = "number") -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM ledger_note WHERE id = %s", [note.pk])
        return bytes(cursor.fetchone()[0])


def put_raw(note: Any, value: bytes, column: str = "number") -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE ledger_note SET {column} = %s WHERE id = %s", [value, note.pk])


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


# --- A value ------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "", SECRET, "患病，静养", "a" * 18, "\x00", "𠀀"])
def test_what_was_written_comes_back(Note: Any, value: str | None) -> None:
    note = Note.objects.create(number=value, health=value or "")
    again = Note.objects.get(pk=note.pk)
    assert again.number == value
    assert again.health == (value or "")


def test_the_database_holds_nothing_readable_and_no_two_alike(Note: Any) -> None:
    first, second = (Note.objects.create(number=SECRET, health=SECRET) for _ in range(2))
    assert SECRET.encode() not in raw(first)
    assert len({raw(first), raw(second), raw(first, "health")}) == 3


def test_none_is_null_and_the_empty_text_is_not(Note: Any) -> None:
    none, empty = Note.objects.create(number=None), Note.objects.create(number="")
    assert list(Note.objects.filter(number__isnull=True)) == [none]
    assert list(Note.objects.filter(number__isnull=False)) == [empty]


def test_in_bulk_and_by_update(Note: Any) -> None:
    Note.objects.bulk_create([Note(number=f"{n}") for n in range(30)])
    notes = list(Note.objects.order_by("pk"))
    assert [note.number for note in notes] == [f"{n}" for n in range(30)]
    for note in notes:
        note.number += "!"
    Note.objects.bulk_update(notes, ["number"])
    assert {note.number for note in Note.objects.all()} == {f"{n}!" for n in range(30)}
    Note.objects.update(number="all")
    assert {note.number for note in Note.objects.all()} == {"all"}


def test_only_text_is_taken(Note: Any) -> None:
    for wrong in (b"v1g:", 654224198001011238, 1.5):
        with pytest.raises(TypeError, match="takes text"):
            Note.objects.create(number=wrong)


def test_a_value_too_long_is_a_fault_of_the_form(Note: Any) -> None:
    with pytest.raises(ValidationError):
        Note(number="1" * 19, health="x").full_clean()
    Note(number="1" * 18, health="x").full_clean()


# --- Loaded, not read -------------------------------------------------------------------------


def test_a_row_is_decrypted_when_it_is_read_and_no_sooner(Note: Any) -> None:
    note = Note.objects.create(number=SECRET)
    loaded = Note.objects.get(pk=note.pk)
    assert isinstance(loaded.__dict__["number"], Sealed)
    assert SECRET not in repr(loaded.__dict__)
    assert loaded.number == SECRET
    assert loaded.__dict__["number"] == SECRET


def test_deferred_and_refreshed(Note: Any) -> None:
    note = Note.objects.create(number=SECRET, health="well")
    late = Note.objects.defer("number").get(pk=note.pk)
    assert "number" not in late.__dict__
    assert late.number == SECRET
    Note.objects.update(number="other")
    late.refresh_from_db()
    assert late.number == "other"
    assert Note.objects.only("plain").get(pk=note.pk).health == "well"


def test_saving_what_was_not_read_leaves_it_as_it_was(Note: Any) -> None:
    note = Note.objects.create(number=SECRET)
    before = raw(note)
    loaded = Note.objects.get(pk=note.pk)
    loaded.plain = "changed"
    loaded.save()
    assert raw(note) == before
    loaded.number += "?"
    loaded.save()
    assert Note.objects.get(pk=note.pk).number == SECRET + "?"


def test_columns_alone_are_sealed(Note: Any) -> None:
    Note.objects.create(number=SECRET)
    sealed = Note.objects.values_list("number", flat=True).get()
    assert sealed.open() == SECRET
    assert SECRET not in repr(sealed)
    with pytest.raises(TypeError):
        str(sealed)
    with pytest.raises(TypeError):
        f"{sealed}"
    assert pickle.loads(pickle.dumps(sealed)).open() == SECRET


def test_it_is_not_written_into_fixtures(Note: Any) -> None:
    note = Note.objects.create(number=SECRET)
    with pytest.raises(TypeError, match="in the clear"):
        serializers.serialize("json", [note])


# --- What cannot be decrypted --------------------------------------------------------------------


def cut(value: bytes) -> bytes:
    return value[:-1]


def bent(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


def nothing_like_it(_value: bytes) -> bytes:
    return SECRET.encode()


def head_alone(value: bytes) -> bytes:
    return value[:16]


@pytest.mark.parametrize("broken", [cut, bent, nothing_like_it, head_alone, lambda value: b""])
def test_a_broken_value_is_said_and_never_shown(Note: Any, broken: Any) -> None:
    note = Note.objects.create(number=SECRET)
    put_raw(note, broken(raw(note)))
    row = Note.objects.get(pk=note.pk)  # the row opens
    with pytest.raises(CannotDecrypt) as told:
        row.number  # noqa: B018
    assert "ledger.Note.number" in str(told.value)
    assert SECRET not in str(told.value)
    assert not encryption.can_read(row, "number")
    assert encryption.can_read(row, "health")


def test_a_value_moved_to_another_column_is_not_taken_for_that(Note: Any) -> None:
    note = Note.objects.create(number=SECRET, health="well")
    put_raw(note, raw(note, "health"), "number")
    with pytest.raises(CannotDecrypt):
        Note.objects.get(pk=note.pk).number  # noqa: B018


def test_with_the_keys_lost_rows_open_are_saved_and_lose_nothing(Note: Any, key_file: Path) -> None:
    note = Note.objects.create(number=SECRET, plain="seen")
    kept = key_file.read_bytes()
    key_file.unlink()
    row = Note.objects.get(pk=note.pk)
    assert row.plain == "seen"
    row.plain = "edited"
    row.save()
    with pytest.raises(CannotDecrypt):
        row.number  # noqa: B018
    with pytest.raises(keys.KeysUnusable), transaction.atomic():
        Note.objects.create(number="new")
    assert not key_file.exists()
    key_file.write_bytes(kept)
    assert Note.objects.get(pk=note.pk).number == SECRET
    assert Note.objects.get(pk=note.pk).plain == "edited"


def test_another_key_under_the_same_name_is_found_out(Note: Any, settings: Any) -> None:
    settings.FIELD_KEYS = "k1:" + base64.b64encode(b"1" * 32).decode()
    note = Note.objects.create(number=SECRET)
    settings.FIELD_KEYS = "k1:" + base64.b64encode(b"2" * 32).decode()
    with pytest.raises(CannotDecrypt):
        Note.objects.get(pk=note.pk).number  # noqa: B018


# --- Nothing can be asked ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lookup", ["exact", "iexact", "in", "contains", "startswith", "gt", "lt", "range", "regex", "length", "nothing"]
)
def test_every_lookup_but_isnull_is_refused(Note: Any, lookup: str) -> None:
    with pytest.raises(TypeError, match="blind index"):
        Note.objects.filter(**{f"number__{lookup}": [SECRET] if lookup in ("in", "range") else SECRET})


def test_a_filter_without_a_lookup_is_refused_as_well(Note: Any) -> None:
    for wrong in (SECRET, None):
        with pytest.raises(TypeError):
            Note.objects.filter(number=wrong)
    with pytest.raises(TypeError):
        Note.objects.exclude(number=SECRET)


@isolate_apps("ledger")
def test_a_model_that_would_order_or_index_by_it_is_refused() -> None:
    class Wrong(models.Model):
        one = EncryptedTextField(unique=True)
        two = EncryptedTextField(db_index=True)
        three = EncryptedTextField()
        four = EncryptedTextField()

        class Meta:
            app_label = "ledger"
            ordering = ["-three"]

        def __str__(self) -> str:
            return ""

    wrong = [message.obj.name for message in Wrong.check() if message.id == "ledger.E001"]
    assert wrong == ["one", "two", "three"]


def test_a_field_that_was_renamed_names_the_place_it_had() -> None:
    field = EncryptedTextField(place="ledger.Old.number", max_length=18)
    _name, path, args, kwargs = field.deconstruct()
    assert path == "ledger.encryption.EncryptedTextField"
    assert EncryptedTextField(*args, **kwargs).own_place == "ledger.Old.number"
    assert kwargs["max_length"] == 18


# --- Keys ------------------------------------------------------------------------------------------


def test_the_file_is_made_by_the_first_writing_for_its_owner_alone(db: None, key_file: Path) -> None:
    assert keys.ring().fields == {}
    assert not key_file.exists()
    sealed = encryption.seal(SECRET, "a.B.c")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert sealed.key_id in key_file.read_text()
    assert sealed.open() == SECRET
    assert [path.name for path in key_file.parent.iterdir()] == ["field-keys"]


def test_a_second_process_that_makes_the_file_takes_the_keys_of_the_first(
    db: None, key_file: Path, tmp_path: Path
) -> None:
    """Both have found no file; the one that comes later must not write over the other's."""
    encryption.seal(SECRET, "a.B.c")
    before = key_file.read_bytes()
    late = keys.KeyRing({"klate": os.urandom(32)}, os.urandom(32))
    keys._replace(key_file, late, keys.KeyRing({}, None))
    assert key_file.read_bytes() == before


def test_the_environment_wins_and_leaves_the_file_alone(key_file: Path, settings: Any) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    settings.FIELD_KEYS = f"k1:{old}"
    sealed = encryption.seal(SECRET, "a.B.c")
    settings.FIELD_KEYS = f"k2:{new}, k1:{old}"
    assert sealed.open() == SECRET
    assert encryption.seal(SECRET, "a.B.c").key_id == "k2"
    assert not key_file.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        "abc",
        "k1:",
        "k1:AAAA",
        "k1:!!",
        "K1:" + "A" * 43 + "=",
        "index:" + "A" * 43 + "=",
        f"k1:{'A' * 43}=,k1:{'B' * 43}=",
    ],
)
def test_keys_that_are_none_are_said_without_being_shown(settings: Any, wrong: str) -> None:
    settings.FIELD_KEYS = wrong
    with pytest.raises(keys.KeysUnusable) as told:
        encryption.seal(SECRET, "a.B.c")
    assert "AAAA" not in str(told.value)


def test_a_torn_file_is_said_and_not_written_over(db: None, key_file: Path) -> None:
    encryption.seal(SECRET, "a.B.c")
    torn = key_file.read_text()[:-20]
    key_file.write_text(torn)
    with pytest.raises(keys.KeysUnusable):
        encryption.seal(SECRET, "a.B.c")
    assert key_file.read_text() == torn


# --- Found by the whole number ------------------------------------------------------------------------


def test_the_same_number_however_written_has_one_index_and_another_has_another(db: None) -> None:
    index = blind.of_id_number("11010519491231002x")
    assert index == blind.of_id_number(" 110105 1949 1231 002Ｘ")
    assert index != blind.of_id_number(SECRET)
    assert len(index) == 64
    assert "11010519491231002" not in index
    assert blind.of_phone("10000000001") == blind.of_phone("+86 100-0000-0001") != blind.of_id_number("10000000001")


def test_nothing_has_no_index() -> None:
    for empty in ("", "  ", "-"):
        with pytest.raises(ValueError, match="nothing"):
            blind.of_id_number(empty)


def test_the_index_hangs_on_its_own_key(db: None, key_file: Path, settings: Any) -> None:
    first = blind.of_phone("10000000001")
    keys.add_key()
    assert blind.of_phone("10000000001") == first
    settings.INDEX_KEY = base64.b64encode(os.urandom(32)).decode()
    assert blind.of_phone("10000000001") != first
    settings.FIELD_KEYS, settings.INDEX_KEY = "k1:" + "A" * 43 + "=", ""
    with pytest.raises(keys.KeysUnusable, match="DUBAN_INDEX_KEY"):
        blind.of_phone("10000000001")


# --- A new key ---------------------------------------------------------------------------------------


def used(field: str = "number") -> dict[str, int]:
    return {key: n for (place, key), n in rotation.counted().readable.items() if place == f"ledger.Note.{field}"}


def test_a_rotation_reaches_every_value_and_older_keys_go_when_they_are_told(
    Note: Any, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 7)
    Note.objects.bulk_create([Note(number=f"{n}", health="") for n in range(20)])
    nobody = Note.objects.create(number=None, health="")
    (first,) = used()
    said = run("rotate_field_keys")
    ((second, n),) = used().items()
    assert (n, used("health")) == (20, {second: 21})
    assert second != first
    assert "41" in said
    assert set(keys.ring().fields) == {first, second}
    run("rotate_field_keys", "--forget")
    assert list(keys.ring().fields) == [second]
    assert {note.number for note in Note.objects.all()} == {None, *map(str, range(20))}
    assert Note.objects.get(pk=nobody.pk).number is None


def test_a_rotation_stopped_half_way_goes_on_with_the_same_key(Note: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 5)
    Note.objects.bulk_create([Note(number=f"{n}", health="") for n in range(12)])
    opened, batches = rotation._opened, iter(range(2))

    def dies(*args: Any) -> Any:
        if next(batches, None) is None:
            raise KeyboardInterrupt
        return opened(*args)

    with monkeypatch.context() as stopped:
        stopped.setattr(rotation, "_opened", dies)
        with pytest.raises(KeyboardInterrupt):
            run("rotate_field_keys")
    assert sorted(used().values()) == [2, 10]
    with pytest.raises(CommandError, match=r"rotate_field_keys"):
        run("rotate_field_keys", "--forget")
    made = list(keys.ring().fields)
    run("rotate_field_keys")
    assert list(keys.ring().fields) == made
    assert used() == {made[0]: 12}


def test_a_first_key_in_the_environment_is_what_everything_moves_to(Note: Any, settings: Any) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    settings.FIELD_KEYS = f"k1:{old}"
    Note.objects.create(number=SECRET)
    with pytest.raises(CommandError, match="DUBAN_FIELD_KEYS"):
        run("rotate_field_keys")
    settings.FIELD_KEYS = f"k2:{new},k1:{old}"
    run("rotate_field_keys")
    assert used() == {"k2": 1}
    with pytest.raises(CommandError, match="DUBAN_FIELD_KEYS"):
        run("rotate_field_keys", "--forget")
    settings.FIELD_KEYS = f"k2:{new}"
    assert Note.objects.get().number == SECRET


def test_what_cannot_be_read_is_counted_left_and_keeps_the_old_keys(Note: Any) -> None:
    broken, good = Note.objects.create(number=SECRET), Note.objects.create(number=SECRET)
    put_raw(broken, bent(raw(broken)))
    before = raw(broken)
    with pytest.raises(SystemExit) as code:
        run("check_field_keys")
    assert code.value.code == 1
    with pytest.raises(CommandError, match="check_field_keys"):
        run("rotate_field_keys")
    assert raw(broken) == before
    assert Note.objects.get(pk=good.pk).number == SECRET
    with pytest.raises(CommandError):
        run("rotate_field_keys", "--forget")
    assert len(keys.ring().fields) == 2


def test_the_check_counts_by_key_and_says_no_value(Note: Any) -> None:
    Note.objects.create(number=SECRET)
    found = json.loads(run("check_field_keys", "--json"))
    (key_id,) = keys.ring().fields
    assert {"place": "ledger.Note.number", "key": key_id, "n": 1} in found["readable"]
    assert found["unreadable"] == {}
    assert SECRET not in run("check_field_keys")
