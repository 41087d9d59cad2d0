"""Other people's SMS platforms and group robots on the loopback: real HTTP, and as unkind as the real ones.

A fake checks the signature of every request as its original does, keeps what it was handed (`sent`) and everything it
was asked (`seen`), and accepts unless told otherwise: `script(Refuse("isv.…"), Hang(), …)` is used up one a request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

KEY, SECRET = "KEYOFTHEHOUSE", "never/to+be=seen"
MINUTE, HOUR, DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Refuse:
    """Says no in its own way of saying so with HTTP 200."""

    code: str
    message: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fail:
    """What stands before the product says no: a code of its own with an HTTP status."""

    code: str
    status: int = 400
    message: str = ""


@dataclass(frozen=True)
class Status:
    """A bare HTTP status, with nothing of the provider in it."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Garbage:
    """Takes the message and answers 200 with what nobody can read."""


@dataclass(frozen=True)
class Hang:
    """Reads the request and never answers; the message is lost."""


@dataclass(frozen=True)
class Drop:
    """Takes the message and cuts the connection before any answer."""


@dataclass(frozen=True)
class Late:
    """Takes the message and answers only when the test says so (`release`)."""


@dataclass(frozen=True)
class ReceiptFirst:
    """Tells the callback that the message arrived, and only then answers that it was accepted."""


Act = Refuse | Fail | Status | Garbage | Hang | Drop | Late | ReceiptFirst


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def everything(self) -> str:
        """All that left the house with it, as one text."""
        return "\n".join([*self.query.values(), self.body.decode(), *self.headers.values()])


@dataclass
class Sent:
    to: str
    reference: str
    client_reference: str
    what: dict[str, Any]
    at: float
    outcome: tuple[bool, str] | None = None  # delivered, code


F = TypeVar("F", bound="Fake")
Answer = tuple[int, bytes, dict[str, str]]


class Fake:
    # Words of the limits that are counted per number: how many within so many seconds, and the refusal.
    windows: list[tuple[int, Refuse]] = []

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.sent: list[Sent] = []
        self.limits: dict[int, int] = {}
        self.now = time.time()
        self.deliver: Callable[[bytes, dict[str, str]], bytes] | None = None
        self.answers: list[bytes] = []  # of the callback
        self.release = threading.Event()
        self.held = threading.Event()  # a request has been read that gets no answer, or a late one
        self.holding = 0  # requests that wait for an answer just now
        self.host = ""
        self._acts: list[Act] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """As the house's environment names it."""
        raise NotImplementedError

    # What a test says.
    def script(self, *acts: Act) -> None:
        self._acts.extend(acts)

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def report(self, sent: Sent, *, delivered: bool = True, code: str = "", words: str = "", times: int = 1) -> None:
        """The message ends so; the callback is told, as often as wished."""
        sent.outcome = delivered, code
        body, headers = self.receipt(sent, delivered, code, words)
        for _again in range(times):
            assert self.deliver is not None
            self.answers.append(self.deliver(body, headers))

    # What a provider is.
    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        raise NotImplementedError

    def is_send(self, seen: Seen) -> bool:
        return True

    def take(self, seen: Seen, reference: str) -> Sent:
        raise NotImplementedError

    def known(self, sent: Sent) -> Sent | None:
        """The same message if it came before, for a platform that sends none twice."""
        return None

    def accepted(self, sent: Sent) -> dict[str, Any]:
        raise NotImplementedError

    def refused(self, seen: Seen, act: Refuse) -> dict[str, Any]:
        raise NotImplementedError

    def failed(self, act: Fail) -> Answer:
        return act.status, b"", {}

    def other(self, seen: Seen) -> dict[str, Any]:
        raise NotImplementedError

    def receipt(self, sent: Sent, delivered: bool, code: str, words: str) -> tuple[bytes, dict[str, str]]:
        raise NotImplementedError

    # How it goes.
    def respond(self, seen: Seen) -> Answer | None:
        """None: the connection is cut."""
        with self._lock:
            self.seen.append(seen)
            act = self._acts.pop(0) if self._acts else None
        unsigned = self.refuse_unsigned(seen)
        if unsigned is not None:
            return unsigned
        if isinstance(act, Status):
            return act.status, b"", act.headers
        if isinstance(act, Fail):
            return self.failed(act)
        if isinstance(act, Hang):
            self.hold()
            return None
        if not self.is_send(seen):
            return None if isinstance(act, Drop) else _json(self.other(seen))
        if isinstance(act, Refuse):
            return _json(self.refused(seen, act))
        with self._lock:
            sent = self.take(seen, f"{len(self.seen)}^{int(self.now)}")
            known = self.known(sent)
            over = self._over(sent.to) if known is None else None
            if known is None and over is None:
                self.sent.append(sent)
            sent = known or sent
        if over is not None:
            return _json(self.refused(seen, over))
        if isinstance(act, Drop):
            return None
        if isinstance(act, Garbage):
            return 200, b"<html>", {"Content-Type": "application/json"}
        if isinstance(act, Late):
            self.hold()
        if isinstance(act, ReceiptFirst):
            self.report(sent)
        return _json(self.accepted(sent))

    def hold(self) -> None:
        with self._lock:
            self.holding += 1
        self.held.set()
        self.release.wait(20)
        with self._lock:
            self.holding -= 1

    def _over(self, to: str) -> Refuse | None:
        for window, refusal in self.windows:
            within = [sent for sent in self.sent if sent.to == to and sent.at > self.now - window]
            if window in self.limits and len(within) >= self.limits[window]:
                return refusal
        return None


