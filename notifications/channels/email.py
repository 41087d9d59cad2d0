"""E-mail by Django's mail backend, many mails over one connection."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from notifications.channels import ChannelError
from notifications.models import Message


class EmailChannel:
    def __init__(self) -> None:
        self._connection = get_connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, message: Message) -> str:
        address = message.recipient.email
        if not address:
            raise ChannelError(_("no e-mail address is known"), permanent=True)
        mail = EmailMessage(
            message.subject,
            message.body,
            settings.DEFAULT_FROM_EMAIL,
            [address],
            # The same for every try, so that a mail repeated after a crash can be told as one.
            headers={"Message-ID": f"<duban-{message.pk}@{_host()}>", "Auto-Submitted": "auto-generated"},
            connection=self._connection,
        )
        try:
            self._connection.open()
            mail.send()
        except ValueError as error:  # an address or a header no mail can carry
            raise ChannelError(f"{type(error).__name__}: {error}", permanent=True) from error
        except SMTPRecipientsRefused as error:
            code = max((code for code, _text in error.recipients.values()), default=0)
            raise ChannelError(str(error), permanent=code >= 500) from error
        except SMTPResponseException as error:
            raise ChannelError(f"{error.smtp_code} {error.smtp_error!r}", permanent=error.smtp_code >= 500) from error
        except (SMTPException, OSError) as error:
            self._connection.close()  # the next mail opens a new one
            raise ChannelError(f"{type(error).__name__}: {error}", permanent=False) from error
        return address


def _host() -> str:
    return settings.SITE_URL.split("//")[-1].split("/")[0].split(":")[0]
