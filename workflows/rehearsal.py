"""A throw-away database in memory, so that a simulation can neither read nor touch real work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections
from django.db.utils import ConnectionHandler

from bureaus import calendars
from workflows import ladders


@contextmanager
def throw_away_database() -> Iterator[None]:
    """Everything inside works on an empty, migrated database that ends with the block."""
    real = connections["default"]
    memory = ConnectionHandler(
        {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "TIME_ZONE": None}}
    )["default"]
    connections["default"] = memory
    _forget()
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        memory.close()
        connections["default"] = real
        _forget()


def _forget() -> None:
    calendars.forget()
    ladders.forget()
    ContentType.objects.clear_cache()
