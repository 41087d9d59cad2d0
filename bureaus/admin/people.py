"""People, the posts they hold, and those who leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bureaus import calendar_links, clock
from bureaus.admin.base import ByRole, LookAdmin, ReferenceAdmin, person_url
from bureaus.cast import UNIT_POSTS
from bureaus.models import (
    Bureau,
    CalendarLink,
    Membership,
    Role,
    User,
)

# These count in one organ only: elsewhere a supervisor would see and decide everything all the same.
ONLY_IN = {Role.SUPERVISOR: "supervision", Role.SUPERVISION_HEAD: "supervision", Role.LEADER: "prefecture"}
ORGANS = frozenset(ONLY_IN.values())
# Posts of bureaus and counties. The two organs name theirs otherwise, and nobody would be told there.
UNIT_ROLES = frozenset({*UNIT_POSTS, Role.CLERK})
PHONE = RegexValidator(r"^\+?[0-9 \-]{5,}$", _("Write a telephone number with digits only, such as 13800000000."))

admin.site.unregister(Group)  # what a person may do follows from the post, not from permission groups


def are_last_administrators(ending: Iterable[Membership]) -> bool:
    """Whether nobody would administer once these posts are given up.

    The posts that are left stay locked until the transaction ends: of two administrators who end
    each other's post, the second is refused.
    """
    gone = {post.pk for post in ending if post.role == Role.ADMINISTRATOR}
    held = Membership.objects.current().filter(role=Role.ADMINISTRATOR).select_for_update(of=("self",))
    return bool(gone) and not {post.pk for post in held} - gone


@transaction.atomic
def leave(person: User, *, on: date) -> None:
    """The person has left: no sign-in, no post, no session, no calendar link.

    Raises ValidationError for the last administrator.
    """
    posts = list(Membership.objects.filter(user=person, until__isnull=True))
    if are_last_administrators(posts):
        sentence = gettext("%(name)s is the last administrator: give somebody else that post first.")
        raise ValidationError(sentence % {"name": person})
    Membership.objects.filter(pk__in=[post.pk for post in posts]).update(until=on)
    person.is_active = False
    person.save(update_fields=["is_active"])
    calendar_links.revoke(CalendarLink.objects.filter(user=person), now=clock.now())
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            session.delete()


class PostForm(forms.ModelForm):
    """A post: what it is stays once it is entered, and when it has ended nothing of it changes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["since"].initial = clock.today
            return
        fixed = ["bureau", "role"] if self.initial.get("until") is None else list(self.fields)
        for name in fixed:
            self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if self.has_changed():
            for name, day in (("since", since), ("until", until)):
                if day and day > clock.today():
                    # A post counts from the entry on, and no longer once it has a last day.
                    raise ValidationError({name: gettext("This day has not come yet; enter it on the day itself.")})
        if since and until and until < since:
            raise ValidationError({"until": gettext("The last day lies before the first.")})
        bureau, role = cleaned.get("bureau"), cleaned.get("role")
        if bureau and role and self.instance.pk is None:
            self._check_place(bureau, role)
        return cleaned

    def _check_place(self, bureau: Bureau, role: str) -> None:
        words = {"role": Role(role).label, "bureau": bureau}
        if role in ONLY_IN and bureau.code != ONLY_IN[Role(role)]:
            home = Bureau.objects.filter(code=ONLY_IN[Role(role)]).first()
            sentence = gettext("The post “%(role)s” belongs to %(home)s, not to %(bureau)s.")
            raise ValidationError({"role": sentence % (words | {"home": home or "—"})})
        if role in UNIT_ROLES and bureau.code in ORGANS:
            raise ValidationError({"role": gettext("There is no post “%(role)s” in %(bureau)s.") % words})


class PostFormSet(forms.BaseInlineFormSet):
    """A person's posts together: none twice at a time, and no last administrator gone."""

    def clean(self) -> None:
        super().clean()
        posts = [form.instance for form in self.forms if form.is_valid() and self._says_something(form)]
        new = [post for post in posts if post.pk is None]
        if new and self.instance.pk and not self.instance.is_active:
            raise ValidationError(
                gettext("%(name)s has left: let the account come back first.") % {"name": self.instance}
            )
        for post in new:
            if any(other is not post and _overlap(post, other) for other in posts):
                sentence = gettext("%(post)s is held already in these days: end the earlier post first.")
                raise ValidationError(sentence % {"post": post})
        ended = [form.instance for form in self.initial_forms if "until" in form.changed_data]
        if are_last_administrators(ended):
            raise ValidationError(
                gettext("This is the last administrator: give somebody else that post before this one ends.")
            )

    def _says_something(self, form: forms.ModelForm) -> bool:
        return form.instance.pk is not None or form.has_changed()


def _overlap(one: Membership, other: Membership) -> bool:
    """The same post, twice on one day; a post may begin on the day on which an earlier one ended."""
    if (one.bureau_id, one.role) != (other.bureau_id, other.role):
        return False
    first, second = sorted((one, other), key=lambda post: post.since or date.min)
    return first.until is None or first.until > (second.since or date.min)


