"""Providers named by a URL of the environment, phone numbers before they are paid for, and what a text costs."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.translation import override

from notifications.providers import ProviderError, Trouble, provider, wire
from notifications.providers.lengths import segments
from notifications.providers.phones import mainland
from tests.notifications.gateways import SMS, Fake, needs_sdk

ALIYUN = "aliyun://KEYOFTHEHOUSE:NEVERSEEN@dysmsapi.aliyuncs.com/?sign=塔城督办&item=SMS_1&digest=SMS_2"
TENCENT = "tencent://KEYOFTHEHOUSE:NEVERSEEN@sms.tencentcloudapi.com/?app=1400&sign=塔城督办&item=100&digest=101"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        (ALIYUN.replace("item=SMS_1&", ""), "item="),
        (ALIYUN.replace("digest=SMS_2", ""), "digest="),
        (ALIYUN.replace("sign=塔城督办", "sign="), "sign="),
        (ALIYUN.replace(":NEVERSEEN", ""), "secret"),
        (TENCENT.replace("app=1400&", ""), "app="),
        (TENCENT.replace("KEYOFTHEHOUSE", ""), "key"),
        ("gateway+https://KEYOFTHEHOUSE@sms.example/x", "secret"),
        ("gateway+http://KEYOFTHEHOUSE:NEVERSEEN@sms.example/x", "https"),
        (ALIYUN + "&scheme=http", "https"),
        ("aliyun://KEYOFTHEHOUSE:NEVER/SEEN@dysmsapi.aliyuncs.com/", "%2F"),
        ("aliyun://KEYOFTHEHOUSE:NEVER#SEEN@dysmsapi.aliyuncs.com/", "%23"),
        ("https://KEYOFTHEHOUSE:NEVERSEEN@sms.example", "gateway+https"),
        ("KEYOFTHEHOUSE:NEVERSEEN", "aliyun://"),
        ("", "aliyun://"),
        ("http://[", "aliyun://"),
        ("aliyun://KEYOFTHEHOUSE:NEVER[SEEN@dysmsapi.aliyuncs.com", "%2F"),
    ],
)
def test_what_an_address_lacks_is_said_without_its_secret(url: str, named: str) -> None:
    with override("en"), pytest.raises(ValueError, match=r"\w") as caught:
        provider(url)
    assert named in str(caught.value)
    for private in ("NEVER", "SEEN", "KEYOFTHEHOUSE"):
        assert private.lower() not in str(caught.value).lower()


@pytest.mark.parametrize(("url", "package"), [(ALIYUN, "alibabacloud-dysmsapi"), (TENCENT, "tencentcloud-sdk")])
def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, url: str, package: str) -> None:
    for name in ("alibabacloud_dysmsapi20170525", "tencentcloud", "tencentcloud.sms", "tencentcloud.sms.v20210111"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ValueError, match="requirements-sms.txt") as caught:
        provider(url)
    assert package in str(caught.value)


@pytest.mark.sdk
def test_nothing_is_imported_before_the_first_message() -> None:
    """The SDKs take over a second and a hundred files: a web process that reads receipts does without."""
    for kind in SMS:
        found = kind.values[0]
        assert isinstance(found, type) and issubclass(found, Fake)
        needs_sdk(found)
    code = (
        "import sys\n"
        "from notifications.providers import provider\n"
        f"for url in ({ALIYUN!r}, {TENCENT!r}): provider(url).receipts(b'[]', {{}})\n"
        "print(sorted({'aiohttp', 'requests', 'darabonba', 'django.db.models'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "number",
    ["13900000000", " 139 0000 0000 ", "139-0000-0000", "+8613900000000", "+86 139 0000 0000", "008613900000000"]
    + ["8613900000000", "\u202d13900000000\u202c"],
)
def test_a_mobile_number_in_all_its_dresses(number: str) -> None:
    assert mainland(number) == "13900000000"


def test_a_number_that_begins_with_86_itself_is_not_shortened() -> None:
    assert mainland("18600000000") == "18600000000"
    assert mainland("+8618600000000") == "18600000000"


@pytest.mark.parametrize(
    "number",
    ["", "12900000000", "1390000000", "139000000000", "0901-0000000", "+1 202 555 0100", "+8512345678"]
    + ["１３９００００００００", "13900000000,13900000001", "86139000000", "没有", "+86 0901 0000000"],
)
def test_what_is_no_mobile_number(number: str) -> None:
    with pytest.raises(ProviderError) as caught:
        mainland(number)
    assert caught.value.trouble is Trouble.ADDRESS
    assert not number or number not in str(caught.value)


def test_made_up_numbers_are_neither_mended_nor_sent_out_of_the_house() -> None:
    with pytest.raises(ProviderError):
        mainland("10001234567")
    assert mainland("10001234567", made_up=True) == "10001234567"
    with pytest.raises(ProviderError):
        mainland("10101234567", made_up=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", 1),
        ("字" * 64, 1),
        ("字" * 65, 2),
        ("字" * 128, 2),
        ("字" * 129, 3),
        ("a" * 65, 2),
        ("𠮷" * 32, 1),
        ("𠮷" * 33, 2),
    ],
)
def test_what_a_text_costs_with_its_signature(text: str, wanted: int) -> None:
    """【塔城督办】 takes six characters; latin letters are no cheaper in a Chinese SMS."""
    assert segments(text, "塔城督办") == wanted


def test_a_limit_of_the_day_ends_after_midnight_in_china() -> None:
    evening = datetime(2019, 6, 24, 15, 30, tzinfo=UTC)  # 23:30 there
    assert wire.until_tomorrow(evening) == timedelta(minutes=35)
    assert wire.until_tomorrow(evening + timedelta(minutes=30)) == timedelta(hours=24, minutes=5)
