"""What is said is true when it leaves, and goes to whom it concerns then (deadlines.md, section 3, 37, 45, 46)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from bureaus.models import Membership
from config.bootstrap import ROOT, die_with_parent
from measures.models import Deadline, Plan
from notifications import sender
from notifications.models import Message
from tests.config.processes import wait_until
from tests.make import at, bureau, leader_of, officer_of, only, row, section_head_of, signed, tick_through
from tests.notifications.notes import NOW, Recorder, put, somebody
from tests.workflows.child import database_url
from workflows import actions, tick
from workflows.models import Firing


@pytest.fixture
def survey(tacheng: Plan) -> Any:
    """One signed survey, due on 31 July, and nothing else that runs."""
    found = signed(row("survey/654224"), at(2019, 6, 3, 11))
    only(found)
    Message.objects.all().delete()
    return found


def copies(user: Any, channel: str = "email") -> list[tuple[str, str, str]]:
    rows = Message.objects.filter(recipient=user, channel=channel).exclude(kind="digest").order_by("created_at", "id")
    return list(rows.values_list("data__rung", "status", "outcome"))


# --- The words of the day ---------------------------------------------------------------------------


def test_a_reminder_that_could_not_leave_says_what_is_true_when_it_does(survey: Any) -> None:
    """The mail server was away for three weeks: nobody hears "10 working days left" of a date that is past."""
    tick.run(at(2019, 7, 17, 11))
    assert copies(officer_of(survey.unit)) == [("T-10", "queued", "")]
    sender.deliver(at(2019, 8, 5, 11))
    (told,) = [one for one in mail.outbox if one.to == [officer_of(survey.unit).email]]
    assert "逾期5天" in told.subject
    assert "-" not in told.subject


def test_of_several_rungs_that_waited_the_last_says_it_all(survey: Any) -> None:
    leader = leader_of(survey.unit)
    tick_through(date(2019, 7, 30))
    mail.outbox.clear()
    for moment in (at(2019, 7, 31, 11), at(2019, 8, 1, 11)):
        tick.run(moment)
    sender.deliver(at(2019, 8, 1, 12))
    assert copies(leader) == [("T", "suppressed", "said_later"), ("T+1", "accepted", leader.email)]
    assert [one.subject for one in mail.outbox if one.to == [leader.email]] == ["托里县逾期1天：首次调查摸底"]
    # In the inbox, which is the record, both are.
    assert [status for _rung, status, _outcome in copies(leader, "inbox")] == ["accepted", "accepted"]


# --- 45, 46: to whom --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_45_the_address_of_the_day_is_used_and_the_old_one_never(mailoutbox: list[Any]) -> None:
    user = somebody(email="old@duban.invalid", phone="10000000001")
    put(user)
    user.email, user.phone = "new@duban.invalid", "10000000002"
    user.save()
    recorder = Recorder()
    sender.deliver(NOW, open_channel=recorder)
    assert {one.recipient.phone for one in recorder.sent if one.channel == "sms"} == {"10000000002"}
    put(user, title="又", channels=("email",))
    sender.deliver(NOW)
    assert [one.to for one in mailoutbox] == [["new@duban.invalid"]]


def test_46_who_may_not_see_the_work_any_more_is_not_told_of_it(survey: Any) -> None:
    head, leader = section_head_of(survey.unit), leader_of(survey.unit)
    tick_through(date(2019, 7, 25))
    mail.outbox.clear()
    tick.run(at(2019, 7, 26, 11))
    elsewhere = bureau("654221")
    Membership.objects.filter(user=head).update(bureau=elsewhere)
    sender.deliver(at(2019, 7, 26, 12))
    assert copies(head) == [("T-3", "suppressed", "not_theirs")]
    assert copies(head, "inbox") == [("T-3", "suppressed", "not_theirs")]
    assert head.email not in {address for one in mail.outbox for address in one.to}
    assert leader.email not in {address for one in mail.outbox for address in one.to}


def test_46_a_post_that_is_lent_lets_its_deputy_be_told(survey: Any) -> None:
    """Who stands in for somebody away sees the work by the lent post alone."""
    officer, deputy = officer_of(survey.unit), officer_of(bureau("654221"))
    actions.record_absence(
        officer,
        by=officer,
        now=at(2019, 7, 16, 9),
        first_day=date(2019, 7, 17),
        last_day=date(2019, 7, 19),
        deputy=section_head_of(survey.unit),
    )
    tick.run(at(2019, 7, 17, 11))
    sender.deliver(at(2019, 7, 17, 12))
    assert copies(section_head_of(survey.unit)) == [("T-10", "accepted", section_head_of(survey.unit).email)]
    assert copies(deputy) == []


# --- 37: the database does not take anything ----------------------------------------------------------


@contextmanager
def _read_only() -> Any:
    """Nothing can be written by whoever connects from now on, as on a standby that has not been promoted."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def fired() -> bool:
    return Firing.objects.filter(outcome="fired").exists()


@pytest.mark.postgres
@pytest.mark.slow
def test_37_a_worker_outlives_a_database_that_takes_nothing_and_goes_on_without_a_restart(
    tacheng_committed: Plan, tmp_path: Path
) -> None:
    out, err = tmp_path / "out", tmp_path / "err"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATABASE_URL": database_url()}
    with out.open("w") as said, err.open("w") as logged:
        with _read_only():
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "tick", "--loop", "--every", "0.1"],
                cwd=ROOT,
                env={**env, "DUBAN_VAR": str(tmp_path)},
                stdout=said,
                stderr=logged,
                preexec_fn=die_with_parent(),
            )
            wait_until(lambda: err.read_text().count("the database did not answer") >= 3, 60, "it says so, and goes on")
            assert worker.poll() is None
            assert not fired()
        try:
            wait_until(fired, 60, "it decides what is due")
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
    assert not Deadline.objects.filter(fail_count__gt=0).exists(), "and no date was blamed for it"
