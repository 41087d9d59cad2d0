"""How notices fare, in words: each fate reads unlike another, and nobody's address is let out."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from notifications.models import Attempt, Message
from notifications.wording import OUTCOMES, how_a_try_went, how_it_went, masked, plain
from tests.make import at

ADDRESS, PHONE = "wang.qiang@example.org", "10005670001"


def message(**values: object) -> Message:
    return Message(**({"channel": "email", "status": "accepted", "subject": "提醒", "outcome": ADDRESS} | values))


def said(**values: object) -> str:
    with override("en"):
        return how_it_went(message(**values))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"final_at": at(2019, 8, 20, 11)}, "sent 08-20 11:00"),
        ({"status": "delivered", "final_at": at(2019, 8, 20, 11, 1), "outcome": "DELIVRD"}, "arrived 08-20 11:01"),
        ({"outcome": "asked"}, "sent: the sender was cut off; the provider says that it left"),
        ({"status": "queued", "outcome": "", "next_attempt_at": at(2019, 8, 20, 10)}, "waiting: leaves from 08-20"),
        (
            {"status": "queued", "outcome": "451 busy", "next_attempt_at": at(2019, 8, 20, 10)},
            "waiting: 451 busy; leaves from 08-20 10:00 on",
        ),
        ({"status": "failed", "outcome": f"550 {ADDRESS} unknown"}, "failed: 550 … unknown"),
        ({"status": "failed", "outcome": f"no such number {PHONE}"}, "failed: no such number …"),
        ({"status": "failed", "outcome": ""}, "failed"),
        ({"status": "bundled"}, "folded into another"),
        (
            {"status": "bundled", "bundle": Message(pk=1, next_attempt_at=at(2019, 8, 20, 10))},
            "folded into another: leaves from 08-20 10:00 on",
        ),
        ({"bundle": Message(pk=1), "final_at": at(2019, 8, 20, 11)}, "sent 08-20 11:00: in one with other notices"),
        ({"status": "suppressed", "outcome": "moved"}, "no longer true: the date was changed before it left"),
        ({"channel": "inbox", "outcome": ""}, "not read yet"),
        ({"channel": "inbox", "outcome": "", "read_at": at(2019, 8, 20, 9)}, "read 08-20 09:00"),
        ({"channel": "inbox", "status": "queued", "outcome": ""}, "not read yet"),
        ({"channel": "inbox", "status": "cancelled", "outcome": "overtaken"}, "overtaken: a later change has taken"),
    ],
)
def test_one_short_sentence(values: dict[str, object], sentence: str) -> None:
    assert said(**values).startswith(sentence)


def test_a_notice_without_words_yet_is_not_in_the_inbox() -> None:
    """A rung's notice that waits for its hour has been put before nobody."""
    waits = {"channel": "inbox", "status": "queued", "subject": "", "outcome": ""}
    assert said(**waits, next_attempt_at=at(2019, 8, 20, 11)) == "waiting: leaves from 08-20 11:00 on"


@pytest.mark.parametrize("status", Message.Status.values)
@pytest.mark.parametrize("outcome", [ADDRESS, PHONE, f"SMTPRecipientsRefused: {{'{ADDRESS}': (550, b'{PHONE}')}}"])
def test_whatever_became_of_it_no_address_is_let_out(status: str, outcome: str) -> None:
    for channel in ("email", "sms"):
        sentence = said(status=status, outcome=outcome, channel=channel)
        assert ADDRESS not in sentence and PHONE not in sentence


@pytest.mark.parametrize("outcome", Attempt.Outcome.values)
@pytest.mark.parametrize("detail", [ADDRESS, PHONE, f"550 <{ADDRESS}> {PHONE}"])
def test_a_try_lets_none_out_either(outcome: str, detail: str) -> None:
    with override("en"):
        sentence = how_a_try_went(Attempt(outcome=outcome, detail=detail))
    assert ADDRESS not in sentence and PHONE not in sentence


def test_a_try_that_was_taken_says_where_it_went() -> None:
    with override("en"):
        taken = [
            how_a_try_went(Attempt(outcome="accepted", detail=detail)) for detail in (ADDRESS, PHONE, "aliyun 1^0")
        ]
        assert taken == ["accepted: w***@example.org", "accepted: 100****0001", "accepted"]
        assert how_a_try_went(Attempt()) == "not ended yet"


@pytest.mark.parametrize(
    ("address", "left"),
    [
        (ADDRESS, "w***@example.org"),
        ("w@example.org", "w***@example.org"),
        (PHONE, "100****0001"),
        ("+86 100-0567-0001", "861****0001"),
        ("1234567", "****67"),
        ("aliyun 900619746936498440^0", ""),
        ("", ""),
    ],
)
def test_an_address_is_shown_as_its_owner_knows_it(address: str, left: str) -> None:
    assert masked(address) == left


def test_of_an_error_its_first_line_without_what_is_somebodys() -> None:
    assert plain("ValueError: 'due_on' is not \"王强 的\"\nTraceback") == "ValueError: 'due_on' is not \"…\""
    assert len(plain("x" * 500)) == 160


@pytest.mark.parametrize("word", list(OUTCOMES))
def test_every_outcome_of_one_word_is_said_in_more(word: str) -> None:
    with override("en"):
        words = str(OUTCOMES[word])
    assert said(status="failed", outcome=word) == f"failed: {words}" != f"failed: {word}"
