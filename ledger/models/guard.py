"""What needs a second person, what a person may ask of the ledger, and samples for those who check it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau, User
from ledger.encryption import EncryptedTextField
from ledger.models.base import Kept
from ledger.models.households import Household, Person


class ChangeProposal(Kept):
    """A change that is not just another value: proposed with a reason, decided by somebody else."""

    class Kind(models.TextChoices):
        SPLIT = "split", _("split a household")
        MERGE = "merge", _("merge two households")
        DOUBLE = "double", _("two entries are one person")
        TRANSFER = "transfer", _("move a household to another county or site")
        EXIT = "exit", _("a household leaves the ledger")
        LEAVE = "leave", _("a person moved away or died")
        CORRECTION = "correction", _("correct who somebody is")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for a decision")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", pgettext_lazy("ledger", "refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="change_proposals", verbose_name=_("county"))
    household = models.ForeignKey(
        Household, models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("household")
    )
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="proposals", verbose_name=_("person")
    )
    # What it would do, as JSON by kind; encrypted, for a corrected ID number stands in it.
    details = EncryptedTextField(_("details"))
    # The edition of what it is about when it was proposed: another one since then, and it is proposed anew.
    seen_version = models.PositiveIntegerField()
    reason = models.CharField(_("reason"), max_length=200)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PROPOSED)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision = models.CharField(_("reason of the decision"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("proposed change")
        verbose_name_plural = _("proposed changes")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(state="withdrawn") | ~Q(decided_by=F("created_by")),
                name="a_second_person_decides",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.created_at:%Y-%m-%d}"


class CorrectionRequest(Kept):
    """What a person says is wrong about them (个人信息保护法 46), with a date, a decision and its reason."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CORRECTED = "corrected", _("corrected")
        REFUSED = "refused", _("not corrected")

    person = models.ForeignKey(Person, models.PROTECT, related_name="correction_requests", verbose_name=_("person"))
    asked_on = models.DateField(pgettext_lazy("ledger", "asked on"))
    asked_by = models.CharField(pgettext_lazy("ledger", "asked by"), max_length=60, blank=True)
    text = EncryptedTextField(_("what is wrong, in their words"))
    due_on = models.DateField(_("answer due on"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision = models.CharField(_("reason of the decision"), max_length=200, blank=True)
    # Kept beside the entry where the request was refused and the person still objects.
    disagreement = EncryptedTextField(_("statement of disagreement"), null=True, blank=True)

    class Meta:
        verbose_name = _("request for correction")
        verbose_name_plural = _("requests for correction")
        ordering = ["-asked_on", "-id"]

    def __str__(self) -> str:
        return f"{self.person} {self.asked_on}"


class Sample(models.Model):
    """Households drawn by the system for a spot check: of one county, for one body, for some days."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="+", verbose_name=_("county"))
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="ledger_samples", verbose_name=_("checked by"))
    seed = models.CharField(_("seed"), max_length=32)
    reason = models.CharField(_("reason"), max_length=200)
    drawn_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("drawn by"))
    drawn_at = models.DateTimeField(_("drawn at"))
    expires_on = models.DateField(_("open until"))

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")
        ordering = ["-drawn_at", "-id"]

    def __str__(self) -> str:
        return f"{self.county} {self.drawn_at:%Y-%m-%d}"


class SampleItem(models.Model):
    class Finding(models.TextChoices):
        AGREES = "agrees", _("agrees")
        DIFFERS = "differs", _("differs")
        NOT_FOUND = "not_found", _("not found")

    sample = models.ForeignKey(Sample, models.PROTECT, related_name="items")
    household = models.ForeignKey(Household, models.PROTECT, related_name="sample_items")
    finding = models.CharField(pgettext_lazy("ledger", "finding"), max_length=9, choices=Finding, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("ledger", "by")
    )
    at = models.DateTimeField(_("at"), null=True, blank=True)

    class Meta:
        verbose_name = _("household of a sample")
        verbose_name_plural = _("households of samples")
        ordering = ["sample_id", "id"]
        constraints = [models.UniqueConstraint(fields=["sample", "household"], name="drawn_once")]

    def __str__(self) -> str:
        return str(self.household)
