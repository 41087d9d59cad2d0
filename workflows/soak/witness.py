"""What must never be written, noted by the database itself in the transaction that writes it.

A firing says at which moment of the made clock it was decided, which does not tell who was first of two
that came together. The database knows: a firing of a deadline that has ended, or of an older revision,
is a stray.
"""

from __future__ import annotations

from django.db import connection

TABLE = "soak_stray"
_STRAY = "(SELECT d.status <> 'armed' OR d.rev <> NEW.rev FROM measures_deadline d WHERE d.id = NEW.deadline_id)"
_NOTE = f"INSERT INTO {TABLE} SELECT NEW.id, d.status, d.rev FROM measures_deadline d WHERE d.id = NEW.deadline_id"
_SQLITE = f"CREATE TRIGGER soak_witness AFTER INSERT ON workflows_firing WHEN {_STRAY} BEGIN {_NOTE}; END"
_POSTGRES = f"""
CREATE FUNCTION soak_witness() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_STRAY} THEN {_NOTE}; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER soak_witness AFTER INSERT ON workflows_firing FOR EACH ROW EXECUTE FUNCTION soak_witness()
"""


def install() -> None:
    """In a throw-away database only."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (firing bigint NOT NULL, status varchar(10) NOT NULL, rev int NOT NULL)")
        cursor.execute(_POSTGRES if connection.vendor == "postgresql" else _SQLITE)


def strays() -> list[tuple[int, str, int]]:
    """(firing, status, revision) of each; none where no witness was installed."""
    with connection.cursor() as cursor:
        if TABLE not in connection.introspection.table_names(cursor):
            return []
        cursor.execute(f"SELECT firing, status, rev FROM {TABLE} ORDER BY firing")
        return list(cursor.fetchall())
