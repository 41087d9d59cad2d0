"""What all pages of the administration share, and the list of what was done on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import NestedObjects
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bureaus.models import User


class ByRole:
    """Asks nothing but the site: Django's rows of permissions have no part in it."""

    admin_site: admin.AdminSite

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request)


class ReferenceAdmin(ByRole, admin.ModelAdmin):
    """A page of reference data. `notes` are said at its top: what a change does, and what it does not."""

    def notes(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"notes": self.notes(request)} | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["notes"] = self.notes(request, kwargs.get("obj"))
        return super().render_change_form(request, context, *args, **kwargs)


class LookAdmin(ReferenceAdmin):
    """Something to be looked at in a list; nothing can be written, and no row has a page of its own."""

    list_display_links = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> None:
        return None


class FixedCodeAdmin(ReferenceAdmin):
    """The code is chosen once: other things name the row by it."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["code"] if obj else [])]


def person_url(person: User) -> str:
    return reverse("admin:bureaus_user_change", args=[person.pk])


def is_referred_to(row: models.Model) -> bool:
    """Whether something that must not go with the row refers to it."""
    collector = NestedObjects(using=str(row._state.db))
    collector.collect([row])
    return bool(collector.protected)


@admin.register(LogEntry)
class ChangeAdmin(LookAdmin):
    list_display = ["action_time", "user", "content_type", "object_repr", "what"]
    list_filter = ["action_flag", "content_type"]
    list_select_related = ["user", "content_type"]
    search_fields = ["object_repr", "user__username"]
    date_hierarchy = "action_time"

    @admin.display(description=_("change"))
    def what(self, entry: LogEntry) -> str:
        return str(entry.get_change_message() or entry.get_action_flag_display())
