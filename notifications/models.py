"""The outbox: what is to be told to whom, and every attempt to tell it.

A row is written in the transaction of the change it speaks of, and sent afterwards. The inbox row is
the legal record; e-mail and SMS are copies of it.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Message(models.Model):
    """A note for one person on one channel; it may leave the house."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        BUNDLED = "bundled", _("folded into another")
        SENDING = "sending", _("being sent")
        ACCEPTED = "accepted", _("sent")
        DELIVERED = "delivered", _("arrived")
        FAILED = "failed", _("failed")
        UNCERTAIN = "uncertain", _("uncertain")
        CANCELLED = "cancelled", _("overtaken")
        SUPPRESSED = "suppressed", _("no longer true")

    GONE = (Status.ACCEPTED, Status.DELIVERED)  # handed over
    LEFT_OVER = (Status.FAILED, Status.UNCERTAIN)  # for a person to deal with
    TAKEN_BACK = (Status.CANCELLED, Status.SUPPRESSED)  # never said
    FINAL = (*GONE, *LEFT_OVER, *TAKEN_BACK)

    DIGEST = "digest"  # the kind of a message into which others are folded

    dedupe_key = models.CharField(max_length=255, unique=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages", verbose_name=_("recipient")
    )
    # Whom a deputy is told for.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("on behalf of"),
    )
    channel = models.CharField(_("channel"), max_length=10)
    kind = models.CharField(_("kind"), max_length=30)
    # Empty until the sender takes it: the words are those of the day it leaves (see `outbox.Words`).
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("text"), blank=True)
    # The one line this note becomes when several are folded into one.
    line = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=200, blank=True)
    # Whose matter it is and for how many days it has been late: what a digest is sorted and counted by.
    place = models.CharField(max_length=60, blank=True, db_default="", default="")
    days_late = models.IntegerField(db_default=0, default=0)
    # Leaves at once, outside the hours too; and whether it did leave outside them.
    urgent = models.BooleanField(_("urgent"), db_default=False, default=False)
    outside_hours = models.BooleanField(_("left outside the hours"), db_default=False, default=False)
    # Opaque to this app: what the note is about, in which revision, and the words a log needs.
    about = models.CharField(max_length=200, blank=True)
    about_rev = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict, blank=True)
    # Why this person: "T+1 unit_leader", shown to the reader.
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("written at"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # When it was last taken out to be handed over; what one person is sent in a day is counted by it.
    tried_at = models.DateTimeField(null=True, blank=True)
    # By which provider it went, written before it does, and what that one calls it.
    provider = models.CharField(_("provider"), max_length=30, blank=True, db_default="", default="")
    reference = models.CharField(max_length=100, blank=True, db_default="", default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    # When the provider was last asked whether it arrived, by the real clock.
    asked_at = models.DateTimeField(null=True, blank=True)
    bundle = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="folded")
    final_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=200, blank=True)
    read_at = models.DateTimeField(_("read at"), null=True, blank=True)
    # When an operator left it at that, of what failed or is uncertain.
    dealt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="queued") | Q(next_attempt_at__isnull=False), name="queued_has_a_moment"
            )
        ]
        indexes = [
            # Read by the sender.
            models.Index(fields=["next_attempt_at", "id"], name="message_ready", condition=Q(status="queued")),
            # Read by the reaper.
            models.Index(fields=["lease_until"], name="message_lease", condition=Q(status="sending")),
            # Read by the inbox.
            models.Index(fields=["recipient", "channel", "-created_at"], name="message_inbox"),
            # Read before one more is sent to a person.
            models.Index(
                fields=["recipient", "channel", "tried_at"], name="message_tried", condition=Q(tried_at__isnull=False)
            ),
            # Read when a receipt comes.
            models.Index(fields=["reference"], name="message_reference", condition=~Q(reference="")),
            # Read by whoever looks after what did not get through.
            models.Index(
                fields=["-final_at"],
                name="message_left_over",
                condition=Q(status__in=["failed", "uncertain"], dealt_at__isnull=True, bundle__isnull=True),
            ),
            # Read by whoever asks how notices fare.
            models.Index(
                fields=["-final_at"],
                name="message_recent",
                condition=Q(channel__in=["email", "sms"], final_at__isnull=False, bundle__isnull=True),
            ),
            # Read to ask providers what became of an SMS.
            models.Index(
                fields=["final_at"], name="message_unconfirmed", condition=Q(channel="sms", status="accepted")
            ),
            # Read when what it speaks of has changed, and by who asks who was told of it.
            models.Index(fields=["about"], name="message_about"),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def parts(self) -> models.QuerySet[Message]:
        """The notes folded into this one that it tells: what was no longer true when it left is not among them."""
        return self.folded.exclude(status__in=self.TAKEN_BACK)

    @property
    def last_tried_at(self) -> datetime | None:
        """When the last try began, by the real clock."""
        return self.tries.order_by("-number").values_list("started_at", flat=True).first()

    @property
    def told(self) -> list[Message]:
        """What this message tells: the notes folded into it, or itself."""
        return list(self.parts.select_related("recipient")) if self.kind == self.DIGEST else [self]

    def settle_parts(self, status: str, outcome: str, now: datetime) -> None:
        """What is folded into this message shares its fate."""
        if self.kind == self.DIGEST:
            self.parts.update(status=status, final_at=now, outcome=outcome[:200])


class Preference(models.Model):
    """How fast a person wants one kind of notice by one channel. No row: at once."""

    class Pace(models.TextChoices):
        AT_ONCE = "at_once", _("at once")
        DAILY = "daily", _("once a day")
        WEEKLY = "weekly", _("once a week")
        OFF = "off", _("not at all")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="preferences", verbose_name=_("person")
    )
    topic = models.CharField(max_length=10)  # see notifications.preferences
    channel = models.CharField(_("channel"), max_length=10)
    pace = models.CharField(max_length=10, choices=Pace)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [models.UniqueConstraint(fields=["user", "topic", "channel"], name="preference_once")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.topic}/{self.channel}"


