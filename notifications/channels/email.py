"""E-mail by Django's mail backend, many mails over one connection."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
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

    def __init__(self) -> None:
        self._connection = get_connection()
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
        mail = EmailMessage(
            message.subject,
            message.body,
            settings.DEFAULT_FROM_EMAIL,
            [address],
            headers=_headers(message),
            connection=self._connection,
        )
        try:
            self._connection.open()
        except (SMTPException, OSError) as error:
            self._connection.close()
            raise _down(_said(error)) from error
        try:
            mail.send()
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
