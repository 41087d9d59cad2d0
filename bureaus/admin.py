"""The administrator's pages for bodies, people with their posts, and calendars.

Who may enter is asked once, by the site (`config.admin`); whoever may enter may do what a page offers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import NestedObjects
from django.contrib.admin.widgets import AdminDateWidget
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserCreationForm
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from bureaus import calendars, clock
from bureaus.cast import UNIT_POSTS
from bureaus.models import (
    Bureau,
    BureauAlias,
    BureauGroup,
    Calendar,
    CalendarDay,
    GroupMember,
    Membership,
    Role,
    User,
)
from bureaus.working_days import MONDAY_TO_FRIDAY

# These count in one organ only: elsewhere a supervisor would see and decide everything all the same.
ONLY_IN = {Role.SUPERVISOR: "supervision", Role.SUPERVISION_HEAD: "supervision", Role.LEADER: "prefecture"}
ORGANS = frozenset(ONLY_IN.values())
# Posts of bureaus and counties. The two organs name theirs otherwise, and nobody would be told there.
UNIT_ROLES = frozenset({*UNIT_POSTS, Role.CLERK})
LONGEST_HOLIDAY = 31  # days; more is a slip in the year
PHONE = RegexValidator(r"^\+?[0-9 \-]{5,}$", _("Write a telephone number with digits only, such as 13800000000."))

admin.site.unregister(Group)  # what a person may do follows from the post, not from permission groups


# --- What all pages share ------------------------------------------------------------------------


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


def is_referred_to(row: models.Model) -> bool:
    """Whether something that must not go with the row refers to it."""
    collector = NestedObjects(using=str(row._state.db))
    collector.collect([row])
    return bool(collector.protected)


# --- Bodies --------------------------------------------------------------------------------------


def _check_validity(cleaned: dict[str, Any]) -> None:
    first, last = cleaned.get("valid_from"), cleaned.get("valid_to")
    if first and last and last < first:
        raise ValidationError({"valid_to": gettext("The last day lies before the first.")})


class BureauForm(forms.ModelForm):
    class Meta:
        model = Bureau
        fields = ["code", "name", "short_name", "level", "order", "calendar", "phone"]
        help_texts = {"calendar": _("None: the national calendar.")}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        other = Bureau.objects.filter(name=name).exclude(pk=self.instance.pk).first()
        if other:
            raise ValidationError(
                gettext("Another bureau has this name already (code %(code)s).") % {"code": other.code}
            )
        return name


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
    fields = ["code", "name", "short_name", "level", "order", "calendar", "phone", "posts"]
    readonly_fields = ["posts"]
    inlines = [AliasInline]

    def notes(self, request: HttpRequest, obj: Bureau | None = None) -> Sequence[str]:
        return [
            gettext("The code cannot be changed later: plans and the addresses of work name the unit by it."),
            gettext("Another calendar counts for dates set from now on; dates that already run stay as they are."),
        ]

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


# --- People and their posts ----------------------------------------------------------------------


def person_url(person: User) -> str:
    return reverse("admin:bureaus_user_change", args=[person.pk])


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
    """The person has left: no sign-in, no post, no session. Raises ValidationError for the last administrator."""
    posts = list(Membership.objects.filter(user=person, until__isnull=True))
    if are_last_administrators(posts):
        sentence = gettext("%(name)s is the last administrator: give somebody else that post first.")
        raise ValidationError(sentence % {"name": person})
    Membership.objects.filter(pk__in=[post.pk for post in posts]).update(until=on)
    person.is_active = False
    person.save(update_fields=["is_active"])
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


# --- Calendars -----------------------------------------------------------------------------------


def _read_anew(pks: Iterable[int]) -> None:
    """Say once that days were edited. The lock makes two edits at once count as two."""
    for calendar in Calendar.objects.select_for_update(of=("self",)).filter(pk__in=set(pks)).order_by("pk"):
        calendars.changed(calendar)


def _calendar_notes() -> list[str]:
    today = clock.today()
    notes = [
        gettext("Dates that are set from now on are counted with the edited days. A date that already runs stays."),
        gettext(
            "The next reminder of running work comes no earlier than it was planned before the edit; "
            "those after it are counted with the edited days."
        ),
    ]
    missing = calendars.uncovered_years(today, today + timedelta(days=366))
    if missing:
        sentence = gettext(
            "For %(years)s no holidays have been entered: Monday to Friday count there. The State Council "
            "gives notice of the next year's holidays around November."
        )
        notes.insert(0, sentence % {"years": "、".join(map(str, missing))})
    return notes


class CalendarForm(forms.ModelForm):
    def clean_base(self) -> Calendar | None:
        base: Calendar | None = self.cleaned_data["base"]
        layer = base
        seen: set[int] = set()
        while layer is not None and layer.pk not in seen:
            if layer.pk == self.instance.pk:
                raise ValidationError(gettext("A calendar cannot lie over itself, also not by way of others."))
            seen.add(layer.pk)
            layer = layer.base
        return base


@admin.register(Calendar)
class CalendarAdmin(FixedCodeAdmin):
    form = CalendarForm
    list_display = ["name", "code", "base", "entered", "units"]
    fields = ["code", "name", "base", "entered", "units"]
    readonly_fields = ["entered", "units"]
    actions = ["seed"]

    def notes(self, request: HttpRequest, obj: Calendar | None = None) -> Sequence[str]:
        return [
            *_calendar_notes(),
            gettext("A calendar that lies over another has its days, but for those entered in itself."),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Calendar | None = None) -> bool:
        """One by one, and only a calendar no unit counts by and no other lies over."""
        free = obj is not None and obj.code != "national" and not is_referred_to(obj)
        return super().has_delete_permission(request) and free

    def save_model(self, request: HttpRequest, obj: Calendar, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "base" in form.changed_data:
            _read_anew([obj.pk])

    @admin.display(description=_("calendar days"))
    def entered(self, calendar: Calendar) -> str:
        if calendar._state.adding:
            return "—"
        url = reverse("admin:bureaus_calendarday_changelist")
        years = sorted({day.year for day in calendar.days.values_list("date", flat=True)})
        span = f" ({years[0]}—{years[-1]})" if years else ""
        return format_html(
            '<a href="{}?calendar__id__exact={}">{}</a>{}', url, calendar.pk, calendar.days.count(), span
        )

    @admin.display(description=_("bureaus"))
    def units(self, calendar: Calendar) -> str:
        if calendar.code == "national":
            return gettext("every unit that names no other")
        return "、".join(str(bureau) for bureau in Bureau.objects.filter(calendar=calendar)) or "—"

    @admin.action(description=_("Enter the statutory days (national calendar)"))
    def seed(self, request: HttpRequest, chosen: QuerySet[Calendar]) -> None:
        national = Calendar.objects.national()
        if list(chosen) != [national]:
            sentence = gettext("Statutory days belong to “%(name)s”: choose it alone.")
            self.message_user(request, sentence % {"name": national}, messages.ERROR)
            return
        count = calendars.seed_statutory()
        if not count:
            sentence = gettext(
                "Nothing new: every statutory day this installation knows has been entered. A newer year "
                "comes with an upgrade of Duban, or is entered by hand."
            )
            self.message_user(request, sentence, messages.WARNING)
            return
        words = {"count": count}
        done = ngettext("%(count)d statutory day entered.", "%(count)d statutory days entered.", count) % words
        self.log_change(request, national, done)
        self.message_user(request, done, messages.SUCCESS)


class DayForm(forms.ModelForm):
    """One day, or when it is entered a whole holiday: every day up to `last` that the entry changes."""

    last = forms.DateField(
        label=_("last day"),
        required=False,
        widget=AdminDateWidget,
        help_text=_("Of a holiday of several days; only days that change by it are entered."),
    )
    days: Sequence[date] = ()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        calendar = self.instance.calendar if self.instance.pk else cleaned.get("calendar")
        first, kind = cleaned.get("date"), cleaned.get("kind")
        if calendar is None or first is None or not kind:
            return cleaned
        last = cleaned.get("last") or first
        if last < first:
            raise ValidationError({"last": gettext("The last day lies before the first.")})
        if (last - first).days >= LONGEST_HOLIDAY:
            raise ValidationError({"last": gettext("More than 31 days: is the year right?")})
        self.days = self._days_that_change(calendar, kind, first, last)
        known = calendar.days.filter(date__in=self.days).exclude(pk=self.instance.pk).values_list("date", flat=True)
        if known:
            listed = "、".join(day.isoformat() for day in known)
            raise ValidationError({"date": gettext("Entered already: %(days)s. Change those.") % {"days": listed}})
        cleaned["date"] = self.days[0]
        return cleaned

    def _days_that_change(self, calendar: Calendar, kind: str, first: date, last: date) -> list[date]:
        below = calendar.base.working_days() if calendar.base else MONDAY_TO_FRIDAY
        span = [first + timedelta(days=count) for count in range((last - first).days + 1)]
        works = kind == CalendarDay.Kind.WORK
        days = [day for day in span if below.is_working(day) != works]
        if days:
            return days
        words = {"day": first.isoformat(), "weekday": date_format(first, "l")}
        if works:
            sentence = gettext("%(day)s, %(weekday)s, is worked anyway: only a free day can become a working day.")
        else:
            sentence = gettext("%(day)s, %(weekday)s, is free anyway: only a working day can become free.")
        raise ValidationError({"date": sentence % words})


@admin.register(CalendarDay)
class CalendarDayAdmin(ReferenceAdmin):
    form = DayForm
    list_display = ["date", "weekday", "kind", "note", "calendar"]
    list_filter = ["calendar", "kind"]
    list_select_related = ["calendar"]
    search_fields = ["note", "date"]
    date_hierarchy = "date"
    ordering = ["-date"]
    list_per_page = 50

    def notes(self, request: HttpRequest, obj: CalendarDay | None = None) -> Sequence[str]:
        return _calendar_notes()

    def get_fields(self, request: HttpRequest, obj: CalendarDay | None = None) -> Any:
        return ["calendar", "date", "kind", "note"] if obj else ["calendar", "date", "last", "kind", "note"]

    def get_readonly_fields(self, request: HttpRequest, obj: CalendarDay | None = None) -> list[str]:
        return ["calendar"] if obj else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"calendar": Calendar.objects.national().pk} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for day in form.days[1:]:
            more = CalendarDay.objects.create(calendar=obj.calendar, date=day, kind=obj.kind, note=obj.note)
            self.log_addition(request, more, [{"added": {}}])
        _read_anew([obj.calendar_id])

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        super().delete_model(request, obj)
        _read_anew([obj.calendar_id])

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[CalendarDay]) -> None:
        edited = set(queryset.values_list("calendar_id", flat=True))
        super().delete_queryset(request, queryset)
        _read_anew(edited)

    @admin.display(description=_("weekday"))
    def weekday(self, day: CalendarDay) -> str:
        return date_format(day.date, "l")


# --- What administrators did ---------------------------------------------------------------------


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
