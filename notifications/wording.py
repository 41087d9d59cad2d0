"""How notices fare, in words for a reader: channels, ways, outcomes, tries. No address is let out whole."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.clock import ZONE
from notifications.models import Attempt, Message, Receipt

CHANNELS = {"inbox": _("inbox"), "email": _("e-mail"), "sms": _("SMS")}
WAYS = {
    "smtp": _("Mail server"),
    "aliyun": _("SMS by Aliyun"),
    "tencent": _("SMS by Tencent"),
    "gateway": _("SMS gateway"),
    "wecom": _("WeCom group robot"),
    "dingtalk": _("DingTalk group robot"),
}
# What the sender and `still_wanted` write down in one word. Anything else is what a channel said itself:
# an address, or an error.
OUTCOMES = {
    "overtaken": _("a later change has taken its place"),
    "handed_over": _("somebody else has taken the matter over"),
    "settled": _("the matter was settled before it left"),
    "moved": _("the date was changed before it left"),
    "changed": _("the work had gone on before it left"),
    "left": _("the recipient has left"),
    "not_theirs": _("the recipient does not see this work any more"),
    "said_later": _("a later notice of the same date said it"),
    "switched_off": _("the recipient does not want it by this channel"),
    "unconfirmed": _("the provider never said whether it arrived"),
    "unknown": _("the sender was cut off; nobody knows whether it left"),
    "barred": _("the address was refused before: nothing goes there"),
    "asked": _("the sender was cut off; the provider says that it left"),
    "rehearsal": _("a rehearsal: nothing is sent"),
}
SHORT, WHOLE, EXACT = "%m-%d %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"

_Status = Message.Status


def channel(code: str) -> str:
    return str(CHANNELS.get(code, code))


def way(name: str) -> str:
    return str(WAYS.get(name, name))


def why(outcome: str) -> str:
    """What was written down as the outcome, in words; what a channel said, without what is somebody's."""
    return str(OUTCOMES.get(outcome) or plain(outcome))


def how_it_went(message: Message, dated: str = SHORT) -> str:
    """In one short sentence: what became of it, when, and why if there is a reason to give.

    `message.bundle` is read of what was folded, and should be at hand.
    """
    if message.channel == "inbox":
        if message.read_at:
            return gettext("read %(moment)s") % {"moment": _dated(message.read_at, dated)}
        if message.status in Message.GONE or (message.status == _Status.QUEUED and message.subject):
            return gettext("not read yet")
    said = message.get_status_display()
    if message.final_at:
        said = gettext("%(what)s %(moment)s") % {"what": said, "moment": _dated(message.final_at, dated)}
    remarks = [remark for remark in _remarks(message, dated) if remark]
    return said + gettext(": ") + gettext("; ").join(remarks) if remarks else said


def _remarks(message: Message, dated: str) -> list[str]:
    if message.status == _Status.QUEUED:
        return [why(message.outcome), _leaves(message, dated)]
    if message.status == _Status.BUNDLED:
        return [_leaves(message.bundle, dated) if message.bundle else ""]
    if message.status in Message.GONE:
        # Otherwise what a channel says of success is an address, or the number a provider gave it.
        known = str(OUTCOMES.get(message.outcome, ""))
        outside = gettext("urgent, outside the hours") if message.outside_hours else ""
        return [gettext("in one with other notices") if message.bundle_id else "", outside, known]
    return [why(message.outcome)]


def _leaves(message: Message, dated: str) -> str:
    if message.next_attempt_at is None:
        return ""
    return gettext("leaves from %(moment)s on") % {"moment": _dated(message.next_attempt_at, dated)}


def how_a_try_went(attempt: Attempt) -> str:
    """What became of one try, and what the other side said to it; of one that succeeded where it went."""
    if not attempt.outcome:
        return gettext("not ended yet")
    said = why(attempt.detail)
    if attempt.outcome == Attempt.Outcome.ACCEPTED:
        # A provider's number for it stands beside the message.
        said = masked(attempt.detail) or str(OUTCOMES.get(attempt.detail, ""))
    return attempt.get_outcome_display() + gettext(": ") + said if said else attempt.get_outcome_display()


def what_a_receipt_says(receipt: Receipt) -> str:
    said = _Status.DELIVERED.label if receipt.delivered else gettext("did not arrive")
    if receipt.code:
        said = gettext("%(what)s, code %(code)s") % {"what": said, "code": plain(receipt.code)}
    return str(said)


def _dated(moment: datetime, form: str) -> str:
    return f"{moment.astimezone(ZONE):{form}}"


_NUMBER = re.compile(r"\+?[\d ()-]{7,25}", re.ASCII)
_MAIL = re.compile(r"\S+@\S+")


def masked(address: str) -> str:
    """An address of which so much is left as its owner knows it by: w***@example.org. Empty if it is none."""
    if _MAIL.fullmatch(address):
        name, _at, host = address.rpartition("@")
        return f"{name[0]}***@{host}"
    if _NUMBER.fullmatch(address):
        digits = re.sub(r"\D", "", address)
        return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 10 else f"****{digits[-2:]}"
    return ""


_QUOTED = re.compile(r"""(['"“])([^'"“”]*)(['"”])""")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}")
_LONG_NUMBER = re.compile(r"\d[\d -]{5,}\d")


def plain(error: str) -> str:
    """The first line of an error, without what might be somebody's: addresses, long numbers, quoted values.

    Names of fields and classes stay. The whole of it is in the log.
    """
    line = error.strip().partition("\n")[0]
    line = _QUOTED.sub(lambda found: found[0] if _WORD.fullmatch(found[2]) else f"{found[1]}…{found[3]}", line)
    line = _LONG_NUMBER.sub("…", _MAIL.sub("…", line))
    return line[:160]
