"""What every way out of the house promises when the network or the other side misbehaves, over real connections."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from notifications.providers import Accepted, Patience, Provider, ProviderError, Receipt, Text, Trouble, provider
from tests.notifications.gateways import (
    DAY,
    HOUR,
    KEY,
    MINUTE,
    SECRET,
    SMS,
    Drop,
    Fail,
    Fake,
    FakeAliyun,
    FakeGateway,
    FakeTencent,
    Garbage,
    Hang,
    Late,
    ReceiptFirst,
    Status,
    listening,
    needs_sdk,
)

TO = "10001234567"
ITEM = Text(
    "item",
    "事项tc-654224-031将于2019年7月31日到期，请登录系统查看。",
    {"number": "tc-654224-031", "due": "2019年7月31日", "household": "贫困户", "link": "https://duban.example/"},
)
DIGEST = Text("digest", "您有5项任务待办，请登录系统查看。", {"count": "5"})
IMPATIENT = Patience(connect=30, read=0.3)


@pytest.fixture(params=SMS)
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    needs_sdk(request.param)
    with listening(request.param()) as found:
        yield found


def refusal_of(provider: Provider, text: Text = ITEM) -> ProviderError:
    """How the sending failed; nothing that is said about it holds the number or a secret."""
    with pytest.raises(ProviderError) as caught:
        provider.send(TO, text, "duban-7")
    said = "".join([*traceback.format_exception(caught.value), repr(caught.value), str(vars(caught.value))])
    for private in (TO, SECRET, quote(SECRET, safe=""), KEY):
        assert private not in said
    return caught.value


def test_a_message_arrives_with_its_reference_and_no_word_more_than_the_template_asks_for(fake: Fake) -> None:
    accepted = provider(fake.url).send(TO, ITEM, "duban-7")

    (sent,) = fake.sent
    assert sent.to.removeprefix("+86") == TO
    assert sent.client_reference == "duban-7"
    assert accepted.reference == sent.reference != ""
    if not isinstance(fake, FakeGateway):  # an operator's own platform is given the full text
        left = fake.seen[0].everything()
        assert "tc-654224-031" in left
        assert "贫困户" not in left and "http" not in left and "登录" not in left


def test_a_digest_goes_by_its_own_template(fake: Fake) -> None:
    client = provider(fake.url)
    client.send(TO, ITEM, "duban-7")
    client.send(TO, DIGEST, "duban-8")

    item, digest = (sent.what for sent in fake.sent)
    if isinstance(fake, FakeGateway):
        assert (item["kind"], digest["kind"]) == ("item", "digest")
        assert digest["text"] == DIGEST.text and digest["values"] == {"count": "5"}
    else:
        assert item["template"] != digest["template"]
        assert digest["sign"] == "塔城督办"


def test_a_template_without_its_values_is_refused_before_anything_leaves(fake: Fake) -> None:
    if isinstance(fake, FakeGateway):  # takes the full text
        return
    error = refusal_of(provider(fake.url), Text("item", "…", {"number": "tc-1"}))

    assert error.trouble is Trouble.MESSAGE
    assert "due" in error.detail
    assert fake.seen == []


def test_a_wrong_secret_closes_the_channel(fake: Fake) -> None:
    error = refusal_of(provider(fake.url.replace(quote(SECRET, safe=""), "wrong")))

    assert error.trouble is Trouble.CHANNEL
    assert fake.sent == []


def test_a_refused_connection_closes_the_channel(fake: Fake) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = refusal_of(provider(fake.url.replace(fake.host, f"127.0.0.1:{port}")))

    assert error.trouble is Trouble.CHANNEL


def test_a_host_that_no_name_server_knows_closes_the_channel(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refusal_of(provider(fake.url)).trouble is Trouble.CHANNEL


def test_a_connection_never_made_left_nothing(fake: Fake) -> None:
    with ExitStack() as open_sockets:
        full = open_sockets.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _waiting in range(4):  # a queue that is full lets nobody in and answers nobody
            one = open_sockets.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = fake.url.replace(fake.host, f"127.0.0.1:{full.getsockname()[1]}")
        assert refusal_of(provider(url, Patience(connect=0.3, read=30))).trouble is Trouble.CHANNEL


def test_nobody_knows_what_a_silent_provider_did(fake: Fake) -> None:
    fake.script(Hang())
    assert refusal_of(provider(fake.url, IMPATIENT)).trouble is Trouble.UNKNOWN
    assert fake.held.wait(15)
    assert fake.holding == 1  # it was we who gave up
    assert len(fake.seen) == 1  # and nothing tries again by itself


def test_nobody_knows_what_became_of_a_message_when_the_connection_is_cut(fake: Fake) -> None:
    fake.script(Drop())
    assert refusal_of(provider(fake.url)).trouble is Trouble.UNKNOWN
    assert len(fake.sent) == len(fake.seen) == 1


def test_a_trouble_before_says_nothing_about_this_message(fake: Fake) -> None:
    """A second provider is tried while the first one's refusal is handled: Python hangs that behind every error."""
    fake.script(Drop())
    try:
        raise ConnectionRefusedError
    except ConnectionRefusedError:
        assert refusal_of(provider(fake.url)).trouble is Trouble.UNKNOWN


