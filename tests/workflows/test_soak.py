"""The soak itself, for some seconds; and its checker, which must see every promise that is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from measures.models import Assignment, Deadline, DeadlineChange, Plan, Recurrence
from notifications.models import Message
from tests.make import ISSUED, at, deadline, person, row, rows, signed, tick_through
from workflows import actions, deadlines, tick
from workflows.models import Firing, Slip
from workflows.soak import checking, witness

# Its stage is set, and its damage done, past the product.
pytestmark = pytest.mark.uncounted

JUNE = at(2019, 6, 10, 11)
UNTIL = at(2019, 8, 9, 20)


@pytest.mark.slow
@pytest.mark.django_db
def test_some_seconds_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    db = "postgres" if connection.vendor == "postgresql" else "sqlite"
    call_command("soak", "--minutes", "0.1", "--db", db, "--seed", "7", "--json")
    printed = capfd.readouterr()
    figures = json.loads(printed.out)
    assert list(figures) == [
        *("db", "seed", "minutes", "kills", "fired", "lost", "doubled", "mails_sent", "mails_lost", "mails_repeated"),
        *("sms_sent", "sms_lost", "sms_doubled", "sms_asked_about", "sms_delivered"),
    ]
    assert (figures["lost"], figures["doubled"], figures["mails_lost"]) == (0, 0, 0)
    assert (figures["sms_lost"], figures["sms_doubled"]) == (0, 0)
    assert figures["kills"] > 0 and figures["fired"] > 0 and figures["mails_sent"] > 0
    assert 0 < figures["sms_delivered"] <= figures["sms_sent"]


# --- The checker ---------------------------------------------------------------------------------


def check(
    *, received: list[str] | None = None, killed: int = 0, taken: list[str] | None = None, told: Sequence[str] = ()
) -> checking.Findings:
    """As if the mails and SMS that count as sent had come, and the tick had caught up at the end."""
    return checking.check(
        quiet=[UNTIL],
        received=sent() if received is None else received,
        killed_senders=killed,
        sms_taken=sent_by_sms() if taken is None else taken,
        sms_told=told,
    )


def sent() -> list[str]:
    mails = Message.objects.filter(channel="email", bundle=None, status="accepted").order_by("id")
    return [f"<duban-{pk}@127.0.0.1>" for pk in mails.values_list("pk", flat=True)]


def sent_by_sms() -> list[str]:
    sms = Message.objects.filter(channel="sms", bundle=None, status="accepted").order_by("id")
    return [f"duban-{pk}" for pk in sms.values_list("pk", flat=True)]


def cancelled_but_for(*some: Assignment) -> None:
    """Everything else was cancelled when it was issued, as its history says."""
    others = Deadline.objects.exclude(assignment__in=some)
    Firing.objects.filter(deadline__in=others).delete()
    DeadlineChange.objects.bulk_create(DeadlineChange(deadline=one, rev=1, kind="cancel", at=ISSUED) for one in others)
    others.update(status="cancelled", next_look_at=None)
    Recurrence.objects.update(next_on=None)
    Message.objects.filter(status="queued").delete()


@pytest.fixture
def lived(tacheng: Plan) -> Plan:
    """Two months of five surveys: one handed nothing in, one got more time, one was suspended for a while."""
    cancelled_but_for(*rows("survey/"))
    late, extended, suspended = (row(f"survey/{code}") for code in ("654224", "654201", "654221"))
    for one in (late, extended, suspended):
        signed(one, at(2019, 6, 4, 12))
    tick_through(JUNE)
    asked = actions.ask_extension(
        extended, by=person("塔城市·经办人"), now=JUNE, to=at(2019, 8, 20).date(), reason="汛。"
    )
    actions.grant_extension(asked, by=person("督查室·督查人员"), now=JUNE, to=at(2019, 8, 20).date(), document_no="1")
    actions.suspend(suspended, by=person("督查室·督查人员"), now=JUNE, reason="汛期。")
    tick_through(at(2019, 7, 18))
    actions.resume(suspended, by=person("督查室·督查人员"), now=at(2019, 7, 18, 23, 59), reason="汛期已过。")
    tick_through(UNTIL)
    return tacheng


def test_it_finds_nothing_where_nothing_is_wrong(lived: Plan) -> None:
    found = check()
    assert found.broken == []
    assert (found.fired, found.mails_sent, found.mails_repeated) == (
        Firing.objects.filter(outcome="fired").count(),
        len(sent()),
        0,
    )
    assert found.fired > 20 and found.mails_sent > 20


def _deleted(firing: Firing | None) -> None:
    assert firing is not None
    Slip.objects.filter(firing=firing).delete()
    firing.delete()


def without_the_firing() -> None:
    _deleted(Firing.objects.get(deadline=deadline(row("survey/654224")), rung_key="T-3"))


def without_the_last_firing() -> None:
    """And the engine believes that nothing is left to look at."""
    main = deadline(row("survey/654224"))
    _deleted(main.firings.order_by("planned_at").last())
    Deadline.objects.filter(pk=main.pk).update(next_look_at=None)


def without_the_inbox_row() -> None:
    about = deadline(row("survey/654224")).about
    told = Message.objects.filter(dedupe_key__startswith=f"{about}|1|T-3|0|", channel="inbox").order_by("id")
    Message.objects.filter(pk__in=told[:1]).delete()


def without_the_period() -> None:
    Recurrence.objects.filter(step__code="monthly").update(next_on=at(2019, 8, 1))


def still_waiting() -> None:
    some = Message.objects.filter(channel="inbox", status="accepted").order_by("id")[:1]
    Message.objects.filter(pk__in=some).update(status="queued", next_attempt_at=UNTIL)


def inbox_row_twice() -> None:
    one = Message.objects.filter(channel="inbox", data__has_key="deadline").order_by("id").last()
    assert one is not None
    one.pk, one.dedupe_key = None, one.dedupe_key + "|again"
    one.save(force_insert=True)


def fired_when_it_was_met() -> None:
    found = deadline(row("survey/654224"))
    firing = found.firings.order_by("planned_at").last()
    assert firing is not None
    deadlines.settle(found, "met", "meet", now=firing.fired_at - timedelta(hours=1), by=None)


def fired_for_the_old_date() -> None:
    moved = deadline(row("survey/654201"))
    Firing.objects.create(
        deadline=moved, rev=1, rung_key="T", planned_at=at(2019, 7, 31), fired_at=at(2019, 7, 31), outcome="fired"
    )


def date_without_a_history() -> None:
    Deadline.objects.filter(pk=deadline(row("survey/654224")).pk).update(due_on=at(2019, 9, 1).date())


@pytest.mark.parametrize(
    ("corrupt", "promise"),
    [
        (without_the_firing, "lost"),
        (without_the_last_firing, "lost"),
        (without_the_inbox_row, "lost"),
        (without_the_period, "lost"),
        (still_waiting, "lost"),
        (date_without_a_history, "lost"),
        (inbox_row_twice, "doubled"),
        (fired_when_it_was_met, "doubled"),
        (fired_for_the_old_date, "doubled"),
    ],
)
def test_it_sees_what_is_wrong(lived: Plan, corrupt: Callable[[], None], promise: str) -> None:
    corrupt()
    found = check()
    assert getattr(found, promise)
    assert len(found.broken) <= 2, found.broken


def test_it_sees_mails_that_are_lost_or_come_too_often(lived: Plan) -> None:
    first, *rest = sent()
    assert [len(check(received=mails).mails_lost) for mails in (rest, [first, *rest])] == [1, 0]
    twice = [first, *sent()]
    assert check(received=twice, killed=1).broken != []  # nobody died over this one
    message = Message.objects.get(pk=first.removeprefix("<duban-").partition("@")[0])
    message.tries.create(number=99, started_at=UNTIL, outcome="unknown")
    assert check(received=twice, killed=1).broken == []
    assert check(received=twice, killed=1).mails_repeated == 1
    assert check(received=twice, killed=0).broken != []
    assert check(received=["<duban-987654321@127.0.0.1>", *sent()]).broken != []


def test_it_sees_sms_that_are_lost_in_doubt_or_handed_over_twice(lived: Plan) -> None:
    first, *rest = sent_by_sms()
    assert (check().sms_sent, check().sms_delivered) == (len(rest) + 1, 0)
    assert [len(check(taken=sms).sms_lost) for sms in (rest, [first, *rest])] == [1, 0]
    assert len(check(taken=[first, first, *rest]).sms_doubled) == 1
    assert len(check(taken=["duban-987654321", first, *rest]).unexcused) == 1
    assert len(check(told=[first]).unexcused) == 1  # the receipt came, and changed nothing
    message = Message.objects.filter(pk=first.removeprefix("duban-"))
    message.update(status="delivered")
    told = check(taken=[first, *rest], told=[first])
    assert (told.broken, told.sms_delivered) == ([], 1)
    for status in ("uncertain", "failed", "sending"):
        message.update(status=status)
        assert len(check(taken=rest).sms_lost) == 1, status


def test_a_mail_that_never_left_is_lost(lived: Plan) -> None:
    one = Message.objects.filter(channel="email", bundle=None, status="accepted").order_by("id").last()
    assert one is not None
    Message.objects.filter(pk=one.pk).update(status="sending")
    assert len(check().mails_lost) == 1


def test_the_witness_notes_a_firing_of_a_deadline_that_had_ended_in_the_same_minute(lived: Plan) -> None:
    witness.install()
    found = deadline(row("survey/654224"))
    deadlines.settle(found, "met", "meet", now=UNTIL, by=None)
    assert check().broken == []
    Firing.objects.create(deadline=found, rev=1, rung_key="T+10", planned_at=UNTIL, fired_at=UNTIL, outcome="fired")
    assert witness.strays() == [(Firing.objects.latest("pk").pk, "met", 1)]
    assert len(check().doubled) == 1


def test_the_witness_is_silent_about_an_honest_tick(tacheng: Plan) -> None:
    witness.install()
    assert len(tick.run(at(2019, 6, 4, 12)).firings) > 100
    assert witness.strays() == []
