"""What the tests of sending share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.notifications.platforms import Platforms


@pytest.fixture
def platforms(settings: Any) -> Iterator[Platforms]:
    with ExitStack() as stack:
        yield Platforms(settings, stack)