def test_nobody_knows_what_an_unreadable_answer_means(fake: Fake) -> None:
    fake.script(Garbage())
    assert refusal_of(provider(fake.url)).trouble is Trouble.UNKNOWN


def test_a_broken_provider_is_tried_again(fake: Fake) -> None:
    fake.script(Fail("InternalError", 500), Fail("ServiceUnavailable", 503))
    client = provider(fake.url)
    assert refusal_of(client).trouble is Trouble.TEMPORARY
    assert refusal_of(client).trouble is Trouble.TEMPORARY
    assert client.send(TO, ITEM, "duban-7").reference


def test_a_bare_status_hides_no_loss(fake: Fake) -> None:
    """Aliyun's SDK keeps the status to itself where there is no JSON: then nobody knows, and it is asked."""
    fake.script(Status(500))
    wanted = Trouble.UNKNOWN if isinstance(fake, FakeAliyun) else Trouble.TEMPORARY
    assert refusal_of(provider(fake.url)).trouble is wanted
    assert fake.sent == []


def test_a_late_answer_is_unknown_to_us_and_yet_it_arrived(fake: Fake) -> None:
    fake.script(Late())
    assert refusal_of(provider(fake.url, IMPATIENT)).trouble is Trouble.UNKNOWN
    assert fake.held.wait(15)
    assert [sent.client_reference for sent in fake.sent] == ["duban-7"]


def test_an_answer_may_be_late_and_still_in_time(fake: Fake) -> None:
    fake.script(Late())
    client = provider(fake.url)
    found: list[Accepted] = []
    sending = threading.Thread(target=lambda: found.append(client.send(TO, ITEM, "duban-7")))
    sending.start()
    fake.release.set()
    sending.join(30)
    assert found[0].reference == fake.sent[0].reference


@pytest.mark.parametrize(("window", "least", "most"), [(MINUTE, 30, 75), (HOUR, 3600, 3600), (DAY, 60, DAY + 300)])
def test_a_limit_of_a_number_says_how_long_to_wait(fake: Fake, window: int, least: int, most: int) -> None:
    fake.limits = {window: 1}
    client = provider(fake.url)
    client.send(TO, ITEM, "duban-6")

    error = refusal_of(client)
    assert error.trouble is Trouble.LIMIT
    assert error.of_number
    assert error.wait is not None and timedelta(seconds=least) <= error.wait <= timedelta(seconds=most)

    fake.advance(window + 1)
    assert client.send(TO, ITEM, "duban-7").reference


