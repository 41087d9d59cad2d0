"""月调度: each county's monthly return, and the round in which the lead bureau freezes the month."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from bureaus.models import User
from measures.models.work import Assignment


class MonthlyReturn(models.Model):
    """One county's figures of one month, by the sections of the plan file."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="monthly_return", verbose_name=_("task"))
    # {"trained": 12, …} by the field codes of the plan's `return_section`s.
    figures = models.JSONField(_("figures"), default=dict)
    problems = models.TextField(_("problems"), blank=True)

    class Meta:
        verbose_name = _("monthly return")
        verbose_name_plural = _("monthly returns")

    def __str__(self) -> str:
        return str(self.assignment)


class MonthlyRound(models.Model):
    """A locked month: the figures as they stood, and who was missing. Later returns change nothing here."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="monthly_round", verbose_name=_("task"))
    locked_at = models.DateTimeField(_("locked at"))
    locked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    # {"654201": {"trained": 12, …}, …}; `missing` lists codes of counties without an accepted return.
    figures = models.JSONField(_("figures"))
    missing = models.JSONField(_("missing"), default=list)

    class Meta:
        verbose_name = _("locked month")
        verbose_name_plural = _("locked months")

    def __str__(self) -> str:
        return str(self.assignment)