def _json(found: dict[str, Any], status: int = 200) -> Answer:
    return status, json.dumps(found, ensure_ascii=False).encode(), {"Content-Type": "application/json"}


def _hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hmac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def _authorization(seen: Seen) -> dict[str, str]:
    _algorithm, _, rest = seen.headers.get("authorization", "").partition(" ")
    return dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)


class FakeAliyun(Fake):
    """dysmsapi 2017-05-25: everything in the query string of a POST with an empty body, ACS3-HMAC-SHA256."""

    windows = [
        (MINUTE, Refuse("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1")),
        (HOUR, Refuse("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5")),
        (DAY, Refuse("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10")),
    ]

    @property
    def url(self) -> str:
        secret = quote(SECRET, safe="")
        return f"aliyun://{KEY}:{secret}@{self.host}/?scheme=http&sign=塔城督办&item=SMS_1&digest=SMS_2"

    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        said = _authorization(seen)
        names = said.get("SignedHeaders", "")
        headers = "".join(f"{name}:{seen.headers.get(name, '').strip()}\n" for name in names.split(";"))
        query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(seen.query.items()))
        request = "\n".join([seen.method, seen.path, query, headers, names, _hex(seen.body)])
        wanted = _hmac(SECRET.encode(), f"ACS3-HMAC-SHA256\n{_hex(request.encode())}").hex()
        if said.get("Credential") != KEY:
            return self.failed(Fail("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found."))
        if said.get("Signature") != wanted:
            return self.failed(Fail("SignatureDoesNotMatch", 400, "Specified signature is not matched."))
        return None

    def is_send(self, seen: Seen) -> bool:
        return seen.headers["x-acs-action"] == "SendSms"

    def take(self, seen: Seen, reference: str) -> Sent:
        query = seen.query
        what = {"template": query["TemplateCode"], "sign": query["SignName"], "values": query["TemplateParam"]}
        return Sent(query["PhoneNumbers"], reference, query.get("OutId", ""), what, self.now)

    def accepted(self, sent: Sent) -> dict[str, Any]:
        return {"Code": "OK", "Message": "OK", "BizId": sent.reference, "RequestId": "A0EC-11"}

    def refused(self, seen: Seen, act: Refuse) -> dict[str, Any]:
        return {"Code": act.code, "Message": act.message or act.code, "RequestId": "A0EC-12"}

    def failed(self, act: Fail) -> Answer:
        found = {"Code": act.code, "Message": act.message, "RequestId": "A0EC-13"}
        return act.status, json.dumps(found).encode(), {"Content-Type": "application/json"}

    def other(self, seen: Seen) -> dict[str, Any]:
        """QuerySendDetails: by number and day, in pages."""
        size, page = int(seen.query["PageSize"]), int(seen.query["CurrentPage"])
        found = [
            sent
            for sent in self.sent
            if sent.to == seen.query["PhoneNumber"] and _china(sent.at, "%Y%m%d") == seen.query["SendDate"]
        ]
        rows = [
            {
                "PhoneNum": sent.to,
                "OutId": sent.client_reference,
                "SendStatus": 1 if sent.outcome is None else 3 if sent.outcome[0] else 2,
                "ErrCode": sent.outcome[1] if sent.outcome else "",
                "ReceiveDate": _china(sent.at) if sent.outcome else "",
                "SendDate": _china(sent.at),
                "TemplateCode": sent.what["template"],
            }
            for sent in found[(page - 1) * size : page * size]
        ]
        return {
            "Code": "OK",
            "Message": "OK",
            "RequestId": "A0EC-14",
            "TotalCount": len(found),
            "SmsSendDetailDTOs": {"SmsSendDetailDTO": rows},
        }

    def receipt(self, sent: Sent, delivered: bool, code: str, words: str) -> tuple[bytes, dict[str, str]]:
        row = {
            "phone_number": sent.to,
            "send_time": _china(sent.at),
            "report_time": _china(sent.at + 5),
            "success": delivered,
            "err_code": code or ("DELIVERED" if delivered else "UNDELIV"),
            "err_msg": words,
            "sms_size": "1",
            "biz_id": sent.reference,
            "out_id": sent.client_reference,
        }
        return json.dumps([row], ensure_ascii=False).encode(), {"Content-Type": "application/json"}