def test_whether_it_left_can_be_asked(fake: Fake) -> None:
    """Three fates that look alike from here: lost, under way, received."""
    url = fake.url + ("&session=yes" if isinstance(fake, FakeTencent) else "")
    client = provider(url, IMPATIENT)
    assert client.can_ask
    sent_at = datetime.now(UTC)
    fake.script(Hang())
    refusal_of(client)
    assert fake.held.wait(15)
    fake.release.set()
    asking = provider(url)
    if isinstance(fake, FakeTencent):  # lists only what has ended: its silence proves nothing
        assert _unknown(asking, sent_at)
    else:
        assert asking.ask(TO, "duban-7", sent_at) is None

    fake.script(Drop())
    refusal_of(asking)
    if isinstance(fake, FakeTencent):
        assert _unknown(asking, sent_at)
    else:
        assert isinstance(asking.ask(TO, "duban-7", sent_at), Accepted)

    fake.sent[0].outcome = True, "DELIVERED"
    outcome = asking.ask(TO, "duban-7", sent_at)
    assert isinstance(outcome, Receipt)
    assert outcome.delivered and outcome.client_reference == "duban-7"


def _unknown(client: Provider, sent_at: datetime) -> bool:
    with pytest.raises(ProviderError) as caught:
        client.ask(TO, "duban-7", sent_at)
    return caught.value.trouble is Trouble.UNKNOWN


def test_a_question_cut_off_may_be_put_again(fake: Fake) -> None:
    fake.script(Drop())
    with pytest.raises(ProviderError) as caught:
        provider(fake.url).ask(TO, "duban-7", datetime.now(UTC))
    assert caught.value.trouble is Trouble.TEMPORARY


def test_receipts_come_repeated_and_answered_so_that_they_stop(fake: Fake) -> None:
    client = provider(fake.url)
    found: list[Receipt] = []

    def callback(body: bytes, headers: dict[str, str]) -> bytes:
        found.extend(client.receipts(body, headers))
        return client.answer()[0]

    fake.deliver = callback
    accepted = client.send(TO, ITEM, "duban-7")
    fake.report(fake.sent[0], times=3)

    assert len(found) == 3 and len(set(found)) == 1
    assert found[0].reference == accepted.reference
    assert found[0].delivered and not found[0].permanent
    assert found[0].at is not None and found[0].at.tzinfo is not None
    assert client.answer()[0] in (b'{"code":0,"msg":"OK"}', b'{"result":0,"errmsg":"OK"}', b'{"ok":true}')


def test_a_receipt_may_come_before_the_answer(fake: Fake) -> None:
    client = provider(fake.url)
    order: list[str] = []

    def callback(body: bytes, headers: dict[str, str]) -> bytes:
        order.extend(receipt.reference for receipt in client.receipts(body, headers))
        return client.answer()[0]

    fake.deliver = callback
    fake.script(ReceiptFirst())

    order.append(client.send(TO, ITEM, "duban-7").reference)
    assert len(order) == 2 and order[0] == order[1]


def test_a_number_that_is_gone_for_good_is_told_from_a_phone_that_is_off(fake: Fake) -> None:
    client = provider(fake.url)
    found: list[Receipt] = []

    def callback(body: bytes, headers: dict[str, str]) -> bytes:
        found.extend(client.receipts(body, headers))
        return client.answer()[0]

    fake.deliver = callback
    client.send(TO, ITEM, "duban-7")
    fake.report(fake.sent[0], delivered=False, words="空号")
    fake.report(fake.sent[0], delivered=False, words="空号、停机或关机")

    assert [(receipt.delivered, receipt.permanent) for receipt in found] == [(False, True), (False, False)]


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'"x"', b"[1, 2]", b'[{"a": 1}]', b"[" * 100_000])
def test_what_is_no_receipt_is_refused(fake: Fake, body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is about it
        provider(fake.url).receipts(body, {})


def test_an_endless_callback_is_refused_unread(fake: Fake) -> None:
    with pytest.raises(ValueError, match="too long"):
        provider(fake.url).receipts(b"[" + b" " * 1_000_000 + b"]", {})


def test_neither_debugging_nor_a_description_shows_a_number_or_a_secret(
    fake: Fake, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    client = provider(fake.url)
    with caplog.at_level(logging.DEBUG):
        client.send(TO, ITEM, "duban-7")
        fake.script(Drop())
        refusal_of(client)
    said = caplog.text + "".join(capfd.readouterr()) + repr(client) + str(client)
    assert fake.host in repr(client)
    for private in (TO, SECRET, quote(SECRET, safe=""), KEY):
        assert private not in said
