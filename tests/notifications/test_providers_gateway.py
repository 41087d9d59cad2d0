"""The signed gateway beyond what all platforms do: who may call back, what is repeated, how it is reached."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from notifications.providers import NotSigned, Patience, Provider, ProviderError, Text, Trouble, provider
from notifications.providers.gateway import Gateway
from tests.notifications.gateways import KEY, FakeGateway, Garbage, Sent, listening

TO = "10001234567"
ITEM = Text("item", "事项tc-1将于2019年7月31日到期，请登录系统查看。", {"number": "tc-1", "due": "2019-07-31"})
SENT = Sent(TO, "ref-1", "duban-7", {}, 0)


@pytest.fixture
def fake() -> Iterator[FakeGateway]:
    with listening(FakeGateway()) as found:
        yield found


@pytest.fixture
def client(fake: FakeGateway) -> Provider:
    return provider(fake.url)


def test_the_body_is_as_described(fake: FakeGateway, client: Provider) -> None:
    client.send(TO, ITEM, "duban-7")

    said = fake.seen[0].json
    sent_at = datetime.fromisoformat(said.pop("sent_at"))
    assert abs(sent_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert said == {
        "id": "duban-7",
        "to": TO,
        "text": ITEM.text,
        "kind": "item",
        "values": {"number": "tc-1", "due": "2019-07-31"},
    }
    assert fake.seen[0].headers["x-duban-key"] == KEY


def test_an_id_that_comes_again_sends_nothing_more(fake: FakeGateway, client: Provider) -> None:
    fake.script(Garbage())
    with pytest.raises(ProviderError) as caught:
        client.send(TO, ITEM, "duban-7")
    assert caught.value.trouble is Trouble.UNKNOWN

    assert client.send(TO, ITEM, "duban-7").reference == fake.sent[0].reference
    assert len(fake.sent) == 1 and len(fake.seen) == 2


def test_a_path_may_be_chinese(fake: FakeGateway) -> None:
    provider(fake.url.replace("/sms", "/短信/平台")).send(TO, ITEM, "duban-7")
    assert fake.seen[0].path == "/%E7%9F%AD%E4%BF%A1/%E5%B9%B3%E5%8F%B0"


def test_an_id_goes_through_a_query_whatever_is_in_it(fake: FakeGateway, client: Provider) -> None:
    client.send(TO, ITEM, "a/b c&d=督办?#")
    assert client.ask(TO, "a/b c&d=督办?#", datetime.now(UTC)) is not None


def test_a_callback_by_a_stranger_is_not_believed(fake: FakeGateway, client: Provider) -> None:
    body, headers = fake.receipt(SENT, True, "", "")
    assert client.receipts(body, headers)
    assert client.receipts(body, {name.upper(): value for name, value in headers.items()})

    for changed in (
        {},
        {**headers, "X-Duban-Signature": "0" * 64},
        {**headers, "X-Duban-Signature": "督"},
        {**headers, "X-Duban-Timestamp": str(int(headers["X-Duban-Timestamp"]) - 1)},
        {**headers, "X-Duban-Timestamp": "²"},
        {**headers, "X-Duban-Timestamp": "9" * 5000},
    ):
        with pytest.raises(NotSigned):
            client.receipts(body, changed)
    with pytest.raises(NotSigned):
        client.receipts(body.replace(b"true", b"false"), headers)


def test_a_callback_kept_and_played_again_later_is_not_believed(fake: FakeGateway, client: Provider) -> None:
    body, headers = fake.receipt(SENT, True, "", "")
    old = str(int(time.time()) - 301)
    headers = {"X-Duban-Timestamp": old, "X-Duban-Signature": fake.signed(old, "POST", "/receipts", body)}
    with pytest.raises(NotSigned):
        client.receipts(body, headers)


def test_a_receipt_that_cannot_be_read_does_not_cost_the_others(fake: FakeGateway, client: Provider) -> None:
    rows = [None, {"id": "x"}, {"id": "duban-7", "delivered": True, "at": "yesterday"}, {"delivered": True}]
    body = json.dumps({"receipts": rows}).encode()
    now = str(int(time.time()))
    headers = {"X-Duban-Timestamp": now, "X-Duban-Signature": fake.signed(now, "POST", "/receipts", body)}
    (receipt,) = client.receipts(body, headers)
    assert receipt.client_reference == "duban-7" and receipt.at is None


def test_a_house_behind_a_proxy_goes_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy refuses, which leaves nothing; what it was asked shows that it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def refuse() -> None:
            connection, _address = proxy.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://user:word@127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(ProviderError) as caught:
            provider(f"gateway+https://{KEY}:secret@sms.invalid/x").send(TO, ITEM, "duban-7")
        thread.join(30)

    assert caught.value.trouble is Trouble.CHANNEL
    assert asked[0].startswith(b"CONNECT sms.invalid:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjp3b3Jk" in asked[0]


def test_a_server_without_a_certificate_that_fits_gets_nothing() -> None:
    with listening(FakeGateway()) as fake:  # speaks no TLS at all
        url = fake.url.replace("gateway+http:", "gateway+https:")
        with pytest.raises(ProviderError) as caught:
            provider(url, Patience(5, 5)).send(TO, ITEM, "duban-7")
        assert caught.value.trouble is Trouble.CHANNEL
        assert fake.seen == []


def test_the_description_is_with_the_code() -> None:
    """An operator builds their side from the docstring: it names every field and header we use."""
    from notifications.providers import gateway

    assert isinstance(provider(f"gateway+https://{KEY}:s@sms.invalid"), Gateway)
    for word in ("X-Duban-Key", "X-Duban-Timestamp", "X-Duban-Signature", '"of_number"', "/receipts", "status?id="):
        assert gateway.__doc__ is not None and word in gateway.__doc__