class FakeTencent(Fake):
    """sms 2021-01-11: a JSON body, a status per number, TC3-HMAC-SHA256."""

    windows = [
        (MINUTE, Refuse("LimitExceeded.PhoneNumberThirtySecondLimit")),
        (HOUR, Refuse("LimitExceeded.PhoneNumberOneHourLimit")),
        (DAY, Refuse("LimitExceeded.PhoneNumberDailyLimit")),
    ]

    @property
    def url(self) -> str:
        secret = quote(SECRET, safe="")
        return f"tencent://{KEY}:{secret}@{self.host}/?scheme=http&app=1400&sign=塔城督办&item=100&digest=101"

    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        said = _authorization(seen)
        names = said.get("SignedHeaders", "")
        headers = "".join(f"{name}:{seen.headers.get(name, '').strip().lower()}\n" for name in names.split(";"))
        request = "\n".join([seen.method, seen.path, "", headers, names, _hex(seen.body)])
        timestamp = seen.headers.get("x-tc-timestamp", "0")
        date = time.strftime("%Y-%m-%d", time.gmtime(int(timestamp)))
        scope = f"{date}/sms/tc3_request"
        key = _hmac(_hmac(_hmac(f"TC3{SECRET}".encode(), date), "sms"), "tc3_request")
        wanted = _hmac(key, "\n".join(["TC3-HMAC-SHA256", timestamp, scope, _hex(request.encode())])).hex()
        if said.get("Credential") != f"{KEY}/{scope}":
            return self.failed(Fail("AuthFailure.SecretIdNotFound", 200, "The SecretId is not found."))
        if said.get("Signature") != wanted:
            return self.failed(Fail("AuthFailure.SignatureFailure", 200, "The credentials could not be validated."))
        return None

    def is_send(self, seen: Seen) -> bool:
        return seen.headers["x-tc-action"] == "SendSms"

    def take(self, seen: Seen, reference: str) -> Sent:
        said = seen.json
        what = {"template": said["TemplateId"], "sign": said["SignName"], "values": said["TemplateParamSet"]}
        return Sent(said["PhoneNumberSet"][0], reference, said.get("SessionContext", ""), what, self.now)

    def accepted(self, sent: Sent) -> dict[str, Any]:
        return self._status(sent.to, "Ok", "send success", sent.reference)

    def refused(self, seen: Seen, act: Refuse) -> dict[str, Any]:
        return self._status(seen.json["PhoneNumberSet"][0], act.code, act.message, "")

    def _status(self, to: str, code: str, message: str, reference: str) -> dict[str, Any]:
        status = {"SerialNo": reference, "PhoneNumber": to, "Fee": 1, "Code": code, "Message": message}
        return {"Response": {"SendStatusSet": [{**status, "IsoCode": "CN"}], "RequestId": "a0ec-21"}}

    def failed(self, act: Fail) -> Answer:
        error = {"Code": act.code, "Message": act.message or act.code}
        return _json({"Response": {"Error": error, "RequestId": "a0ec-22"}}, act.status)

    def other(self, seen: Seen) -> dict[str, Any]:
        """PullSmsSendStatusByPhoneNumber, and PullSmsSendStatus whose rows are given once."""
        said = seen.json
        mine = "PhoneNumber" in said
        ended = [sent for sent in self.sent if sent.outcome and said.get("PhoneNumber", sent.to) == sent.to]
        if not mine:
            ended = [sent for sent in ended if not sent.what.get("pulled")]
        rows = []
        for sent in ended[said.get("Offset", 0) :][: said["Limit"]]:
            assert sent.outcome is not None
            sent.what["pulled"] = sent.what.get("pulled") or not mine
            rows.append(
                {
                    "UserReceiveTime": int(sent.at),
                    "CountryCode": "86",
                    "PhoneNumber": sent.to,
                    "SerialNo": sent.reference,
                    "ReportStatus": "SUCCESS" if sent.outcome[0] else "FAIL",
                    "Description": sent.outcome[1],
                    "SessionContext": sent.client_reference,
                }
            )
        return {"Response": {"PullSmsSendStatusSet": rows, "RequestId": "a0ec-23"}}

    def receipt(self, sent: Sent, delivered: bool, code: str, words: str) -> tuple[bytes, dict[str, str]]:
        row = {
            "user_receive_time": _china(sent.at),
            "nationcode": "86",
            "mobile": sent.to.removeprefix("+86"),
            "report_status": "SUCCESS" if delivered else "FAIL",
            "errmsg": code or ("DELIVRD" if delivered else "UNDELIV"),
            "description": words,
            "sid": sent.reference,
        }
        return json.dumps([row], ensure_ascii=False).encode(), {"Content-Type": "application/json"}


