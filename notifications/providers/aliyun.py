"""SMS by Aliyun (dysmsapi 2017-05-25) through its official SDK.

`aliyun://KEY:SECRET@dysmsapi.aliyuncs.com/?sign=塔城督办&item=SMS_1&digest=SMS_2`, where `item` and `digest` are the
approved templates, with `item_values=number,due` and `digest_values=count` naming their variables.

The key needs the rights to send and to query details. OutId is a label, no key against doubles: after a connection
that was cut, QuerySendDetails tells whether the label is known. Receipts (SmsReport) are pushed, up to four times.
The phone numbers stand in the query string of every request: keep them out of the log of a proxy in between.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from notifications.providers import Accepted, Patience, ProviderError, Receipt, Text, Trouble, wire
from notifications.providers.addresses import Address, needs_package
from notifications.providers.templates import Templates

PAGE = 50
MOST_PAGES = 4  # of one number on one day: the provider itself allows 50 of one template

_MESSAGE = {
    "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.INVALID_JSON_PARAM",
    "isv.INVALID_PARAMETERS",
    "isv.MOBILE_COUNT_OVER_LIMIT",
    "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL",
    "isv.SMS_SIGNATURE_ILLEGAL",
    "isv.SMS_TEMPLATE_ILLEGAL",
    "isv.TEMPLATE_MISSING_PARAMETERS",
    "isv.TEMPLATE_PARAMS_ILLEGAL",
}
_ADDRESS = {"isv.MOBILE_NUMBER_ILLEGAL"}
_CHANNEL = {
    "isp.RAM_PERMISSION_DENY",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.OUT_OF_SERVICE",
    "isv.PRODUCT_UNSUBSCRIBE",
    "isv.PRODUCT_UN_SUBSCRIPT",
    "isv.RAM_PERMISSION_DENY",
}
# Of the account (isv.ACCOUNT_*) and of what stands before the product: key, signature, clock.
_CHANNEL_BEGINS = (
    "isv.ACCOUNT_",
    "Forbidden",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidTimeStamp",
    "NoPermission",
    "SignatureDoesNotMatch",
    "SignatureNonceUsed",
)
# One code for every limit of a number: only the words tell which.
_WINDOWS = (
    ("分钟级", timedelta(seconds=70)),
    ("小时级", timedelta(hours=1)),
    ("天级", timedelta(hours=24)),
    ("月级", timedelta(hours=24)),
)
# Receipts after which this number need not be tried again; what may be a phone switched off is not among them.
_GONE = {"MK:0001", "MOBILE_IN_BLACK"}


class Aliyun:
    name = "aliyun"
    can_ask = True
    asked_after = timedelta(minutes=5)
    can_pull = False  # nothing waits there: what became of one message is asked by its number

    def __init__(self, address: Address, patience: Patience) -> None:
        self._address = address
        self.a_minute = address.a_minute()
        self._patience = patience
        self._sign = address.option("sign")
        self._templates = Templates(address)
        address.need(key=address.key, secret=address.secret, sign=self._sign, **self._templates.codes)
        needs_package("alibabacloud_dysmsapi20170525", "alibabacloud-dysmsapi20170525")
        self._opened: Any = None

    def __repr__(self) -> str:
        return repr(self._address)

    def send(self, to: str, text: Text, client_reference: str) -> Accepted:
        values = self._templates.values(text)
        body = self._call(
            to,
            "send_sms_with_options",
            "SendSmsRequest",
            phone_numbers=to,
            sign_name=self._sign,
            template_code=self._templates.codes[text.kind],
            template_param=json.dumps(values, ensure_ascii=False),
            out_id=client_reference,
        )
        return Accepted(body.biz_id or "", wire.clean(body.request_id or ""))

    def ask(self, to: str, client_reference: str, sent_at: datetime) -> Accepted | Receipt | None:
        # The provider's own day counts: just before midnight it may be the next one.
        days = {f"{moment.astimezone(wire.SHANGHAI):%Y%m%d}" for moment in (sent_at, sent_at + timedelta(minutes=10))}
        found: Accepted | Receipt | None = None
        for day in sorted(days):
            for row in self._details(to, day):
                if row.out_id != client_reference:
                    continue
                outcome = _outcome(row)
                if isinstance(outcome, Receipt) and outcome.delivered:
                    return outcome
                if found is None or isinstance(outcome, Accepted):  # a try still under way outlives a failed one
                    found = outcome
        return found

    def receipts(self, body: bytes, headers: Mapping[str, str]) -> list[Receipt]:
        rows = wire.rows(body)
        found = [_receipt(row) for row in rows if row.get("biz_id")]
        if rows and not found:
            raise ValueError("no biz_id in it")
        return found

    def answer(self) -> tuple[bytes, str]:
        return b'{"code":0,"msg":"OK"}', "application/json"

    def pull(self) -> list[Receipt]:
        return []

    def _details(self, to: str, day: str) -> list[Any]:
        rows: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            try:
                body = self._call(
                    to,
                    "query_send_details_with_options",
                    "QuerySendDetailsRequest",
                    phone_number=to,
                    send_date=day,
                    page_size=PAGE,
                    current_page=page,
                )
            except ProviderError as error:
                raise wire.again(error) from None
            found = (body.sms_send_detail_dtos and body.sms_send_detail_dtos.sms_send_detail_dto) or []
            rows += found
            if len(found) < PAGE:
                return rows
        raise ProviderError(Trouble.UNKNOWN, "", _("The provider lists more messages to this number than are read."))

    def _call(self, to: str, action: str, request: str, **fields: object) -> Any:
        """The body of an answer that says OK. Raises ProviderError.

        A refusal by the product is HTTP 200 and no exception; one by what stands before it is an exception.
        """
        problem: ProviderError
        before = sys.exception()
        try:
            client, models, options = self._open()
            body = getattr(client, action)(getattr(models, request)(**fields), options).body
        except Exception as error:  # the SDK lets through whatever its libraries raise
            problem = self._problem(error, before, to)
        else:
            if body.code == "OK":
                return body
            if body.code:
                problem = refusal(body.code, wire.clean(body.message, to, self._address.secret, self._address.key))
            else:
                problem = ProviderError(Trouble.UNKNOWN, "", _("The answer has no code."))
        raise problem  # outside of the handler: the SDK's exception repeats the address asked for, number and all

    def _problem(self, error: Exception, before: BaseException | None, to: str) -> ProviderError:
        for one in wire.chain(error, before):
            status = getattr(one, "status_code", None)
            if not isinstance(status, int):
                continue
            code = str(getattr(one, "code", None) or "")
            if code in ("", "None"):
                return wire.of_status(status)
            words = wire.clean(getattr(one, "message", ""), to, self._address.secret, self._address.key)
            return refusal(code, words, status)
        return wire.broken(error, before)

    def _open(self) -> tuple[Any, Any, Any]:
        """The SDK's client, made at the first use: importing it takes more than a second."""
        if self._opened is None:
            from alibabacloud_dysmsapi20170525 import models
            from alibabacloud_dysmsapi20170525.client import Client
            from alibabacloud_tea_openapi.utils_models import Config
            from darabonba.runtime import RuntimeOptions

            wire.hush("darabonba-core", "urllib3.connectionpool")
            config = Config(
                access_key_id=self._address.key,
                access_key_secret=self._address.secret,
                endpoint=self._address.host,
                protocol="HTTP" if self._address.plain else "HTTPS",
            )
            options = RuntimeOptions(
                autoretry=False,
                connect_timeout=int(self._patience.connect * 1000),
                read_timeout=int(self._patience.read * 1000),
            )
            self._opened = Client(config), models, options
        client, models, options = self._opened
        return client, models, options


