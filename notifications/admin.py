"""How e-mails and text messages got through: who and when, never what was written."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus.admin.base import LookAdmin, person_url
from notifications import wording
from notifications.models import Message


@admin.register(Message)
class DeliveryAdmin(LookAdmin):
    """Subject, text and reason speak of work, which an administrator does not see."""

    list_display = ["created_at", "person", "by", "status", "attempts", "how_it_went", "final_at"]
    list_filter = ["status", "channel"]
    search_fields = ["recipient__username", "recipient__name"]
    list_select_related = ["recipient"]
    date_hierarchy = "created_at"
    show_full_result_count = False

    def notes(self, request: HttpRequest, obj: Message | None = None) -> Sequence[str]:
        return [
            gettext("Only how e-mails and text messages got through; nothing of what they say."),
            gettext(
                "The address or number of a person is changed on the person's page and counts from the next notice."
            ),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).exclude(channel="inbox")

    @admin.display(description=_("channel"), ordering="channel")
    def by(self, message: Message) -> str:
        return wording.channel(message.channel)

    @admin.display(description=_("recipient"), ordering="recipient__username")
    def person(self, message: Message) -> str:
        return format_html('<a href="{}">{}</a>', person_url(message.recipient), message.recipient)

    @admin.display(description=_("outcome"), ordering="outcome")
    def how_it_went(self, message: Message) -> str:
        return str(wording.OUTCOMES.get(message.outcome, message.outcome))