class FakeGateway(Fake):
    """The signed gateway, written from its description and not from our code. An id is sent once."""

    windows = [
        (MINUTE, Refuse("MINUTE", more={"kind": "limit", "wait": 60, "of_number": True})),
        (HOUR, Refuse("HOUR", more={"kind": "limit", "wait": 3600, "of_number": True})),
        (DAY, Refuse("DAY", more={"kind": "limit", "wait": 86_400, "of_number": True})),
    ]

    @property
    def url(self) -> str:
        return f"gateway+http://{KEY}:{quote(SECRET, safe='')}@{self.host}/sms"

    def signed(self, timestamp: str, method: str, target: str, body: bytes) -> str:
        return _hmac(SECRET.encode(), "\n".join([timestamp, method, target, _hex(body)])).hex()

    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        timestamp = seen.headers.get("x-duban-timestamp", "")
        wanted = self.signed(timestamp, seen.method, seen.target, seen.body)
        known = seen.headers.get("x-duban-key") == KEY
        if not known or seen.headers.get("x-duban-signature") != wanted or abs(time.time() - int(timestamp)) > 300:
            return 401, b"", {}
        return None

    def is_send(self, seen: Seen) -> bool:
        return seen.method == "POST"

    def take(self, seen: Seen, reference: str) -> Sent:
        said = seen.json
        return Sent(said["to"], reference, said["id"], said, self.now)

    def known(self, sent: Sent) -> Sent | None:
        return next((one for one in self.sent if one.client_reference == sent.client_reference), None)

    def accepted(self, sent: Sent) -> dict[str, Any]:
        return {"accepted": True, "reference": sent.reference}

    def refused(self, seen: Seen, act: Refuse) -> dict[str, Any]:
        return {"accepted": False, "code": act.code, "message": act.message, **act.more}

    def other(self, seen: Seen) -> dict[str, Any]:
        found = [sent for sent in self.sent if sent.client_reference == seen.query["id"]]
        if seen.path != "/sms/status" or not found:
            return {"known": False}
        known = {"known": True, "reference": found[0].reference}
        if found[0].outcome is not None:
            delivered, code = found[0].outcome
            known |= {"delivered": delivered, "code": code, "at": "2019-06-24T10:00:05+08:00"}
        return known

    def receipt(self, sent: Sent, delivered: bool, code: str, words: str) -> tuple[bytes, dict[str, str]]:
        row = {
            "id": sent.client_reference,
            "reference": sent.reference,
            "delivered": delivered,
            "code": code or ("DELIVRD" if delivered else "UNDELIV"),
            "at": "2019-06-24T10:00:05+08:00",
            "permanent": words == "空号",
        }
        body = json.dumps({"receipts": [row]}).encode()
        timestamp = str(int(time.time()))
        signature = self.signed(timestamp, "POST", "/receipts", body)
        return body, {"X-Duban-Key": KEY, "X-Duban-Timestamp": timestamp, "X-Duban-Signature": signature}


