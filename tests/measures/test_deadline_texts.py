"""Every code of a deadline is a whole sentence for a clerk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest

from measures import deadline_rules
from measures.deadline_rules import parse, resolve
from tests.bureaus.test_working_days import national
from tests.measures.test_deadline_phrases import COUNTED, CYCLES, DATES, OPEN, QUESTIONS, RANGES, read


@pytest.fixture
def texts():
    """The sentences need Django's translation; where no settings are in use, the English ones do."""
    from django.conf import settings
    from django.utils import translation

    if not settings.configured:
        settings.configure(USE_I18N=False)
    from measures import deadline_texts

    with translation.override("en"):
        yield deadline_texts


def test_every_code_has_a_text(texts):
    assert set(texts.FLAGS) == set(get_args(deadline_rules.Flag))
    assert set(texts.ASKS) == set(get_args(deadline_rules.Ask))
    assert set(texts.STEPS) == set(get_args(deadline_rules.StepCode))


@pytest.mark.parametrize("phrase", [row[0] for row in [*DATES, *RANGES, *COUNTED, *CYCLES, *OPEN, *QUESTIONS]])
def test_every_resolution_can_be_explained(phrase, texts):
    for resolution in (read(phrase), resolve(parse(phrase, ours=True), calendar=national())):
        sentences = texts.explain(resolution)
        assert all(sentence.endswith(".") and "%(" not in sentence for sentence in sentences)
        assert len(sentences) >= 1 or parse(phrase).kind == "unknown"


def test_a_clerk_reads_how_the_date_came_about(texts):
    assert texts.explain(read("8月15日之前", plan_year=2019)) == [
        "The words read as the deadline: “8月15日之前”.",
        "No year is written: the year of the plan, 2019, is taken.",
        "The named day counts itself: work handed in on Aug. 15, 2019 is on time.",
        "“Before” can be read without the day itself. The day is taken as included; please confirm.",
    ]


def test_a_stored_trail_tells_the_same(texts):
    resolution = read("2018—2020年")
    stored = json.loads(json.dumps(resolution.trail))
    assert [texts.step_text(*step) for step in stored] == texts.explain(replace(resolution, flags=()))
    assert texts.flag_text("of_an_older_version") == "of_an_older_version"
