"""Contracts of the whole house that belong to no single room."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.utils.translation import override
from viewflow.workflow.lock import SelectForUpdateLock

from config.celery import app
from measures.models import Plan
from notifications import texts
from notifications.providers.lengths import segments
from tests.make import at, row
from workflows import canary, notices
from workflows.flows import FLOWS

KINDS = sorted({*notices.ACTS, *notices.RUNG_KINDS, *notices.HOUSE_KINDS, canary.KIND, texts.DIGEST})
ROOT = Path(settings.BASE_DIR)


def test_what_the_timer_calls_exists() -> None:
    app.loader.import_default_modules()
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["subject", "email", "sms"])
def test_every_kind_of_notice_has_its_texts(kind: str, part: str) -> None:
    get_template(f"notifications/{kind}.{part}.txt", using="text")


def test_no_text_belongs_to_a_kind_that_is_never_sent() -> None:
    files = {path.name.split(".")[0] for path in (ROOT / "templates/notifications").glob("[a-z]*.txt")}
    assert files == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_47_an_sms_is_short_and_says_nothing_about_anybody(kind: str, tacheng: Plan) -> None:
    """At most 70 characters with the signature, and no household, poverty or health word (providers, privacy)."""
    context = notices.context_of(row("survey/654224")) | {"due_on": row("survey/654224").step.due_on, "count": 12}
    context["now"] = at(2019, 8, 13)
    with override("zh-hans"):
        text = texts.render(kind, "sms", context)
    assert text
    assert len("【督办系统】" + text) <= 70
    assert segments(text, "督办系统") == 1
    assert not re.search("搬迁|贫困|扶贫|户|就业|培训|健康|疾病|党政|贷款", text)
    assert "http" not in text


def test_every_flow_locks_its_run() -> None:
    for flow in FLOWS.values():
        assert isinstance(flow.lock_impl, SelectForUpdateLock)
        assert (flow.lock_impl.nowait, flow.lock_impl.attempts) == (False, 1)


def test_the_engines_are_the_ones_we_mean() -> None:
    """`viewflow` alone and `django-fsm` are other packages under the same import names."""
    assert distribution("django-viewflow").version.startswith("2.4")
    assert distribution("django-fsm-2").version.startswith("4.2")
    for wrong in ("viewflow", "django-fsm"):
        with pytest.raises(PackageNotFoundError):
            distribution(wrong)


def test_requirements_are_hashed_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-sms.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[a-z0-9-]+==", text, re.MULTILINE)
        assert len(pins) > 20
        assert text.count("--hash=sha256:") >= len(pins)
        assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links", text)


def test_vendored_files_are_the_ones_listed() -> None:
    import hashlib

    folder = ROOT / "config/static/vendor"
    listed = [line.split() for line in (folder / "MANIFEST.txt").read_text().splitlines()]
    assert {name for _digest, name, _package in listed} == {path.name for path in folder.iterdir()} - {"MANIFEST.txt"}
    for digest, name, _package in listed:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
