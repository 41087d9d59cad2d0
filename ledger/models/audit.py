"""The audit log of personal data: who did or looked at what, when, from where. Written by `ledger.audit` alone.

Rows are only ever added: the database refuses anything else (`ledger.audit_triggers`), and each row carries the hash
of the one before it, so that what was changed all the same is found (`ledger.verifying`).
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from bureaus.models import Bureau, User


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("the audit log is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("the audit log is append-only")


class AuditEvent(models.Model):
    """One entry. Names of fields, never their values; `n` says how many rows a list or a file held."""

    seq = models.BigIntegerField(_("number"), unique=True)  # 1, 2, 3 … without a gap
    at = models.DateTimeField(_("time"))
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("person"))
    username = models.CharField(_("sign-in name"), max_length=150, blank=True)  # as it was then; empty: the system
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    action = models.CharField(_("act"), max_length=40)
    subject_kind = models.CharField(_("kind of record"), max_length=40, blank=True)
    subject = models.CharField(_("record"), max_length=64, blank=True)  # its uid
    # Whose people it was about: a county's leader sees who looked at them.
    county = models.ForeignKey(Bureau, models.PROTECT, null=True, related_name="+", verbose_name=_("county"))
    fields = models.JSONField(_("fields"), default=list)
    reason = models.TextField(_("reason"), blank=True)
    result = models.TextField(_("result"), blank=True)
    n = models.PositiveIntegerField(_("how many"), default=1)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-seq"]
        indexes = [
            models.Index(fields=["county", "-seq"], name="audit_county"),
            models.Index(fields=["user", "-seq"], name="audit_user"),
            models.Index(fields=["subject_kind", "subject", "-seq"], name="audit_subject"),
            models.Index(fields=["action", "-at"], name="audit_action"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("the audit log is append-only")


class AuditHead(models.Model):
    """The one row that says where the chain ends, and that whoever adds to it holds."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("end of the audit log")
        verbose_name_plural = _("end of the audit log")

    def __str__(self) -> str:
        return str(self.seq)
