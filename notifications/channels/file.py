"""SMS written to a file under `var/outgoing/sms`: the channel of a house without a provider."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from bureaus import clock
from notifications.channels import Channel
from notifications.models import Message
from notifications.troubles import Trouble, Undelivered


class FileChannel(Channel):
    def send(self, message: Message) -> str:
        phone = message.recipient.phone
        if not phone:
            raise Undelivered(_("no phone number is known"), Trouble.MESSAGE)
        folder = settings.OUTGOING / "sms"
        moment = clock.now().astimezone(clock.ZONE)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"{moment:%Y-%m-%d}.txt").open("a", encoding="utf-8") as file:
                file.write(f"{moment:%H:%M}\t{phone}\t{message.body}\n")
        except OSError as error:
            raise Undelivered(str(error), Trouble.TEMPORARY) from error
        return phone
