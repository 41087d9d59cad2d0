"""Who lives where: households, persons, who belongs to whom and since when, and who follows a scattered household."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau, User
from ledger.encryption import EncryptedTextField
from ledger.models.base import Kept
from measures.models import Site

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is taken for another


def new_code() -> str:
    """A code that tells nothing about its person: ten letters and digits."""
    return "".join(_LETTERS[byte % len(_LETTERS)] for byte in secrets.token_bytes(10))  # 32 letters: all as likely


class Household(Kept):
    """One resettled household (搬迁户)."""

    class Kind(models.TextChoices):
        CONCENTRATED = "concentrated", pgettext_lazy("ledger", "concentrated")
        SCATTERED = "scattered", pgettext_lazy("ledger", "scattered")

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        EXITED = "exited", _("exited")
        MERGED = "merged", _("merged into another")

    code = models.CharField(_("household code"), max_length=20)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="households", verbose_name=_("county"))
    township = models.CharField(_("township"), max_length=40, blank=True)
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="households", verbose_name=_("resettlement site")
    )
    resettlement = models.CharField(_("kind of resettlement"), max_length=12, choices=Kind, blank=True)
    resettled_on = models.DateField(_("resettled on"), null=True, blank=True)
    expected_members = models.PositiveSmallIntegerField(_("members by the roster"), null=True, blank=True)
    on_roster = models.BooleanField(_("on the official roster"), default=True)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.ACTIVE)
    status_on = models.DateField(pgettext_lazy("ledger", "since"), null=True, blank=True)
    status_reason = models.CharField(_("reason"), max_length=200, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    # The last day somebody said that all of it is still true.
    confirmed_on = models.DateField(_("confirmed unchanged on"), null=True, blank=True)

    class Meta:
        verbose_name = _("household")
        verbose_name_plural = pgettext_lazy("ledger", "households")
        ordering = ["county__order", "code"]
        constraints = [models.UniqueConstraint(fields=["county", "code"], name="household_code_once")]
        indexes = [models.Index(fields=["county", "status"], name="household_of_county")]

    def __str__(self) -> str:
        return self.code


class HouseholdEvent(models.Model):
    """What happened to a household: never changed, never removed."""

    class Kind(models.TextChoices):
        CREATED = "created", _("entered")
        SPLIT = "split", _("split")
        MERGED = "merged", _("merged")
        MOVED = "moved", _("moved to another county or site")
        JOINED = "joined", _("a person joined")
        LEFT = "left", _("a person left")
        EXITED = "exited", _("left the ledger")
        RETURNED = "returned", _("back in the ledger")

    household = models.ForeignKey(Household, models.PROTECT, related_name="events", verbose_name=_("household"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    on = models.DateField(_("on"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("ledger", "by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("event of a household")
        verbose_name_plural = _("events of households")
        ordering = ["on", "id"]

    def __str__(self) -> str:
        return f"{self.household} {self.get_kind_display()}"


class PersonQuerySet(models.QuerySet["Person"]):
    def living_here(self) -> Self:
        """Those the ledger is about now: not moved away, dead, or the double of another."""
        return self.filter(status=Person.Status.ACTIVE)


class Person(Kept):
    """One member of a resettled household. Age is never kept: it follows from the day of birth."""

    class Sex(models.TextChoices):
        MALE = "male", pgettext_lazy("sex", "male")
        FEMALE = "female", pgettext_lazy("sex", "female")

    class Education(models.TextChoices):
        NONE = "none", _("no schooling")
        PRIMARY = "primary", _("primary school")
        JUNIOR = "junior", _("junior middle school")
        SENIOR = "senior", _("senior middle school")
        VOCATIONAL = "vocational", _("vocational school")
        COLLEGE = "college", _("college or above")

    class Health(models.TextChoices):
        HEALTHY = "healthy", _("healthy")
        CHRONIC = "chronic", _("chronic illness")
        SERIOUS = "serious", _("serious illness")
        DISABLED = "disabled", _("disabled")

    class Labour(models.TextChoices):
        ORDINARY = "ordinary", _("able to work")
        SKILLED = "skilled", _("able to work, skilled")
        LOST = "lost", _("lost the ability to work")
        NONE = "none", _("not able to work")

    class School(models.TextChoices):
        ATTENDING = "attending", _("at school")
        LEFT_JUNIOR = "left_junior", _("left junior middle school without going on")
        LEFT_SENIOR = "left_senior", _("left senior middle school without going on")
        OVER = "over", _("schooling over")

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        MOVED = "moved_out", _("moved away")
        DECEASED = "deceased", _("deceased")
        DUPLICATE = "duplicate", _("entered twice")

    class YesNo(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")

    code = models.CharField(_("person code"), max_length=10, unique=True, default=new_code, editable=False)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="persons", verbose_name=_("county"))
    name = models.CharField(pgettext_lazy("person", "name"), max_length=60)
    sex = models.CharField(_("sex"), max_length=6, choices=Sex, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    id_number = EncryptedTextField(_("resident ID number"), null=True, blank=True)
    # By which a number is found without being readable (`ledger.blind`).
    id_index = models.CharField(max_length=64, unique=True, null=True, editable=False)
    phone = EncryptedTextField(_("phone"), null=True, blank=True)
    phone_index = models.CharField(max_length=64, null=True, db_index=True, editable=False)
    education = models.CharField(_("education"), max_length=12, choices=Education, blank=True)
    school = models.CharField(_("schooling"), max_length=12, choices=School, blank=True)
    skills = models.CharField(_("skills"), max_length=100, blank=True)
    health = models.CharField(_("health"), max_length=8, choices=Health, blank=True)
    health_note = EncryptedTextField(_("note on health"), null=True, blank=True)
    labour = models.CharField(_("ability to work"), max_length=8, choices=Labour, blank=True)
    business_ready = models.CharField(_("conditions for a business"), max_length=3, choices=YesNo, blank=True)
    service_need = models.CharField(_("service needed"), max_length=100, blank=True)
    interpreter = models.BooleanField(_("needs an interpreter"), default=False)
    status = models.CharField(_("state"), max_length=9, choices=Status, default=Status.ACTIVE)
    status_on = models.DateField(pgettext_lazy("ledger", "since"), null=True, blank=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="doubles")
    anonymised_at = models.DateTimeField(_("anonymised at"), null=True, blank=True, editable=False)

    objects = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("ledger", "person")
        verbose_name_plural = pgettext_lazy("ledger", "persons")
        ordering = ["county__order", "id"]
        indexes = [
            models.Index(fields=["county", "status"], name="person_of_county"),
            # Read when the same name and day of birth turn up twice.
            models.Index(fields=["county", "name", "birth_date"], name="person_likeness"),
        ]

    def __str__(self) -> str:
        return self.name

    def age(self, on: date) -> int | None:
        """Full years on a day; None where the day of birth is not known."""
        if self.birth_date is None:
            return None
        born = self.birth_date
        return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


class Membership(Kept):
    """A person belongs to a household from a day on, and at most to one at a time."""

    class Relation(models.TextChoices):
        HEAD = "head", _("head of the household")
        SPOUSE = "spouse", _("spouse")
        CHILD = "child", _("child")
        PARENT = "parent", _("parent")
        OTHER = "other", _("other relative")

    household = models.ForeignKey(Household, models.PROTECT, related_name="memberships", verbose_name=_("household"))
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships", verbose_name=_("person"))
    relation = models.CharField(_("relation to the head"), max_length=6, choices=Relation, blank=True)
    since = models.DateField(pgettext_lazy("ledger", "since"), null=True, blank=True)
    until = models.DateField(pgettext_lazy("ledger", "until"), null=True, blank=True)

    class Meta:
        verbose_name = _("member of a household")
        verbose_name_plural = _("members of households")
        ordering = ["household_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(until__isnull=True), name="one_household_at_a_time"),
            models.UniqueConstraint(
                fields=["household"], condition=Q(until__isnull=True, relation="head"), name="one_head_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.person}"


class Tracker(Kept):
    """专人跟踪: the named person who follows a scattered household (四（四）)."""

    household = models.ForeignKey(Household, models.PROTECT, related_name="trackers", verbose_name=_("household"))
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("followed by"))
    since = models.DateField(pgettext_lazy("ledger", "since"))
    until = models.DateField(pgettext_lazy("ledger", "until"), null=True, blank=True)

    class Meta:
        verbose_name = _("follower of a household")
        verbose_name_plural = _("followers of households")
        ordering = ["household_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["household"], condition=Q(until__isnull=True), name="one_follower")
        ]

    def __str__(self) -> str:
        return f"{self.household} {self.user}"
