"""What makes the audit log append-only in the database itself. Called by the migration that makes its table.

SQLite drops a table's triggers when a later migration remakes the table: such a migration calls `install` again.
`verify_audit` says when they are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

TABLE = "ledger_auditevent"
REFUSAL = "the audit log is append-only"
_NAMES = {
    "sqlite": ["ledger_audit_no_update", "ledger_audit_no_delete", "ledger_audit_no_replace"],
    "postgresql": ["ledger_audit_no_change", "ledger_audit_no_truncate"],
}


def triggers(vendor: str) -> list[str]:
    """The statements that install them."""
    if vendor == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        # INSERT OR REPLACE deletes the older row without asking the trigger of deletions.
        there = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE seq = NEW.seq OR id = NEW.id)"
        return [
            f"CREATE TRIGGER ledger_audit_no_update BEFORE UPDATE ON {TABLE} {refuse}",
            f"CREATE TRIGGER ledger_audit_no_delete BEFORE DELETE ON {TABLE} {refuse}",
            f"CREATE TRIGGER ledger_audit_no_replace BEFORE INSERT ON {TABLE} {there} {refuse}",
        ]
    return [
        # An empty log may be emptied: Django truncates every table there is.
        f"""CREATE OR REPLACE FUNCTION ledger_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'TRUNCATE' AND NOT EXISTS (SELECT 1 FROM {TABLE}) THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END $$""",
        f"CREATE TRIGGER ledger_audit_no_change BEFORE UPDATE OR DELETE ON {TABLE}"
        " FOR EACH ROW EXECUTE FUNCTION ledger_audit_append_only()",
        f"CREATE TRIGGER ledger_audit_no_truncate BEFORE TRUNCATE ON {TABLE}"
        " FOR EACH STATEMENT EXECUTE FUNCTION ledger_audit_append_only()",
    ]


def drop_triggers(vendor: str) -> list[str]:
    """The statements that take them away."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name in _NAMES[vendor]]
    dropped = [f"DROP TRIGGER IF EXISTS {name} ON {TABLE}" for name in _NAMES["postgresql"]]
    return [*dropped, "DROP FUNCTION IF EXISTS ledger_audit_append_only()"]


def install(apps: Any, schema_editor: Any) -> None:
    """For RunPython, forwards; twice does no harm."""
    for statement in drop_triggers(schema_editor.connection.vendor) + triggers(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def uninstall(apps: Any, schema_editor: Any) -> None:
    """For RunPython, backwards."""
    for statement in drop_triggers(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def missing() -> list[str]:
    """The names of those that are not there, or are switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        else:
            cursor.execute(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled IN ('O', 'A')", [TABLE]
            )
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in _NAMES[connection.vendor] if name not in there]


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
