from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation

from bureaus import clock
from measures.models import Plan
from tests import make
from tests.pages import web


@pytest.fixture
def admin(tacheng: Plan) -> Iterator[Client]:
    """The administrator's browser, in English, on the plan's first working day: Monday 3 June 2019."""
    client = web.signed_in(make.ADMINISTRATOR)
    client.cookies["duban_language"] = "en"
    with clock.standing_at(make.at(2019, 6, 3, 10)), translation.override("en"):
        yield client