def refusal(code: str, words: str, status: int = 200) -> ProviderError:
    """What a code of the provider means for the queue; one never seen before is tried again."""
    if code in _MESSAGE:
        return ProviderError(Trouble.MESSAGE, code, words)
    if code in _ADDRESS:
        return ProviderError(Trouble.ADDRESS, code, words)
    if code in _CHANNEL or code.startswith(_CHANNEL_BEGINS):
        return ProviderError(Trouble.CHANNEL, code, words)
    if code == "isv.BUSINESS_LIMIT_CONTROL":
        wait = next((wait for word, wait in _WINDOWS if word in words), timedelta(hours=1))
        return ProviderError(Trouble.LIMIT, code, words, wait=wait, of_number=True)
    if code == "isv.DAY_LIMIT_CONTROL":  # the account's own ceiling, set in the console
        return ProviderError(Trouble.LIMIT, code, words, wait=wire.day_is_over())
    if code.startswith("Throttling"):
        return ProviderError(Trouble.LIMIT, code, words, wait=timedelta(minutes=1))
    if status in (401, 403):
        return ProviderError(Trouble.CHANNEL, code, words)
    return ProviderError(Trouble.TEMPORARY, code, words)


def _outcome(row: Any) -> Accepted | Receipt:
    """A row of QuerySendDetails: 1 on its way, 2 failed, 3 received. It has no BizId."""
    if row.send_status not in (2, 3):
        return Accepted("", "SendStatus 1")
    delivered = row.send_status == 3
    code = str(row.err_code or "")
    at = wire.chinese_time(row.receive_date)
    return Receipt("", row.out_id, delivered, code, at, permanent=not delivered and code in _GONE)


def _receipt(row: Mapping[str, Any]) -> Receipt:
    delivered = row.get("success") in (True, "true")
    code = str(row.get("err_code") or "")[:64]
    return Receipt(
        reference=str(row["biz_id"])[:64],
        client_reference=str(row.get("out_id") or "")[:64],
        delivered=delivered,
        code=code,
        at=wire.chinese_time(row.get("report_time")),
        permanent=not delivered and (code in _GONE or wire.gone(str(row.get("err_msg") or ""))),
    )
