"""Who people are, where they sit, and which days they work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Self

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.working_days import WorkingDays


class Role(models.TextChoices):
    OFFICER = "officer", _("officer")
    CLERK = "clerk", _("clerk")
    SECTION_HEAD = "section_head", _("section head")
    UNIT_LEADER = "unit_leader", _("leader in charge")
    CHIEF = "chief", _("chief")
    SUPERVISOR = "supervisor", _("supervisor")
    SUPERVISION_HEAD = "supervision_head", _("head of the supervision office")
    LEADER = "leader", _("prefecture leader in charge")
    INSPECTOR = "inspector", _("inspector")
    ADMINISTRATOR = "administrator", _("administrator")
    AUDITOR = "auditor", _("auditor")


class User(AbstractUser):
    """A person who may sign in. People leave; their rows and what they did stay (see `leave`)."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = models.CharField(_("sign-in name"), max_length=150, unique=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=60, blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """People are never deleted: the history of work names them. Deactivate instead."""
        raise models.ProtectedError(str(_("A person is never deleted; mark the account as left instead.")), {self})


class CalendarQuerySet(models.QuerySet["Calendar"]):
    def national(self) -> Calendar:
        """The calendar of a unit that names none of its own."""
        return self.get_or_create(code="national", defaults={"name": str(_("National working calendar"))})[0]


class Calendar(models.Model):
    """The working days of some units. One may lie over another and change single days of it."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=60)
    base = models.ForeignKey("self", models.PROTECT, null=True, blank=True, verbose_name=_("lies over"))
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    # The edition (see `edition`) that running dates have been brought to, and when the last edit was made.
    applied = models.PositiveIntegerField(default=0, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CalendarQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")

    def __str__(self) -> str:
        return self.name

    @property
    def layers(self) -> list[Calendar]:
        """This calendar and those it lies over, from the top down."""
        found: list[Calendar] = []
        layer: Calendar | None = self
        while layer is not None and layer not in found:
            found.append(layer)
            layer = layer.base
        return found

    @property
    def edition(self) -> int:
        """Rises with every edit of this calendar or of one below it: what a date was counted with."""
        return sum(layer.version for layer in self.layers)

    def working_days(self) -> WorkingDays:
        """The day table as the pure arithmetic wants it: own days over those of the calendar below."""
        kinds: dict[date, str] = {}
        years: set[int] = set()
        for layer in reversed(self.layers):
            rows = layer.days.values_list("date", "kind")
            kinds.update(rows)
            if layer.base_id is None:
                years.update(day.year for day, _kind in rows)
        return WorkingDays(
            off=frozenset(day for day, kind in kinds.items() if kind == CalendarDay.Kind.OFF),
            work=frozenset(day for day, kind in kinds.items() if kind == CalendarDay.Kind.WORK),
            years=frozenset(years),
        )


class CalendarDay(models.Model):
    """A weekday that is free, or a Saturday or Sunday that is worked (调休). Other days need no row."""

    class Kind(models.TextChoices):
        OFF = "off", _("free")
        WORK = "work", _("working day")

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days", verbose_name=_("calendar"))
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    note = models.CharField(_("note"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendar_day_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.get_kind_display()}"


class Bureau(models.Model):
    """A unit that can be given work: a prefecture bureau, a county government, or an organ of the prefecture."""

    class Level(models.TextChoices):
        PREFECTURE = "prefecture", _("prefecture bureau")
        COUNTY = "county", _("county")
        ORGAN = "organ", _("organ of the prefecture")

    code = models.CharField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)
    short_name = models.CharField(_("short name"), max_length=30)
    level = models.CharField(_("level"), max_length=12, choices=Level)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    calendar = models.ForeignKey(Calendar, models.PROTECT, null=True, blank=True, verbose_name=_("calendar"))
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    # The hours of its working days in which notices leave for its people; none: those of the house.
    opens = models.TimeField(_("notices leave from"), null=True, blank=True)
    closes = models.TimeField(_("notices leave until"), null=True, blank=True)

    class Meta:
        verbose_name = _("bureau")
        verbose_name_plural = _("bureaus")
        ordering = ["order", "code"]

    def __str__(self) -> str:
        return self.short_name

    @property
    def is_county(self) -> bool:
        return self.level == self.Level.COUNTY


class BureauAlias(models.Model):
    """Another way a document writes a unit's name, with the days on which it was so called."""

    bureau = models.ForeignKey(Bureau, models.CASCADE, related_name="aliases", verbose_name=_("bureau"))
    name = models.CharField(_("name as written"), max_length=60)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        constraints = [models.UniqueConstraint(fields=["bureau", "name"], name="alias_once")]

    def __str__(self) -> str:
        return self.name


class BureauGroup(models.Model):
    """Units a document names as one, such as 相关县（市）人民政府."""

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name"), max_length=60)
    members = models.ManyToManyField(Bureau, through="GroupMember", related_name="groups")

    class Meta:
        verbose_name = _("group of bureaus")
        verbose_name_plural = _("groups of bureaus")

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    group = models.ForeignKey(BureauGroup, models.CASCADE, verbose_name=_("group"))
    bureau = models.ForeignKey(Bureau, models.CASCADE, verbose_name=_("bureau"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints = [models.UniqueConstraint(fields=["group", "bureau"], name="group_member_once")]

    def __str__(self) -> str:
        return str(self.bureau)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> Self:
        """Posts held now, by people who have not left."""
        return self.filter(until__isnull=True, user__is_active=True)


class Membership(models.Model):
    """A person's post in a unit. A post given up keeps its row, with its last day."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships", verbose_name=_("person"))
    bureau = models.ForeignKey(Bureau, models.PROTECT, related_name="memberships", verbose_name=_("bureau"))
    role = models.CharField(_("role"), max_length=20, choices=Role)
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["bureau__order", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "bureau", "role"], condition=Q(until__isnull=True), name="post_once"
            )
        ]
        # Read when a rung looks for the people of its audience.
        indexes = [models.Index(fields=["bureau", "role"], name="post_role")]

    def __str__(self) -> str:
        return f"{self.bureau}·{self.get_role_display()}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def on(self, day: date) -> Self:
        """Absences that cover the day and have not been taken back."""
        return self.filter(first_day__lte=day, last_day__gte=day, withdrawn_at__isnull=True)

    def ending_from(self, day: date | None) -> Self:
        """Absences that cover the day or come later; all of them without a day."""
        found = self.filter(withdrawn_at__isnull=True)
        return found.filter(last_day__gte=day) if day else found


class Absence(models.Model):
    """Somebody is away from the first to the last day; the deputy is told and acts on their behalf."""

    user = models.ForeignKey(User, models.PROTECT, related_name="absences", verbose_name=_("person"))
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    deputy = models.ForeignKey(User, models.PROTECT, related_name="stands_in", verbose_name=_("deputy"))
    note = models.CharField(_("note"), max_length=100, blank=True)
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    recorded_at = models.DateTimeField(_("recorded at"))
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-first_day", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=models.F("first_day")), name="absence_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~Q(user=models.F("deputy")), name="nobody_is_their_own_deputy"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.first_day}—{self.last_day}"


class CalendarLink(models.Model):
    """A secret address under which a person's calendar reads their dates (see bureaus.calendar_links).

    Nobody signs in there: whoever has the address reads the dates. It is shown once; only its hash is kept.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="calendar_links", verbose_name=_("person"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("made at"))
    last_read_at = models.DateTimeField(_("last read at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("calendar link")
        verbose_name_plural = _("calendar links")
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(revoked_at__isnull=True), name="one_calendar_link")
        ]

    def __str__(self) -> str:
        return str(self.user)


class Heartbeat(models.Model):
    """The last sign of life of a component, and the latest database time it has seen (see bureaus.heartbeat)."""

    component = models.CharField(_("component"), max_length=30, unique=True)
    seen_at = models.DateTimeField(_("seen at"))
    # The last time it came to its end without a failure.
    well_at = models.DateTimeField(_("well at"), null=True, blank=True)
    # The highest database time seen: it must not go back.
    high = models.DateTimeField(_("latest time seen"))
    # Nothing leaves the house until a person has looked: why (empty: nothing is held), and since when.
    held = models.CharField(_("held because"), max_length=20, blank=True)
    held_since = models.DateTimeField(_("held since"), null=True, blank=True)
    # The end of an outage that is still being caught up with, and how long it lasted.
    catching_up_since = models.DateTimeField(_("catching up since"), null=True, blank=True)
    outage = models.DurationField(_("outage"), null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.component


class ClockSetting(models.Model):
    """How far the domain's clock stands from the database's: zero in real use (one row)."""

    offset = models.DurationField(default=timedelta)
    is_made = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clock")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_clock")]

    def __str__(self) -> str:
        return str(self.offset)
