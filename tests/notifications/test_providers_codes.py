"""What each code of a provider means for the queue, said by a fake of that provider and heard through its SDK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from notifications.providers import ProviderError, Text, Trouble, provider
from notifications.providers.aliyun import MOST_PAGES, PAGE
from tests.notifications.gateways import (
    Act,
    Fail,
    Fake,
    FakeAliyun,
    FakeGateway,
    FakeTencent,
    Refuse,
    Sent,
    Status,
    listening,
    needs_sdk,
)

TO = "10001234567"
OTHER = "10007654321"  # of somebody else, which a provider may mention as well
ITEM = Text("item", "…", {"number": "tc-1", "due": "2019-07-31"})
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MESSAGE, ADDRESS, CHANNEL = Trouble.MESSAGE, Trouble.ADDRESS, Trouble.CHANNEL
LIMIT, TEMPORARY, UNKNOWN = Trouble.LIMIT, Trouble.TEMPORARY, Trouble.UNKNOWN


@pytest.fixture(scope="module")
def aliyun() -> Iterator[Fake]:
    needs_sdk(FakeAliyun)
    with listening(FakeAliyun()) as fake:
        yield fake


@pytest.fixture(scope="module")
def tencent() -> Iterator[Fake]:
    needs_sdk(FakeTencent)
    with listening(FakeTencent()) as fake:
        yield fake


@pytest.fixture(scope="module")
def gateway() -> Iterator[Fake]:
    with listening(FakeGateway()) as fake:
        yield fake


def trouble(fake: Fake, act: Act) -> ProviderError:
    before = len(fake.sent)
    fake.script(act)
    with pytest.raises(ProviderError) as caught:
        provider(fake.url).send(TO, ITEM, "duban-7")
    assert len(fake.sent) == before
    return caught.value


@pytest.mark.sdk
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("isv.MOBILE_NUMBER_ILLEGAL", ADDRESS),
        ("isv.SMS_TEMPLATE_ILLEGAL", MESSAGE),
        ("isv.SMS_SIGNATURE_ILLEGAL", MESSAGE),
        ("isv.TEMPLATE_MISSING_PARAMETERS", MESSAGE),
        ("isv.TEMPLATE_PARAMS_ILLEGAL", MESSAGE),
        ("isv.INVALID_PARAMETERS", MESSAGE),
        ("isv.INVALID_JSON_PARAM", MESSAGE),
        ("isv.PARAM_LENGTH_LIMIT", MESSAGE),
        ("isv.PARAM_NOT_SUPPORT_URL", MESSAGE),
        ("isv.BLACK_KEY_CONTROL_LIMIT", MESSAGE),
        ("isv.MOBILE_COUNT_OVER_LIMIT", MESSAGE),
        ("isp.RAM_PERMISSION_DENY", CHANNEL),
        ("isv.PRODUCT_UN_SUBSCRIPT", CHANNEL),
        ("isv.ACCOUNT_NOT_EXISTS", CHANNEL),
        ("isv.ACCOUNT_ABNORMAL", CHANNEL),
        ("isv.OUT_OF_SERVICE", CHANNEL),
        ("isv.AMOUNT_NOT_ENOUGH", CHANNEL),
        ("isv.DAY_LIMIT_CONTROL", LIMIT),
        ("Throttling.User", LIMIT),
        ("isp.SYSTEM_ERROR", TEMPORARY),
        ("isp.GATEWAY_ERROR", TEMPORARY),
        ("isv.NEVER_SEEN_BEFORE", TEMPORARY),
    ],
)
def test_what_aliyun_refuses(aliyun: Fake, code: str, wanted: Trouble) -> None:
    error = trouble(aliyun, Refuse(code, f"因为 {TO} 和 {OTHER}"))
    assert (error.trouble, error.code) == (wanted, code)
    assert TO not in error.detail and OTHER not in error.detail
    assert (error.wait is not None) == (wanted is LIMIT)
    assert not error.of_number


@pytest.mark.sdk
@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("触发分钟级流控Permits:1", timedelta(seconds=70)),
        ("触发小时级流控Permits:5", HOUR),
        ("触发天级流控Permits:10", DAY),
        ("触发月级流控Permits:400", DAY),
        ("触发业务流控限制", HOUR),
    ],
)
def test_aliyun_has_one_code_for_all_limits_of_a_number(aliyun: Fake, words: str, wait: timedelta) -> None:
    error = trouble(aliyun, Refuse("isv.BUSINESS_LIMIT_CONTROL", words))
    assert (error.trouble, error.wait, error.of_number) == (LIMIT, wait, True)


@pytest.mark.sdk
@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        (Fail("InvalidAccessKeyId.NotFound", 404), CHANNEL),
        (Fail("InvalidAccessKeyId.Inactive", 400), CHANNEL),
        (Fail("InvalidTimeStamp.Expired", 400, "Specified time stamp is expired."), CHANNEL),
        (Fail("Forbidden.RAM", 403), CHANNEL),
        (Fail("NoSuchPermission", 403), CHANNEL),
        (Fail("Throttling.User", 400), LIMIT),
        (Fail("", 404), CHANNEL),
        (Fail("", 502), UNKNOWN),
        (Fail("InternalError", 500), TEMPORARY),
        (Fail("ServiceUnavailable", 503), TEMPORARY),
    ],
)
def test_what_stands_before_aliyun_refuses(aliyun: Fake, act: Fail, wanted: Trouble) -> None:
    assert trouble(aliyun, act).trouble is wanted


TENCENT = [
    ("FailedOperation.PhoneNumberInBlacklist", ADDRESS),
    ("FailedOperation.PhoneNumberParseFail", ADDRESS),
    ("InvalidParameterValue.IncorrectPhoneNumber", ADDRESS),
    ("FailedOperation.ContainSensitiveWord", MESSAGE),
    ("FailedOperation.SignatureIncorrectOrUnapproved", MESSAGE),
    ("FailedOperation.TemplateIncorrectOrUnapproved", MESSAGE),
    ("FailedOperation.TemplateUnapprovedOrNotExist", MESSAGE),
    ("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", MESSAGE),
    ("InvalidParameter", MESSAGE),
    ("InvalidParameterValue.TemplateParameterLengthLimit", MESSAGE),
    ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", MESSAGE),
    ("MissingParameter", MESSAGE),
    ("MissingParameter.EmptyPhoneNumberSet", MESSAGE),
    ("UnsupportedOperation", MESSAGE),
    ("UnsupportedOperation.UnsupportedRegion", MESSAGE),
    ("FailedOperation.InsufficientBalanceInSmsPackage", CHANNEL),
    ("UnauthorizedOperation.ServiceSuspendDueToArrears", CHANNEL),
    ("UnauthorizedOperation.SdkAppIdIsDisabled", CHANNEL),
    ("UnauthorizedOperation.RequestIpNotInWhitelist", CHANNEL),
    ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", CHANNEL),
    ("AuthFailure.SignatureExpire", CHANNEL),
    ("InternalError.RequestTimeException", CHANNEL),
    ("LimitExceeded.PhoneNumberThirtySecondLimit", LIMIT),
    ("LimitExceeded.PhoneNumberOneHourLimit", LIMIT),
    ("LimitExceeded.PhoneNumberDailyLimit", LIMIT),
    ("LimitExceeded.PhoneNumberSameContentDailyLimit", LIMIT),
    ("LimitExceeded.AppDailyLimit", LIMIT),
    ("LimitExceeded.DailyLimit", LIMIT),
    ("LimitExceeded.DeliveryFrequencyLimit", LIMIT),
    ("RequestLimitExceeded", LIMIT),
    ("InternalError.Timeout", TEMPORARY),
    ("InternalError.SendAndRecvFail", TEMPORARY),
    ("InternalError.UnknownError", TEMPORARY),
    ("FailedOperation.NeverSeenBefore", TEMPORARY),
]


@pytest.mark.sdk
@pytest.mark.parametrize(("code", "wanted"), TENCENT)
def test_what_tencent_refuses_for_a_number(tencent: Fake, code: str, wanted: Trouble) -> None:
    error = trouble(tencent, Refuse(code, f"because of +86{TO}"))
    assert (error.trouble, error.code) == (wanted, code)
    assert TO not in error.detail
    assert (error.wait is not None) == (wanted is LIMIT)


@pytest.mark.sdk
@pytest.mark.parametrize(("code", "wanted"), TENCENT)
def test_what_tencent_refuses_for_the_whole_request(tencent: Fake, code: str, wanted: Trouble) -> None:
    assert trouble(tencent, Fail(code, 200)).trouble is wanted


@pytest.mark.sdk
@pytest.mark.parametrize(
    ("code", "least", "most", "of_number"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", timedelta(seconds=31), MINUTE, True),
        ("LimitExceeded.PhoneNumberOneHourLimit", HOUR, HOUR, True),
        ("LimitExceeded.PhoneNumberDailyLimit", MINUTE, DAY + HOUR, True),
        ("LimitExceeded.PhoneNumberSameContentDailyLimit", MINUTE, DAY + HOUR, True),
        ("LimitExceeded.AppDailyLimit", MINUTE, DAY + HOUR, False),
        ("RequestLimitExceeded", timedelta(seconds=1), MINUTE, False),
    ],
)
def test_how_long_tencent_lets_wait_and_whom(
    tencent: Fake, code: str, least: timedelta, most: timedelta, of_number: bool
) -> None:
    error = trouble(tencent, Refuse(code))
    assert error.wait is not None and least <= error.wait <= most
    assert error.of_number is of_number


@pytest.mark.sdk
def test_what_waits_at_tencent_is_pulled_once(tencent: Fake) -> None:
    client = provider(f"{tencent.url}&pull=yes")
    assert client.can_pull and not provider(tencent.url).can_pull
    assert not client.can_ask
    accepted = client.send(TO, ITEM, "duban-9")
    assert client.pull() == []

    tencent.sent[-1].outcome = False, "空号"
    (receipt,) = client.pull()
    assert receipt.reference == accepted.reference
    assert not receipt.delivered and receipt.permanent
    assert receipt.at is not None
    assert client.pull() == []


@pytest.mark.sdk
def test_aliyun_is_asked_beyond_the_first_page_and_about_the_day_it_counts(aliyun: Fake) -> None:
    client = provider(aliyun.url)
    sent_at = datetime.fromtimestamp(aliyun.now, UTC)
    for number in range(51):
        client.send(TO, ITEM, f"page-{number}")
    aliyun.seen.clear()
    assert client.ask(TO, "page-50", sent_at) is not None
    assert [seen.query["CurrentPage"] for seen in aliyun.seen][:2] == ["1", "2"]

    aliyun.seen.clear()
    just_before_midnight = datetime(2019, 6, 24, 15, 58, tzinfo=UTC)
    assert client.ask(TO, "nobody", just_before_midnight) is None
    assert [seen.query["SendDate"] for seen in aliyun.seen] == ["20190624", "20190625"]


@pytest.mark.sdk
def test_a_list_too_long_to_read_proves_nothing() -> None:
    needs_sdk(FakeAliyun)
    with listening(FakeAliyun()) as fake:
        fake.sent = [Sent(TO, "", f"other-{n}", {"template": "SMS_1"}, fake.now) for n in range(MOST_PAGES * PAGE)]
        with pytest.raises(ProviderError) as caught:
            provider(fake.url).ask(TO, "duban-7", datetime.fromtimestamp(fake.now, UTC))
        assert caught.value.trouble is UNKNOWN
        fake.sent.pop()
        assert provider(fake.url).ask(TO, "duban-7", datetime.fromtimestamp(fake.now, UTC)) is None


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        (Refuse("E1", more={"kind": "message"}), MESSAGE),
        (Refuse("E2", more={"kind": "address"}), ADDRESS),
        (Refuse("E3", more={"kind": "channel"}), CHANNEL),
        (Refuse("E4", more={"kind": "limit", "wait": 90}), LIMIT),
        (Refuse("E5", more={"kind": "temporary"}), TEMPORARY),
        (Refuse("E6", more={"kind": "a word of their own"}), TEMPORARY),
        (Status(301, {"Location": "http://127.0.0.1:1/"}), CHANNEL),
        (Status(400), MESSAGE),
        (Status(401), CHANNEL),
        (Status(404), CHANNEL),
        (Status(422), MESSAGE),
        (Status(429, {"Retry-After": "90"}), LIMIT),
        (Status(429, {"Retry-After": "90" + "0" * 5000}), LIMIT),
        (Status(500), TEMPORARY),
        (Status(502), UNKNOWN),
        (Status(503), TEMPORARY),
        (Status(504), UNKNOWN),
    ],
)
def test_what_a_gateway_refuses(gateway: Fake, act: Act, wanted: Trouble) -> None:
    error = trouble(gateway, act)
    assert error.trouble is wanted
    assert error.wait in ((timedelta(seconds=90), DAY) if wanted is LIMIT else (None,))
    assert not error.of_number


@pytest.mark.parametrize("wait", [None, "soon", -5, 0, 10**9])
def test_a_gateways_nonsense_about_waiting_is_a_minute(gateway: Fake, wait: object) -> None:
    assert trouble(gateway, Refuse("E", more={"kind": "limit", "wait": wait})).wait == MINUTE
