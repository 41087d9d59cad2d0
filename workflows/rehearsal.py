"""A throw-away database, so that a simulation or a measurement can neither read nor touch real work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from bureaus import calendars
from workflows import ladders

IN_MEMORY: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "TIME_ZONE": None}


@contextmanager
def throw_away_database(entry: dict[str, Any] | None = None) -> Iterator[None]:
    """Everything inside works on an empty, migrated database that ends with the block.

    `entry`: where it is, as in Django's settings; in memory if not given.
    """
    database = opened(entry or IN_MEMORY)
    forget()
    try:
        with working_on(database):
            call_command("migrate", verbosity=0, interactive=False)
            yield
    finally:
        database.close()
        forget()


def opened(entry: dict[str, Any]) -> BaseDatabaseWrapper:
    """A connection to a database the settings do not name."""
    return ConnectionHandler({"default": entry})["default"]


@contextmanager
def working_on(database: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside, this connection is the one everything uses."""
    real = connections["default"]
    connections["default"] = database
    try:
        yield
    finally:
        connections["default"] = real


def forget() -> None:
    """Remember nothing of the database in use so far."""
    calendars.forget()
    ladders.forget()
    ContentType.objects.clear_cache()
