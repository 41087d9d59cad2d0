"""Group robots of WeCom and DingTalk, against fakes that check the key and DingTalk's signature."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils.translation import override

from notifications.providers import Patience, ProviderError, Trouble
from notifications.providers.robots import A_MINUTE, MOST_BYTES, offices, robot
from tests.notifications.gateways import (
    KEY,
    MINUTE,
    SECRET,
    Drop,
    Fake,
    FakeDingTalk,
    FakeWeCom,
    Garbage,
    Hang,
    Refuse,
    Status,
    listening,
)

TEXT = "今日有5项任务到期，请登录系统查看。"
MESSAGE, CHANNEL, LIMIT = Trouble.MESSAGE, Trouble.CHANNEL, Trouble.LIMIT
TEMPORARY, UNKNOWN = Trouble.TEMPORARY, Trouble.UNKNOWN


@pytest.fixture(params=[FakeWeCom, FakeDingTalk])
def fake(request: pytest.FixtureRequest) -> Iterator[Fake]:
    with listening(request.param()) as found:
        yield found


@pytest.fixture
def wecom() -> Iterator[FakeWeCom]:
    with listening(FakeWeCom()) as found:
        yield found


@pytest.fixture
def dingtalk() -> Iterator[FakeDingTalk]:
    with listening(FakeDingTalk()) as found:
        yield found


def trouble(url: str, patience: Patience | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        robot(url, patience).post(TEXT)
    said = "".join([*traceback.format_exception(caught.value), repr(caught.value), repr(robot(url))])
    for private in (SECRET, quote(SECRET, safe=""), KEY):
        assert private not in said
    return caught.value


def test_a_group_reads_the_text_and_who_is_meant(wecom: FakeWeCom, dingtalk: FakeDingTalk) -> None:
    robot(wecom.url).post(TEXT, ["zhang", "li"])
    assert wecom.sent[0].what == {
        "msgtype": "text",
        "text": {"content": TEXT, "mentioned_list": ["zhang", "li"]},
    }
    robot(dingtalk.url).post(TEXT, ["zhang"])
    assert dingtalk.sent[0].what == {
        "msgtype": "text",
        "text": {"content": f"{TEXT} @zhang"},
        "at": {"atUserIds": ["zhang"], "isAtAll": False},
    }


def test_a_long_text_is_cut_between_characters(fake: Fake) -> None:
    robot(fake.url).post("督办" * 2000)
    content = fake.sent[0].what["text"]["content"]
    assert MOST_BYTES - 3 <= len(content.encode()) <= MOST_BYTES
    assert content.endswith("督…") or content.endswith("办…")


def test_the_twenty_first_post_of_a_minute_waits(fake: Fake) -> None:
    fake.limits = {MINUTE: A_MINUTE}
    for _number in range(A_MINUTE):
        robot(fake.url).post(TEXT)
    error = trouble(fake.url)
    assert error.trouble is LIMIT and not error.of_number
    assert error.wait == timedelta(minutes=10 if isinstance(fake, FakeDingTalk) else 1)


def test_a_wrong_key_closes_the_channel(fake: Fake) -> None:
    error = trouble(fake.url.replace(quote(SECRET, safe=""), "wrong"))
    assert error.trouble is CHANNEL
    assert fake.sent == []


@pytest.mark.parametrize(
    ("act", "wanted"),
    [(Hang(), UNKNOWN), (Drop(), UNKNOWN), (Garbage(), UNKNOWN), (Status(500), TEMPORARY), (Refuse("-1"), TEMPORARY)],
)
def test_what_all_robots_suffer(fake: Fake, act: Hang | Drop | Garbage | Status | Refuse, wanted: Trouble) -> None:
    fake.script(act)
    assert trouble(fake.url, Patience(5, 0.3) if isinstance(act, Hang) else None).trouble is wanted


@pytest.mark.parametrize(
    ("code", "wanted"),
    [(93000, CHANNEL), (93004, CHANNEL), (93008, CHANNEL), (60020, CHANNEL), (45009, LIMIT), (45033, LIMIT)]
    + [(44004, MESSAGE), (45002, MESSAGE), (40008, MESSAGE), (12345, TEMPORARY)],
)
def test_what_wecom_refuses(wecom: FakeWeCom, code: int, wanted: Trouble) -> None:
    wecom.script(Refuse(str(code), f"for key {SECRET}"))
    assert trouble(wecom.url).trouble is wanted


@pytest.mark.parametrize(
    ("code", "words", "wanted"),
    [
        (310000, "keywords not in content", MESSAGE),
        (310000, "invalid timestamp", CHANNEL),
        (310000, "ip 10.0.0.1 not in whitelist", CHANNEL),
        (300001, "token is not exist", CHANNEL),
        (400013, "群已被解散", CHANNEL),
        (400102, "机器人已停用", CHANNEL),
        (130101, "send too fast", LIMIT),
        (410100, "发送速度太快而限流", LIMIT),
        (430104, "含有不合适的内容", MESSAGE),
        (12345, "", TEMPORARY),
    ],
)
def test_what_dingtalk_refuses(dingtalk: FakeDingTalk, code: int, words: str, wanted: Trouble) -> None:
    dingtalk.script(Refuse(str(code), words))
    assert trouble(dingtalk.url).trouble is wanted


@pytest.mark.parametrize("url", ["https://KEY@qyapi.weixin.qq.com", "dingtalk://TOKEN@oapi.dingtalk.com", "wecom://"])
def test_a_robot_that_cannot_be_is_said_without_its_key(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        robot(url)
    assert "KEY" not in str(caught.value) and "TOKEN" not in str(caught.value)


# --- The setting ------------------------------------------------------------------------------------

GOOD = "wecom://KEYOFTHEHOUSE@qyapi.weixin.qq.com"


def test_each_office_has_the_robot_its_entry_names() -> None:
    found = offices([f"supervision={GOOD}", "654224=dingtalk://TOKEN:SECRET@oapi.dingtalk.com"])
    assert {code: one.name for code, one in found.robots.items()} == {"supervision": "wecom", "654224": "dingtalk"}
    assert found.wrong == {}


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("NEVERSEEN", "equals sign"),
        ("wecom://NEVERSEEN@qyapi.weixin.qq.com?scheme=https", "equals sign"),
        ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=NEVERSEEN", "equals sign"),
        ("supervision=https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=NEVERSEEN", "wecom://"),
        ("supervision=NEVERSEEN", "wecom://"),
        ("supervision=wecom://NEVERSEEN", "key"),
        ("supervision=wecom://NEVERSEEN?scheme=http", "https"),
        ("supervision=dingtalk://NEVERSEEN@oapi.dingtalk.com", "secret"),
        ("supervision=dingtalk://NEVERSEEN:SEC/RET@oapi.dingtalk.com", "%2F"),
        ("supervision=wecom://NEVERSEEN@qyapi.weixin.qq.com?scheme=http", "https"),
        (f"forestry={GOOD}", "already"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said_without_its_secret_and_stops_no_other(entry: str, named: str) -> None:
    with override("en"):
        found = offices([f"forestry={GOOD}", entry])
    assert list(found.robots) == ["forestry"]
    assert found.wrong.keys() == {2}
    assert named in found.wrong[2]
    for private in ("NEVER", "SEEN", "KEYOFTHEHOUSE"):
        assert private.lower() not in found.wrong[2].lower()