class Attempt(models.Model):
    """One try to send a message, written before the network is touched."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", pgettext_lazy("message", "accepted")
        TEMPORARY = "temporary", _("failed for now")
        PERMANENT = "permanent", _("failed for good")
        HELD = "held", _("the way was closed")
        UNKNOWN = "unknown", _("unknown")

    message = models.ForeignKey(Message, models.CASCADE, related_name="tries", verbose_name=_("message"))
    number = models.PositiveSmallIntegerField(_("number"))
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    detail = models.CharField(_("detail"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="attempt_once")]
        indexes = [models.Index(fields=["-started_at"], name="attempt_recent")]

    def __str__(self) -> str:
        return f"{self.message_id}/{self.number}"


class Way(models.Model):
    """A way out of the house (the mail server, an SMS provider) and how it fares, by the real clock.

    There is a row as soon as something has failed or been counted; `failures` counts those in a row, and is 0
    when all is well again.
    """

    name = models.CharField(_("way"), max_length=30, unique=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    closed_until = models.DateTimeField(_("closed until"), null=True, blank=True)
    failed_at = models.DateTimeField(_("last failed at"), null=True, blank=True)
    error = models.CharField(_("what it said"), max_length=300, blank=True)
    # How many went by it in the minute that began then, where no more than some may.
    minute_from = models.DateTimeField(null=True, blank=True)
    minute_sent = models.PositiveIntegerField(db_default=0, default=0)

    class Meta:
        verbose_name = _("way out")
        verbose_name_plural = _("ways out")

    def __str__(self) -> str:
        return self.name


class Refusal(models.Model):
    """An address or number that was refused: `barred`, nothing goes there until a person has put it right.

    One refusal may be the mood of a server; it is barred when the answer leaves no doubt, or after some in a row.
    Another address is another matter, so it holds only while this one is the person's.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("person"))
    channel = models.CharField(_("channel"), max_length=10)
    address = models.CharField(_("address"), max_length=254)
    times = models.PositiveIntegerField(_("times in a row"), default=0)
    barred = models.BooleanField(_("nothing goes there"), default=False)
    last_at = models.DateTimeField(_("last refused at"))
    said = models.CharField(_("what was said"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("refused address")
        verbose_name_plural = _("refused addresses")
        ordering = ["-last_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "channel", "address"], name="refused_once")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.channel}"


class Receipt(models.Model):
    """What a provider told of an SMS afterwards. Kept as it came, once, and applied when its message is known."""

    provider = models.CharField(_("provider"), max_length=30)
    # Everything it says, as a hash: a provider repeats itself, and its receipts have no numbers.
    key = models.CharField(max_length=64)
    reference = models.CharField(max_length=100, blank=True)
    client_reference = models.CharField(max_length=100, blank=True)
    delivered = models.BooleanField(_("arrived"))
    permanent = models.BooleanField(_("unreachable for good"), default=False)
    code = models.CharField(_("code"), max_length=100, blank=True)
    at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    applied_at = models.DateTimeField(null=True, blank=True)
    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="receipts")

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["received_at", "id"]
        constraints = [models.UniqueConstraint(fields=["provider", "key"], name="receipt_once")]
        indexes = [models.Index(fields=["received_at"], name="receipt_unapplied", condition=Q(applied_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.provider}/{self.reference or self.client_reference}"


class GroupPost(models.Model):
    """What an office's group was told on a day: one text, posted once (see notifications.groups).

    The unit stands by its code: this room knows no work, and the group of a unit that is no more stays readable.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        ACCEPTED = "accepted", _("sent")
        FAILED = "failed", _("failed")
        UNCERTAIN = "uncertain", _("uncertain")
        SUPPRESSED = "suppressed", _("no longer true")

    # The group has read it, as far as anybody knows: it is not said again.
    SAID = (Status.SENDING, Status.ACCEPTED, Status.UNCERTAIN)
    LEFT_OVER = (Status.FAILED, Status.UNCERTAIN)

    unit = models.CharField(_("unit"), max_length=30)
    day = models.DateField(_("day"))
    body = models.TextField(_("text"))
    # The moment of which it speaks: worded anew whenever it is about to leave.
    as_of = models.DateTimeField()
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("written at"))
    final_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    # Our own word for how it ended, and what the robot said last.
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)
    said = models.CharField(_("what was said"), max_length=300, blank=True)
    dealt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("post to a group")
        verbose_name_plural = _("posts to groups")
        ordering = ["-day", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "day"], name="group_post_once"),
            models.CheckConstraint(
                condition=~Q(status="queued") | Q(next_attempt_at__isnull=False), name="queued_post_has_a_moment"
            ),
        ]
        indexes = [
            # Read by every pass.
            models.Index(fields=["day"], name="group_post_open", condition=Q(status__in=["queued", "sending"])),
            # Read by whoever looks after what did not get through.
            models.Index(
                fields=["-day"],
                name="group_post_left_over",
                condition=Q(status__in=["failed", "uncertain"], dealt_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.day}"
