"""SMS by Tencent Cloud (sms 2021-01-11) through its official SDK.

`tencent://ID:KEY@sms.tencentcloudapi.com/?app=1400…&sign=…&item=100&digest=101&region=ap-guangzhou`, where `item` and
`digest` are the approved templates, with `item_values=number,due` and `digest_values=count` naming their variables in
the order of {1}, {2}.

A receipt names a message by its SerialNo alone. Our own reference (SessionContext) comes back only in what is pulled,
and only after Tencent's support has switched it on: then say `session=yes`. `pull=yes` where pulling is switched on.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from notifications.providers import Accepted, Patience, ProviderError, Receipt, Text, Trouble, wire
from notifications.providers.addresses import Address, needs_package
from notifications.providers.templates import Templates

PAGE = 100
MOST_PAGES = 3

_MESSAGE_BEGINS = (
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.FailResolvePacket",
    "FailedOperation.JsonParseFail",
    "FailedOperation.MissingSignature",
    "FailedOperation.MissingTemplate",
    "FailedOperation.ParametersOtherError",
    "FailedOperation.Sign",
    "FailedOperation.Template",
    "InvalidParameter",
    "LimitExceeded.PhoneNumberCountLimit",
    "MissingParameter",
    "UnsupportedOperation",
)
_ADDRESS = {
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.PhoneNumberParseFail",
    "InvalidParameterValue.IncorrectPhoneNumber",
    "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
}
_CHANNEL_BEGINS = (
    "AuthFailure",
    "FailedOperation.InsufficientBalanceInSmsPackage",
    "FailedOperation.NotEnterpriseCertification",
    "FailedOperation.ProhibitSubAccountUse",
    "FailedOperation.QualificationIdNotApproved",
    "InternalError.RequestTimeException",  # our clock is off by more than ten minutes
    "InternalError.SigFieldMissing",
    "InternalError.SigVerificationFail",
    "InvalidParameterValue.SdkAppIdNotExist",
    "IpInBlacklist",
    "IpNotInWhitelist",
    "UnauthorizedOperation",
)
# Code: how long (None: until the day is over), and whether it is of this number alone.
_LIMITS: dict[str, tuple[timedelta | None, bool]] = {
    "LimitExceeded.PhoneNumberThirtySecondLimit": (timedelta(seconds=35), True),
    "LimitExceeded.PhoneNumberOneHourLimit": (timedelta(hours=1), True),
    "LimitExceeded.PhoneNumberDailyLimit": (None, True),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": (None, True),
    "LimitExceeded.DeliveryFrequencyLimit": (timedelta(minutes=5), True),
    "LimitExceeded.DailyLimit": (None, False),
    "LimitExceeded.AppDailyLimit": (None, False),
    "LimitExceeded.AppGlobalDailyLimit": (None, False),
    "LimitExceeded.AppMainlandChinaDailyLimit": (None, False),
    "LimitExceeded.AppCountryOrRegionDailyLimit": (None, False),
}


class Tencent:
    name = "tencent"

    asked_after = timedelta(minutes=5)

    def __init__(self, address: Address, patience: Patience) -> None:
        self._address = address
        self.a_minute = address.a_minute()
        self._patience = patience
        self._app = address.option("app")
        self._sign = address.option("sign")
        self._region = address.option("region", "ap-guangzhou")
        self._templates = Templates(address)
        self.can_ask = address.option("session") == "yes"
        self.can_pull = address.option("pull") == "yes"
        address.need(key=address.key, secret=address.secret, app=self._app, sign=self._sign, **self._templates.codes)
        needs_package("tencentcloud.sms.v20210111", "tencentcloud-sdk-python-sms")
        self._opened: Any = None

    def __repr__(self) -> str:
        return repr(self._address)

    def send(self, to: str, text: Text, client_reference: str) -> Accepted:
        values = self._templates.values(text)
        response = self._call(
            to,
            "SendSms",
            PhoneNumberSet=[_with_country(to)],
            SmsSdkAppId=self._app,
            SignName=self._sign,
            TemplateId=self._templates.codes[text.kind],
            TemplateParamSet=list(values.values()),
            SessionContext=client_reference,
        )
        statuses = response.SendStatusSet or []
        if len(statuses) != 1:
            raise ProviderError(Trouble.UNKNOWN, "", _("The answer does not speak of the one number it was asked for."))
        if statuses[0].Code != "Ok":
            raise refusal(str(statuses[0].Code), self._clean(statuses[0].Message, to))
        return Accepted(statuses[0].SerialNo or "", wire.clean(response.RequestId or ""))

    def ask(self, to: str, client_reference: str, sent_at: datetime) -> Accepted | Receipt | None:
        """Only what has been received or has failed is listed, so that silence proves nothing: UNKNOWN."""
        for page in range(MOST_PAGES):
            try:
                response = self._call(
                    to,
                    "PullSmsSendStatusByPhoneNumber",
                    PhoneNumber=_with_country(to),
                    SmsSdkAppId=self._app,
                    BeginTime=int((sent_at - timedelta(minutes=10)).timestamp()),
                    EndTime=int((sent_at + timedelta(days=1)).timestamp()),
                    Offset=page * PAGE,
                    Limit=PAGE,
                )
            except ProviderError as error:
                raise wire.again(error) from None
            rows = response.PullSmsSendStatusSet or []
            for row in rows:
                if row.SessionContext == client_reference:
                    return _pulled(row)
            if len(rows) < PAGE:
                break
        raise ProviderError(Trouble.UNKNOWN, "", _("The provider lists no such message, which proves nothing."))

    def receipts(self, body: bytes, headers: Mapping[str, str]) -> list[Receipt]:
        rows = wire.rows(body)
        found = [_receipt(row) for row in rows if row.get("sid")]
        if rows and not found:
            raise ValueError("no sid in it")
        return found

    def answer(self) -> tuple[bytes, str]:
        return b'{"result":0,"errmsg":"OK"}', "application/json"

    def pull(self) -> list[Receipt]:
        try:
            response = self._call("", "PullSmsSendStatus", Limit=PAGE, SmsSdkAppId=self._app)
        except ProviderError as error:
            raise wire.again(error) from None
        return [_pulled(row) for row in response.PullSmsSendStatusSet or [] if row.SerialNo]

    def _call(self, to: str, action: str, **fields: object) -> Any:
        problem: ProviderError
        before = sys.exception()
        try:
            client, models = self._open()
            request = getattr(models, f"{action}Request")()
            for name, value in fields.items():
                setattr(request, name, value)
            return getattr(client, action)(request)
        except Exception as error:  # the SDK lets through whatever its libraries raise
            problem = self._problem(error, before, to)
        raise problem  # outside of the handler: the SDK's exceptions may repeat the request

    def _problem(self, error: Exception, before: BaseException | None, to: str) -> ProviderError:
        code = str(getattr(error, "code", None) or "")
        if code == "ServerNetworkError":  # any status but 200: of something between us and the provider
            return ProviderError(Trouble.TEMPORARY, code)
        if "." in code or code in ("InvalidParameter", "MissingParameter", "UnsupportedOperation"):
            return refusal(code, self._clean(getattr(error, "message", ""), to))
        if code in ("RequestLimitExceeded", "InternalError", "IpInBlacklist", "IpNotInWhitelist"):
            return refusal(code, self._clean(getattr(error, "message", ""), to))
        return wire.broken(error, before)

    def _clean(self, words: object, to: str) -> str:
        return wire.clean(words, to, self._address.secret, self._address.key)

    def _open(self) -> tuple[Any, Any]:
        if self._opened is None:
            from tencentcloud.common.credential import Credential
            from tencentcloud.common.profile.client_profile import ClientProfile
            from tencentcloud.common.profile.http_profile import HttpProfile
            from tencentcloud.sms.v20210111 import models
            from tencentcloud.sms.v20210111.sms_client import SmsClient

            wire.hush("tencentcloud_sdk_common", "urllib3.connectionpool")
            http = HttpProfile(
                protocol="http" if self._address.plain else "https",
                endpoint=self._address.host,
                # Handed through to requests, which takes both: for the connection, and for the answer.
                reqTimeout=(self._patience.connect, self._patience.read),
            )
            credential = Credential(self._address.key, self._address.secret)
            client = SmsClient(credential, self._region, ClientProfile(httpProfile=http))
            self._opened = client, models
        client, models = self._opened
        return client, models


def refusal(code: str, words: str) -> ProviderError:
    """What a code of the provider means for the queue; one never seen before is tried again."""
    if code in _ADDRESS:
        return ProviderError(Trouble.ADDRESS, code, words)
    if code in _LIMITS:
        wait, of_number = _LIMITS[code]
        return ProviderError(Trouble.LIMIT, code, words, wait=wait or wire.day_is_over(), of_number=of_number)
    if code.startswith(_CHANNEL_BEGINS):
        return ProviderError(Trouble.CHANNEL, code, words)
    if code.startswith(_MESSAGE_BEGINS):
        return ProviderError(Trouble.MESSAGE, code, words)
    if code.startswith(("RequestLimitExceeded", "LimitExceeded")):
        return ProviderError(Trouble.LIMIT, code, words, wait=timedelta(minutes=1))
    return ProviderError(Trouble.TEMPORARY, code, words)


def _with_country(to: str) -> str:
    return to if to.startswith("+") else f"+86{to}"


def _pulled(row: Any) -> Receipt:
    delivered = row.ReportStatus == "SUCCESS"
    words = str(row.Description or "")
    return Receipt(
        reference=row.SerialNo or "",
        client_reference=row.SessionContext or "",
        delivered=delivered,
        code=row.ReportStatus or "",
        at=_moment(row.UserReceiveTime),
        permanent=not delivered and wire.gone(words),
    )


def _moment(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and seconds > 0 else None
    except (OverflowError, OSError, ValueError):
        return None


def _receipt(row: Mapping[str, Any]) -> Receipt:
    delivered = row.get("report_status") == "SUCCESS"
    code = str(row.get("errmsg") or "")[:64]
    return Receipt(
        reference=str(row["sid"])[:64],
        client_reference="",
        delivered=delivered,
        code=code,
        at=wire.chinese_time(row.get("user_receive_time")),
        permanent=not delivered and (code == "MK:0001" or wire.gone(str(row.get("description") or ""))),
    )
