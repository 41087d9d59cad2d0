"""Courses, who took part, and help with a business."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau
from ledger.models.base import Kept
from ledger.models.households import Person


class Course(Kept):
    class Kind(models.TextChoices):
        SHORT = "short", _("short skill course")
        ORDER = "order", _("order-based course")
        TARGETED = "targeted", _("targeted course")
        POST_BASED = "post_based", _("post-based course")
        BUSINESS = "business", _("business course")
        IN_WORK = "in_work", _("training in work")
        RURAL = "rural", _("practical rural techniques")
        MID_TERM = "mid_term", _("one-year course")
        ADAPTATION = "adaptation", _("lessons on the new place")

    title = models.CharField(_("title of the course"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    organiser = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="courses", verbose_name=_("organised by")
    )
    county = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    starts_on = models.DateField(_("begins on"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"), null=True, blank=True)
    hours = models.PositiveSmallIntegerField(_("hours"), null=True, blank=True)
    free = models.BooleanField(pgettext_lazy("ledger", "free"), default=True)

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        ordering = ["-starts_on", "title"]

    def __str__(self) -> str:
        return self.title


class Participation(Kept):
    class Result(models.TextChoices):
        COMPLETED = "completed", _("completed")
        DROPPED = "dropped", _("broken off")
        DECLINED = "declined", _("declined")

    person = models.ForeignKey(Person, models.PROTECT, related_name="trainings", verbose_name=_("person"))
    course = models.ForeignKey(Course, models.PROTECT, related_name="participations", verbose_name=_("course"))
    offered_on = models.DateField(pgettext_lazy("ledger", "offered on"), null=True, blank=True)
    enrolled_on = models.DateField(_("enrolled on"), null=True, blank=True)
    completed_on = models.DateField(_("completed on"), null=True, blank=True)
    result = models.CharField(_("result"), max_length=9, choices=Result, blank=True)
    fee_paid = models.DecimalField(_("fee the person paid"), max_digits=8, decimal_places=2, default=0)

    class Meta:
        verbose_name = _("training of a person")
        verbose_name_plural = _("training of persons")
        ordering = ["person_id", "id"]
        constraints = [
            models.UniqueConstraint(fields=["person", "course"], name="course_once"),
            models.CheckConstraint(
                condition=~Q(result="completed") | Q(completed_on__isnull=False), name="completed_has_a_day"
            ),
            models.CheckConstraint(
                condition=Q(completed_on__isnull=True)
                | Q(enrolled_on__isnull=True)
                | Q(completed_on__gte=F("enrolled_on")),
                name="completed_after_enrolled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.course}"


class Support(Kept):
    """Free guidance, guaranteed loans and interest subsidy for who starts a business (四（三）)."""

    class Kind(models.TextChoices):
        GUIDANCE = "guidance", pgettext_lazy("ledger", "guidance")
        LOAN = "loan", _("guaranteed loan")
        INTEREST = "interest", _("interest subsidy")
        TRAINING = "training", _("project-based course")

    person = models.ForeignKey(Person, models.PROTECT, related_name="supports", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    on = models.DateField(_("on"))
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2, null=True, blank=True)
    free = models.BooleanField(pgettext_lazy("ledger", "free"), default=True)

    class Meta:
        verbose_name = _("help with a business")
        verbose_name_plural = _("help with businesses")
        ordering = ["person_id", "on", "id"]

    def __str__(self) -> str:
        return f"{self.person} {self.get_kind_display()}"
