"""That a calendar link exists, and its end. The link itself is known to nobody but its person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bureaus import calendar_links, clock
from bureaus.admin.base import LookAdmin
from bureaus.models import CalendarLink


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in-force", _("in force")), ("revoked", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CalendarLink]) -> QuerySet[CalendarLink]:
        if self.value() in ("in-force", "revoked"):
            return queryset.filter(revoked_at__isnull=self.value() == "in-force")
        return queryset


@admin.register(CalendarLink)
class CalendarLinkAdmin(LookAdmin):
    list_display = ["user", "made_at", "last_read_at", "revoked_at"]
    list_filter = [StateFilter]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__name"]
    actions = ["revoke"]

    def notes(self, request: HttpRequest, obj: CalendarLink | None = None) -> Sequence[str]:
        return [
            gettext("People make these links themselves, on the page of their notices. No link can be seen here."),
            gettext(
                "A link opens the item numbers and dates of its person without signing in. Revoke it when it may have "
                "come into other hands; whoever leaves loses it at once."
            ),
        ]

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, links: QuerySet[CalendarLink]) -> None:
        ending = list(links.filter(revoked_at__isnull=True).select_related("user"))
        done = calendar_links.revoke(links, now=clock.now())
        for link in ending:
            self.log_change(request, link, gettext("Revoked."))
        sentence = ngettext("%(count)d link has been revoked.", "%(count)d links have been revoked.", done)
        self.message_user(request, sentence % {"count": done}, messages.SUCCESS if done else messages.WARNING)
