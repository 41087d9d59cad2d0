"""What every row of the ledger carries: a public id, an edition, who wrote it, and where it came from."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kept(models.Model):
    """Nothing in the ledger is deleted but by retention. `version` rises by one with every change."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(_("edition"), default=1, editable=False)
    created_at = models.DateTimeField(_("entered at"))
    created_by = models.ForeignKey(
        "bureaus.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("entered by")
    )
    updated_at = models.DateTimeField(_("changed at"), null=True, blank=True)
    updated_by = models.ForeignKey(
        "bureaus.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("changed by")
    )
    # The workbook a row came from; none: it was typed in.
    batch = models.ForeignKey(
        "ledger.ImportBatch", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("workbook")
    )

    class Meta:
        abstract = True
