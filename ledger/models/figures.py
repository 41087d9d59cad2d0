"""Figures: why the document and the ledger differ, what was counted for a month, and the terms we set."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau, User
from measures.models import Plan


class ReconciliationNote(models.Model):
    """Why the document's figure and the ledger's differ, as somebody explained it. Neither is changed by it."""

    class Subject(models.TextChoices):
        HOUSEHOLDS = "households", pgettext_lazy("ledger", "households")
        PERSONS = "persons", _("persons")
        EMPLOYED = "employed", _("persons in work")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="+", verbose_name=_("work plan"))
    county = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    subject = models.CharField(_("counts"), max_length=10, choices=Subject)
    text = models.TextField(_("explanation"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("ledger", "by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("explanation of a difference")
        verbose_name_plural = _("explanations of differences")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.text[:40]


class TermSetting(models.Model):
    """A term of ours (本系统设定) set otherwise than the product sets it; `ledger.indicators.terms` has them all."""

    code = models.SlugField(_("term"), unique=True)
    value = models.IntegerField(_("value"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("ledger", "by")
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("term set by this system")
        verbose_name_plural = _("terms set by this system")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} = {self.value}"


class Snapshot(models.Model):
    """An indicator as it was counted for a month, with all that is needed to count it again."""

    period = models.CharField(_("month"), max_length=7)
    code = models.CharField(_("indicator"), max_length=6)
    # None: the whole prefecture.
    county = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    as_of = models.DateField(_("as of"))
    computed_at = models.DateTimeField(_("counted at"))
    formula_version = models.PositiveSmallIntegerField(_("edition of the formula"))
    terms = models.JSONField(_("terms"), default=dict)
    n = models.PositiveIntegerField(_("numerator"))
    d = models.PositiveIntegerField(_("denominator"))
    unknown = models.PositiveIntegerField(_("not known"))
    # {"yes": 3, "no": 1, "undecided": 0, "not_asked": 7} where the answers of people are behind it.
    answers = models.JSONField(_("answers"), default=dict)
    ids_hash = models.CharField(_("hash of the rows"), max_length=64)

    class Meta:
        verbose_name = _("indicator of a month")
        verbose_name_plural = _("indicators of months")
        ordering = ["-period", "code", "county__order"]
        constraints = [
            models.UniqueConstraint(fields=["period", "code", "county"], name="snapshot_once"),
            models.UniqueConstraint(
                fields=["period", "code"], condition=Q(county__isnull=True), name="snapshot_of_all_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.code}"
