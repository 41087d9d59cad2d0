"""Workbooks coming in and going out: what was in them, what was wrong, who took them, and for what purpose."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bureaus.models import Bureau, User
from ledger.encryption import EncryptedTextField


class ImportBatch(models.Model):
    """One uploaded workbook of one county: checked by the machine, taken over by a person, undone by a person."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("waits to be checked")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        REFUSED = "refused", _("cannot be read")
        COMMITTING = "committing", _("being taken over")
        COMMITTED = "committed", _("taken over")
        UNDONE = "undone", _("taken back")
        DISCARDED = "discarded", _("discarded")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="import_batches", verbose_name=_("county"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.UPLOADED)
    file_name = models.CharField(_("file"), max_length=120)
    # Where the encrypted file lies below the private folder; empty once it has been purged.
    stored_as = models.CharField(max_length=80, blank=True, editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveIntegerField(_("bytes"))
    encoding = models.CharField(_("encoding"), max_length=12, blank=True)
    rows_total = models.PositiveIntegerField(default=0, editable=False)
    rows_done = models.PositiveIntegerField(default=0, editable=False)
    # outcome → rows, and code → issues, as far as counted.
    counts = models.JSONField(default=dict, editable=False)
    issue_counts = models.JSONField(default=dict, editable=False)
    refused_because = models.CharField(_("why it cannot be read"), max_length=300, blank=True)
    valid_only = models.BooleanField(_("only the rows without mistakes"), default=False)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("uploaded by"))
    uploaded_at = models.DateTimeField(_("uploaded at"))
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    committed_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken over by")
    )
    committed_at = models.DateTimeField(_("taken over at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken back by")
    )
    undone_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("workbook")
        verbose_name_plural = _("workbooks")
        ordering = ["-uploaded_at", "-id"]
        constraints = [
            # The same file again is the same batch, until it was discarded or taken back.
            models.UniqueConstraint(
                fields=["county", "sha256"],
                condition=~Q(state__in=["discarded", "undone", "refused"]),
                name="workbook_once",
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """One row of a workbook: what it would do, and after it was taken over what it did."""

    class Outcome(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", pgettext_lazy("ledger", "unchanged")
        CONFLICT = "conflict", _("changed here meanwhile")
        ERROR = "error", _("with mistakes")
        DUPLICATE = "duplicate", _("perhaps entered already")

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    sheet = models.CharField(max_length=12)  # key of the sheet
    number = models.PositiveIntegerField()  # row of the sheet, as Excel counts
    outcome = models.CharField(max_length=9, choices=Outcome)
    # Public id of the person or household the row is about, once there is one.
    subject = models.UUIDField(null=True)
    version = models.PositiveIntegerField(null=True)  # edition the row was written on
    # The values that would be written, as JSON; encrypted, for there are ID numbers among them.
    values = EncryptedTextField(null=True)
    # What is shown: [[column, old, new], …], masked.
    changes = models.JSONField(default=list)
    # What stood there before, as JSON, for taking it back.
    before = EncryptedTextField(null=True)
    # What was written: {"model": "spell", "pk": 7, "version": 2}, …
    written = models.JSONField(default=list)

    class Meta:
        verbose_name = _("row of a workbook")
        verbose_name_plural = _("rows of workbooks")
        ordering = ["batch_id", "id"]
        constraints = [models.UniqueConstraint(fields=["batch", "sheet", "number"], name="workbook_row_once")]
        indexes = [models.Index(fields=["batch", "outcome"], name="workbook_rows_by_outcome")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.number}"


class ImportIssue(models.Model):
    """One mistake in one cell, with its cure. The value is kept masked."""

    class Severity(models.TextChoices):
        ERROR = "error", _("mistake")
        WARNING = "warning", _("to be looked at")

    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="issues")
    sheet = models.CharField(max_length=12)
    number = models.PositiveIntegerField(null=True)
    column = models.CharField(max_length=3, blank=True)  # as Excel names it: "AB"
    header = models.CharField(max_length=40, blank=True)
    code = models.SlugField(max_length=30)
    severity = models.CharField(max_length=7, choices=Severity)
    params = models.JSONField(default=dict)
    value = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("mistake in a workbook")
        verbose_name_plural = _("mistakes in workbooks")
        ordering = ["batch_id", "code", "sheet", "number", "id"]
        indexes = [models.Index(fields=["batch", "code"], name="issues_by_code")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.column}{self.number} {self.code}"


class ExportJob(models.Model):
    """A sheet of the ledger that left the house: who asked, what for, on what ground, and what was in it."""

    class Purpose(models.TextChoices):
        EMPLOYMENT = "employment", _("support of employment")
        RIGHTS = "rights", _("rights of the households")
        SERVICES = "services", _("services for the households")
        CORRECTION = "correction", _("to be filled in and brought back")

    class State(models.TextChoices):
        ASKED = "asked", _("waits for permission")
        READY = "ready", _("ready")
        REFUSED = "refused", pgettext_lazy("ledger", "refused")
        EXPIRED = "expired", _("expired")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    county = models.ForeignKey(
        Bureau, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("county")
    )
    sheet = models.SlugField(_("content"), max_length=20)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    # Where it goes to another body: on what ground. The purposes above are the only ones there are.
    ground = models.CharField(_("legal ground"), max_length=200, blank=True)
    masked = models.BooleanField(_("masked"), default=True)
    state = models.CharField(_("state"), max_length=8, choices=State)
    asked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("ledger", "asked by")
    )
    asked_at = models.DateTimeField(_("asked at"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    taken_at = models.DateTimeField(_("taken at"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    ids_hash = models.CharField(_("hash of the rows"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("sheet taken out")
        verbose_name_plural = _("sheets taken out")
        ordering = ["-asked_at", "-id"]

    def __str__(self) -> str:
        return f"{self.sheet} {self.asked_at:%Y-%m-%d}"
