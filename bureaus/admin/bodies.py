"""Bodies, their other names, and groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bureaus import calendars
from bureaus.admin.base import ByRole, FixedCodeAdmin, is_referred_to, person_url
from bureaus.models import (
    Bureau,
    BureauAlias,
    BureauGroup,
    Calendar,
    GroupMember,
    Membership,
)


def _check_validity(cleaned: dict[str, Any]) -> None:
    first, last = cleaned.get("valid_from"), cleaned.get("valid_to")
    if first and last and last < first:
        raise ValidationError({"valid_to": gettext("The last day lies before the first.")})


class BureauForm(forms.ModelForm):
    class Meta:
        model = Bureau
        fields = ["code", "name", "short_name", "level", "order", "calendar", "phone", "opens", "closes"]
        help_texts = {
            "calendar": _("None: the national calendar."),
            "opens": _(
                "The hours of working days (Beijing time) in which e-mails and SMS leave for its people. "
                "Empty: the hours of the house."
            ),
        }

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        other = Bureau.objects.filter(name=name).exclude(pk=self.instance.pk).first()
        if other:
            raise ValidationError(
                gettext("Another bureau has this name already (code %(code)s).") % {"code": other.code}
            )
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if bool(opens) != bool(closes):
            missing = "closes" if opens else "opens"
            raise ValidationError({missing: gettext("Fill in both hours, or neither.")})
        if opens and closes and opens >= closes:
            raise ValidationError({"closes": gettext("The hours end before they begin.")})
        return cleaned


class AliasForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        _check_validity(cleaned)
        name, own = cleaned.get("name"), self.instance.bureau_id
        other = Bureau.objects.filter(models.Q(name=name) | models.Q(aliases__name=name)).exclude(pk=own).first()
        if name and other:
            sentence = gettext("“%(name)s” already means %(bureau)s: a name can stand for one unit only.")
            raise ValidationError({"name": sentence % {"name": name, "bureau": other.name}})
        return cleaned


class AliasInline(ByRole, admin.TabularInline):
    model = BureauAlias
    form = AliasForm
    extra = 0


@admin.register(Bureau)
class BureauAdmin(FixedCodeAdmin):
    form = BureauForm
    list_display = ["short_name", "name", "code", "level", "calendar", "people"]
    list_filter = ["level", "calendar"]
    search_fields = ["name", "short_name", "code", "aliases__name"]
    ordering = ["order", "code"]
    fields = ["code", "name", "short_name", "level", "order", "calendar", "phone", "opens", "closes", "posts"]
    readonly_fields = ["posts"]
    inlines = [AliasInline]

    def notes(self, request: HttpRequest, obj: Bureau | None = None) -> Sequence[str]:
        return [
            gettext("The code cannot be changed later: plans and the addresses of work name the unit by it."),
            gettext(
                "Another calendar is an edit of the unit's days: its running dates that are counted in working days "
                "move within a few minutes; dates that the plan names or that somebody decided stay."
            ),
        ]

    def save_model(self, request: HttpRequest, obj: Bureau, form: Any, change: bool) -> None:
        above = calendars.highest_edition()
        super().save_model(request, obj, form, change)
        if change and "calendar" in form.changed_data:
            calendars.changed(obj.calendar or Calendar.objects.national(), above=above)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Bureau]:
        held = models.Q(memberships__until__isnull=True, memberships__user__is_active=True)
        return super().get_queryset(request).annotate(people=Count("memberships__user", filter=held, distinct=True))

    def has_delete_permission(self, request: HttpRequest, obj: Bureau | None = None) -> bool:
        """One by one, and only a unit nothing has to do with."""
        return super().has_delete_permission(request) and obj is not None and not self.is_used(obj)

    def is_used(self, bureau: Bureau) -> bool:
        return is_referred_to(bureau) or bureau.groups.exists()

    @admin.display(description=_("people in post"), ordering="people")
    def people(self, bureau: Bureau) -> int:
        return int(getattr(bureau, "people", 0))

    @admin.display(description=_("people in post"))
    def posts(self, bureau: Bureau) -> str:
        held = Membership.objects.current().filter(bureau=bureau).select_related("user").order_by("id")
        lines = [(person_url(post.user), post.user, post.get_role_display()) for post in held]
        return format_html_join("", '<div><a href="{}">{}</a> {}</div>', lines) if lines else gettext("nobody")


class GroupMemberForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        _check_validity(cleaned)
        return cleaned


class GroupMemberInline(ByRole, admin.TabularInline):
    model = GroupMember
    form = GroupMemberForm
    extra = 0


@admin.register(BureauGroup)
class BureauGroupAdmin(FixedCodeAdmin):
    list_display = ["name", "code", "who"]
    search_fields = ["name", "code"]
    fields = ["code", "name"]
    inlines = [GroupMemberInline]

    def notes(self, request: HttpRequest, obj: BureauGroup | None = None) -> Sequence[str]:
        return [gettext("A plan file reads the members when it is loaded; work already issued stays where it is.")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BureauGroup]:
        return super().get_queryset(request).prefetch_related("members")

    def has_delete_permission(self, request: HttpRequest, obj: BureauGroup | None = None) -> bool:
        return super().has_delete_permission(request) and obj is not None and not obj.members.exists()

    @admin.display(description=_("group members"))
    def who(self, group: BureauGroup) -> str:
        return "、".join(str(bureau) for bureau in group.members.all())
