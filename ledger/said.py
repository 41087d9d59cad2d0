"""What makes a statement unchangeable in the database itself: said is said (ledger.md, decision 2).

Only `withdrawn_at` may be set, when the workbook a statement came from is taken back, and `wants` be emptied, when its
person is anonymised. Called by the migration that makes it so; on SQLite a later migration that remakes the table
calls `install` again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

TABLE = "ledger_statement"
REFUSAL = "a statement is never changed"
KEPT = "person_id, kind, answer, stated_on, stated_by, at_own_wish, recorded_by_id, recorded_at"
NAMES = ("ledger_said_no_update", "ledger_said_no_other_words", "ledger_said_no_delete")

# The same words again (a whole row saved) are no change.
_OTHER_WORDS = "WHEN (NEW.wants <> OLD.wants AND NEW.wants <> '')"


def install(apps: Any, schema_editor: Any) -> None:
    """For RunPython, forwards; twice does no harm."""
    uninstall(apps, schema_editor)
    if schema_editor.connection.vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        schema_editor.execute(f"CREATE TRIGGER ledger_said_no_update BEFORE UPDATE OF {KEPT} ON {TABLE} {refuse}")
        schema_editor.execute(
            f"CREATE TRIGGER ledger_said_no_other_words BEFORE UPDATE OF wants ON {TABLE} {_OTHER_WORDS} {refuse}"
        )
        schema_editor.execute(f"CREATE TRIGGER ledger_said_no_delete BEFORE DELETE ON {TABLE} {refuse}")
        return
    schema_editor.execute(
        f"""CREATE OR REPLACE FUNCTION ledger_said_is_said() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END $$"""
    )
    call = "FOR EACH ROW EXECUTE FUNCTION ledger_said_is_said()"
    schema_editor.execute(f"CREATE TRIGGER ledger_said_no_update BEFORE UPDATE OF {KEPT} ON {TABLE} {call}")
    words = call.replace("EXECUTE", f"{_OTHER_WORDS} EXECUTE")
    schema_editor.execute(f"CREATE TRIGGER ledger_said_no_other_words BEFORE UPDATE OF wants ON {TABLE} {words}")
    schema_editor.execute(f"CREATE TRIGGER ledger_said_no_delete BEFORE DELETE ON {TABLE} {call}")


def uninstall(apps: Any, schema_editor: Any) -> None:
    """For RunPython, backwards."""
    place = "" if schema_editor.connection.vendor == "sqlite" else f" ON {TABLE}"
    for name in NAMES:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{place}")
    if place:
        schema_editor.execute("DROP FUNCTION IF EXISTS ledger_said_is_said()")


@contextmanager
def lifted() -> Iterator[None]:
    """Inside, statements may be changed and deleted: for tests that empty the database."""
    with connection.schema_editor() as editor:
        uninstall(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            install(None, editor)
