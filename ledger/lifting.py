"""All that holds rows of the ledger fast, lifted together: for a demonstration that begins afresh, and for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import audit_triggers, said

# The tables whose rows the database itself keeps from being deleted.
TABLES = (audit_triggers.TABLE, said.TABLE)


@contextmanager
def lifted() -> Iterator[None]:
    """Inside, every row may be deleted; whatever happens there, nothing can be once it is left."""
    with audit_triggers.lifted(), said.lifted():
        yield