class FakeRobot(Fake):
    """What WeCom's and DingTalk's robots have in common."""

    def take(self, seen: Seen, reference: str) -> Sent:
        return Sent("", reference, "", seen.json, self.now)

    def accepted(self, sent: Sent) -> dict[str, Any]:
        return {"errcode": 0, "errmsg": "ok"}

    def refused(self, seen: Seen, act: Refuse) -> dict[str, Any]:
        return {"errcode": int(act.code), "errmsg": act.message}


class FakeWeCom(FakeRobot):
    windows = [(MINUTE, Refuse("45009", "api freq out of limit"))]

    @property
    def url(self) -> str:
        return f"wecom://{quote(SECRET, safe='')}@{self.host}?scheme=http"

    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        if seen.path == "/cgi-bin/webhook/send" and seen.query.get("key") == SECRET:
            return None
        return _json({"errcode": 93000, "errmsg": "invalid webhook url"})


class FakeDingTalk(FakeRobot):
    windows = [(MINUTE, Refuse("130101", "send too fast, exceed 20 times per minute"))]

    @property
    def url(self) -> str:
        return f"dingtalk://{KEY}:{quote(SECRET, safe='')}@{self.host}?scheme=http"

    def refuse_unsigned(self, seen: Seen) -> Answer | None:
        if seen.path != "/robot/send" or seen.query.get("access_token") != KEY:
            return _json({"errcode": 300005, "errmsg": "token is not exist"})
        moment = seen.query.get("timestamp", "0")
        wanted = base64.b64encode(_hmac(SECRET.encode(), f"{moment}\n{SECRET}")).decode()
        if seen.query.get("sign") != wanted or abs(time.time() - int(moment) / 1000) > 3600:
            return _json({"errcode": 310000, "errmsg": "sign not match"})
        return None


def _china(moment: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return time.strftime(form, time.gmtime(moment + 8 * HOUR))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: Fake

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.fake.respond(Seen(self.command, self.path, headers, self.rfile.read(length)))
        self.close_connection = True
        if answer is None:
            # A reset, not a polite end: what a firewall does to a connection it has forgotten.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        status, body, more = answer
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), "Connection": "close", **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked has given up

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a connection cut on purpose


# Every platform for SMS, as parameters of a fixture; two speak through an SDK that may not be there.
SMS = [
    pytest.param(FakeAliyun, id="aliyun", marks=pytest.mark.sdk),
    pytest.param(FakeTencent, id="tencent", marks=pytest.mark.sdk),
    pytest.param(FakeGateway, id="gateway"),
]


def needs_sdk(kind: type[Fake]) -> None:
    if kind is not FakeGateway and not (find_spec("alibabacloud_dysmsapi20170525") and find_spec("tencentcloud")):
        pytest.skip("the SDKs of requirements-sms.txt are not installed")


@contextmanager
def listening(fake: F) -> Iterator[F]:
    """On a free port of 127.0.0.1 in the block."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    fake.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.release.set()
        server.shutdown()
        server.server_close()
        thread.join(30)
