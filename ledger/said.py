"""What makes a statement unchangeable in the database itself: said is said (ledger.md, decision 2).

Only `withdrawn_at` may be set, when the workbook a statement came from is taken back, and `wants` be emptied, when its
person is anonymised. Called by the migration that makes it so; on SQLite a later migration that remakes the table
calls `install` again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

TABLE = "ledger_statement"
REFUSAL = "a statement is never changed"
KEPT = "person_id, kind, answer, stated_on, stated_by, at_own_wish, recorded_by_id, recorded_at"
NAMES = ("ledger_said_no_update", "ledger_said_no_other_words", "ledger_said_no_delete")

# The same words again (a whole row saved) are no change.
_OTHER_WORDS = "WHEN (NEW.wants <> OLD.wants AND NEW.wants <> '')"


def triggers(vendor: str) -> list[str]:
    """The statements that install them."""
    if vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        return [
            f"CREATE TRIGGER ledger_said_no_update BEFORE UPDATE OF {KEPT} ON {TABLE} {refuse}",
            f"CREATE TRIGGER ledger_said_no_other_words BEFORE UPDATE OF wants ON {TABLE} {_OTHER_WORDS} {refuse}",
            f"CREATE TRIGGER ledger_said_no_delete BEFORE DELETE ON {TABLE} {refuse}",
        ]
    call = "FOR EACH ROW EXECUTE FUNCTION ledger_said_is_said()"
    words = call.replace("EXECUTE", f"{_OTHER_WORDS} EXECUTE")
    return [
        f"""CREATE OR REPLACE FUNCTION ledger_said_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
        f"CREATE TRIGGER ledger_said_no_update BEFORE UPDATE OF {KEPT} ON {TABLE} {call}",
        f"CREATE TRIGGER ledger_said_no_other_words BEFORE UPDATE OF wants ON {TABLE} {words}",
        f"CREATE TRIGGER ledger_said_no_delete BEFORE DELETE ON {TABLE} {call}",
    ]


def drop_triggers(vendor: str) -> list[str]:
    """The statements that take them away."""
    place = "" if vendor == "sqlite" else f" ON {TABLE}"
    dropped = [f"DROP TRIGGER IF EXISTS {name}{place}" for name in NAMES]
    return [*dropped, "DROP FUNCTION IF EXISTS ledger_said_is_said()"] if place else dropped


def install(apps: Any, schema_editor: Any) -> None:
    """For RunPython, forwards; twice does no harm."""
    for statement in drop_triggers(schema_editor.connection.vendor) + triggers(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def uninstall(apps: Any, schema_editor: Any) -> None:
    """For RunPython, backwards."""
    for statement in drop_triggers(schema_editor.connection.vendor):
        schema_editor.execute(statement)


@contextmanager
def lifted() -> Iterator[None]:
    """Inside, rows may be changed and deleted: for a demonstration that begins afresh, and for tests."""
    _run(drop_triggers(connection.vendor))
    try:
        yield
    finally:
        _run(drop_triggers(connection.vendor) + triggers(connection.vendor))


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