class PostInline(ByRole, admin.TabularInline):
    model = Membership
    form = PostForm
    formset = PostFormSet
    fields = ["bureau", "role", "since", "until"]
    ordering = [models.F("until").desc(nulls_first=True), "id"]  # posts held now first
    extra = 1
    can_delete = False
    verbose_name = _("post")
    verbose_name_plural = _("posts")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PasswordForm(AdminPasswordChangeForm):
    """A new password, always: an account is shut by marking it as left."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        self.fields["password1"].required = self.fields["password2"].required = True


@admin.register(User)
class PersonAdmin(ReferenceAdmin, UserAdmin):
    add_form_template = None
    add_form = UserCreationForm
    change_password_form = PasswordForm
    change_user_password_template = "admin/bureaus/user/password.html"
    list_display = ["username", "name", "posts", "in_service", "last_login"]
    list_filter = ["is_active", "memberships__role", "memberships__bureau"]
    search_fields = ["username", "name", "email", "phone"]
    ordering = ["username"]
    filter_horizontal = []
    inlines = [PostInline]
    actions = ["mark_as_left", "come_back"]
    readonly_fields = ["in_service", "signs_in", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "name", "email", "phone"]}),
        (_("Account"), {"fields": ["in_service", "signs_in", "last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "email", "phone"]}),
        (_("Password"), {"fields": ["password1", "password2"]}),
    ]

    def notes(self, request: HttpRequest, obj: User | None = None) -> Sequence[str]:
        return [
            gettext("People are never deleted: the history of work names them."),
            gettext(
                "Somebody who leaves is marked as left, by an action of the list of people: sign-in, posts and "
                "sessions end at once. What a post may do follows from its role."
            ),
            gettext("Without an e-mail address or a telephone number notices reach a person in the inbox only."),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        current = Membership.objects.current().select_related("bureau")
        return super().get_queryset(request).prefetch_related(models.Prefetch("memberships", current, "current_posts"))

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name == "phone":
            field.validators.append(PHONE)
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("posts"))
    def posts(self, person: User) -> str:
        return "、".join(str(post) for post in getattr(person, "current_posts", ()))

    @admin.display(description=_("in service"), ordering="is_active", boolean=True)
    def in_service(self, person: User) -> bool:
        return person.is_active

    @admin.display(description=_("Password"))
    def signs_in(self, person: User) -> str:
        has_one = gettext("has been set") if person.has_usable_password() else gettext("none yet: cannot sign in")
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('{} · <a href="{}">{}</a>', has_one, url, gettext("Set a password"))

    def open_work(self, person: User) -> Sequence[tuple[Bureau, int]]:
        """How much open work of which units names the person. Told by the app that knows what work is."""
        return ()

    def gave_up_posts(self, request: HttpRequest, person: User) -> None:
        """Posts of this person have just ended. What follows for work is told by the app that knows it."""

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if any("until" in fields for _post, fields in formset.changed_objects):
            self.gave_up_posts(request, form.instance)

    @admin.action(description=_("Mark as left"))
    def mark_as_left(self, request: HttpRequest, people: QuerySet[User]) -> HttpResponse | None:
        """Shows what will happen; does it when that page says so."""
        leaving = [person for person in people if person.is_active]
        if not leaving:
            self.message_user(request, gettext("They have all left before."), messages.WARNING)
            return None
        if "confirmed" in request.POST:
            try:
                with transaction.atomic():
                    for person in leaving:
                        leave(person, on=clock.today())
                        self.log_change(request, person, gettext("Marked as left."))
                        self.gave_up_posts(request, person)
            except ValidationError as refused:
                self.message_user(request, " ".join(refused.messages), messages.ERROR)
                return None
            for person in leaving:
                self._tell_left(request, person)
            return None
        shown = [(person, list(getattr(person, "current_posts", ())), self.open_work(person)) for person in leaving]
        context = self.admin_site.each_context(request) | {
            "title": gettext("Mark as left"),
            "opts": self.opts,
            "leaving": shown,
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/bureaus/user/leave.html", context)

    def _tell_left(self, request: HttpRequest, person: User) -> None:
        self.message_user(request, gettext("%(name)s has been marked as left.") % {"name": person}, messages.SUCCESS)
        for bureau, count in self.open_work(person):
            sentence = ngettext(
                "%(bureau)s: %(count)d open task names %(name)s; the unit names somebody else.",
                "%(bureau)s: %(count)d open tasks name %(name)s; the unit names somebody else.",
                count,
            )
            words = {"bureau": bureau, "count": count, "name": person}
            self.message_user(request, sentence % words, messages.WARNING)

    @admin.action(description=_("Let come back"))
    def come_back(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for person in people.filter(is_active=False):
            person.is_active = True
            person.save(update_fields=["is_active"])
            self.log_change(request, person, gettext("Came back."))
            sentence = gettext("%(name)s can sign in again. Posts are given anew, on the person's page.")
            self.message_user(request, sentence % {"name": person}, messages.SUCCESS)


class HeldFilter(admin.SimpleListFilter):
    title = _("held")
    parameter_name = "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("now", _("now")), ("ended", _("ended"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> QuerySet[Membership]:
        if self.value() == "now":
            return queryset.filter(until__isnull=True)
        return queryset.filter(until__isnull=False) if self.value() == "ended" else queryset


@admin.register(Membership)
class PostAdmin(LookAdmin):
    list_display = ["bureau", "role", "person", "since", "until"]
    list_filter = [HeldFilter, "role", "bureau"]
    list_select_related = ["bureau", "user"]
    search_fields = ["user__username", "user__name"]
    ordering = ["bureau__order", "bureau__code", "id"]

    def notes(self, request: HttpRequest, obj: Membership | None = None) -> Sequence[str]:
        return [
            gettext("Posts are given and ended on the person's page."),
            gettext("Where nobody holds a post, its notices go to the post above it, and say so."),
        ]

    @admin.display(description=_("person"), ordering="user__username")
    def person(self, post: Membership) -> str:
        return format_html('<a href="{}">{}</a>', person_url(post.user), post.user)
