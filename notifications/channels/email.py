"""E-mail by Django's mail backend, many mails over one connection."""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from contextlib import suppress
from email.utils import formatdate, parseaddr
from functools import lru_cache
from smtplib import SMTP as Line
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    quoteaddr,
)
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import forbid_multi_line_headers, sanitize_address
from django.urls import reverse
from django.utils.translation import gettext as _

from bureaus import clock
from notifications import preferences, ways
from notifications.channels import Channel
from notifications.models import Message
from notifications.troubles import Trouble, Undelivered

SMTP = "smtp"


class EmailChannel(Channel):
    ways = (SMTP,)
    waits = True

    def __init__(self, connection: BaseEmailBackend | None = None) -> None:
        self._connection = connection or get_connection()
        self._works = False  # said once a pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, message: Message) -> str:
        address = message.recipient.email
        if not address:
            raise Undelivered(_("no e-mail address is known"), Trouble.MESSAGE)
        if settings.EMAIL_A_MINUTE and (wait := ways.take(SMTP, settings.EMAIL_A_MINUTE)):
            raise Undelivered(_("as many as it may in this minute have gone by it"), Trouble.CHANNEL, wait=wait)
        mail = mail_of(message)
        mail.connection = self._connection
        if not self._is_open:
            self.meanwhile()
        try:
            self._connection.open()
        except (SMTPException, OSError) as error:
            self._connection.close()
            raise _down(_said(error)) from error
        try:
            self._hand_over(mail, address)
        except ValueError as error:  # an address or a header no mail can carry
            raise Undelivered(_said(error), Trouble.MESSAGE) from error
        except SMTPRecipientsRefused as error:
            code, text = max(error.recipients.values())
            trouble = Trouble.ADDRESS if code >= 500 else Trouble.TEMPORARY
            # RFC 3463: 5.1.x is about the address itself, any other refusal may be about us.
            raise Undelivered(str(error), trouble, definite=b"5.1." in text[:8]) from error
        except SMTPSenderRefused as error:  # whoever it is for, the server takes nothing from us
            raise _down(_answer(error)) from error
        except SMTPResponseException as error:
            if error.smtp_code == 421:  # the server is about to close; any other of the four hundreds is about the mail
                self._connection.close()
                raise _down(_answer(error)) from error
            trouble = Trouble.MESSAGE if error.smtp_code >= 500 else Trouble.TEMPORARY
            raise Undelivered(_answer(error), trouble) from error
        except (SMTPException, OSError) as error:
            self._connection.close()  # the next mail opens a new one
            raise Undelivered(_said(error), Trouble.TEMPORARY) from error
        if not self._works:
            self._works = True
            ways.worked(SMTP)
        return address

    @property
    def _is_open(self) -> bool:
        return getattr(self._connection, "connection", None) is not None

    def _hand_over(self, mail: EmailMessage, address: str) -> None:
        """As smtplib's `sendmail` does it, with our own work done while the server does its: the last mail is written
        down, and this one put into words.

        Past Django's backend, which reads every address anew and folds every header twice.
        """
        line = getattr(self._connection, "connection", None)
        if not isinstance(line, Line):
            self.meanwhile()
            mail.send()
            return
        sent_by, sent_to = _sender(mail.from_email)[1], _recipient(address)
        line.ehlo_or_helo_if_needed()
        mail_from, rcpt_to = f"mail FROM:{quoteaddr(sent_by)}", f"rcpt TO:{quoteaddr(sent_to)}"
        in_one = line.has_extn("pipelining")  # RFC 2920
        # Neither holds the end of a line: what does is no address.
        line.send(f"{mail_from}\r\n{rcpt_to}\r\n" if in_one else f"{mail_from}\r\n")
        try:
            self.meanwhile()
            text = written(mail)
        except BaseException:
            self._connection.close()  # in the middle of a mail
            raise
        code, said = line.getreply()
        if code == 250 and not in_one:
            line.putcmd(rcpt_to)
        if code == 250 or in_one:
            taken, answer = line.getreply()
        if code != 250:
            _give_up(line, code)
            raise SMTPSenderRefused(code, said, sent_by)
        if taken not in (250, 251):
            _give_up(line, taken)
            raise SMTPRecipientsRefused({sent_to: (taken, answer)})
        code, said = line.data(text)
        if code != 250:
            _give_up(line, code)
            raise SMTPDataError(code, said)


def _recipient(address: str) -> str:
    """Raises ValueError for what is no address. To read one in all its forms takes long, and most are plain."""
    return address if _PLAIN.fullmatch(address) else sanitize_address(address, "utf-8")


_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


def _give_up(line: Line, code: int) -> None:
    """The next mail must begin anew; a server that is about to close says nothing more."""
    if code == 421:
        line.close()
        return
    with suppress(SMTPServerDisconnected):
        line.rset()


def mail_of(message: Message) -> EmailMessage:
    """The mail a message becomes."""
    return EmailMessage(
        message.subject,
        message.body,
        settings.DEFAULT_FROM_EMAIL,
        [message.recipient.email],
        headers=_headers(message),
    )


def written(mail: EmailMessage) -> bytes:
    """A plain text mail as it goes over the line. Raises ValueError for a header no mail can carry."""
    headers = {"To": ", ".join(mail.to), "Date": formatdate()} | mail.extra_headers
    lines = [f"Subject: {_subject(str(mail.subject))}", f"From: {_sender(mail.from_email)[0]}"]
    lines += [": ".join(forbid_multi_line_headers(name, str(value), "utf-8")) for name, value in headers.items()]
    lines += ["MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"', "Content-Transfer-Encoding: base64"]
    head = "\n".join(lines).replace("\n", "\r\n").encode("ascii")
    body = encodebytes(mail.body.replace("\n", "\r\n").encode())
    return head + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")


def _subject(said: str) -> str:
    """As encoded words of RFC 2047, each of whole characters and at most 75 long."""
    if "\n" in said or "\r" in said or said.isascii():
        return forbid_multi_line_headers("Subject", said, "utf-8")[1]
    words, word = [], b""
    for character in said:
        more = character.encode()
        if len(word) + len(more) > 45:
            words.append(word)
            word = b""
        word += more
    return "\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in [*words, word])


@lru_cache(8)
def _sender(address: str) -> tuple[str, str]:
    """(as a header, as the address alone). Raises ValueError."""
    return forbid_multi_line_headers("From", address, "utf-8")[1], parseaddr(sanitize_address(address, "utf-8"))[1]


def message_id(message: Message) -> str:
    """The same for every try, so that a mail repeated after a crash can be told as one."""
    host = settings.SITE_URL.split("//")[-1].split("/")[0].split(":")[0]
    return f"<duban-{message.pk}@{host}>"


def _headers(message: Message) -> dict[str, str]:
    headers = {"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"}
    # RFC 8058 wants HTTPS; and what somebody has to do nobody can be unsubscribed from.
    if settings.SITE_URL.startswith("https://") and preferences.may_be_switched_off(message):
        address = settings.SITE_URL + reverse("unsubscribe", args=[preferences.token(message.recipient_id)])
        headers |= {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


def _down(said: str) -> Undelivered:
    """Whoever a mail is for, this server takes nothing from us now."""
    wait = ways.failed(SMTP, said) - clock.real_now()
    return Undelivered(said, Trouble.CHANNEL, wait=wait)


def _answer(error: SMTPResponseException) -> str:
    return f"{error.smtp_code} {error.smtp_error!r}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
