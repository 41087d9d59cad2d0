"""The notice read out before anybody is asked: one edition after another, none ever changed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.access import LEADING_ROLES, Standing
from bureaus.clock import local_date
from bureaus.models import User
from ledger import audit
from ledger.actions.base import permit, standing
from ledger.models import NoticeText

FIRST = Path(__file__).resolve().parent.parent / "data" / "notice.txt"
PUBLISHERS = "hrss"  # leads measure 1


def may_publish(who: Standing) -> bool:
    return any(post.bureau.code == PUBLISHERS and post.role in LEADING_ROLES for post in who.posts)


def in_force(today: date) -> NoticeText | None:
    """The edition that is read out today."""
    return NoticeText.objects.filter(valid_from__lte=today).order_by("-valid_from", "-number").first()


def publish(text: str, *, by: User, now: datetime, valid_from: date) -> NoticeText:
    """A new edition. The earlier ones stay as they were read out."""
    permit(may_publish(standing(by, now)), "publish-notice")
    text = text.strip().replace("\r\n", "\n")
    with transaction.atomic():
        last = NoticeText.objects.select_for_update().order_by("-number").first()
        if last and last.text == text:
            raise ValidationError({"text": _("This is the text of the last edition. Change it, or leave it as it is.")})
        if valid_from < local_date(now):
            raise ValidationError({"valid_from": _("Nothing was read out from an edition before it was published.")})
        if last and valid_from < last.valid_from:
            raise ValidationError({"valid_from": _("The edition before is not in force yet on this day.")})
        row = NoticeText.objects.create(
            number=(last.number if last else 0) + 1, text=text, valid_from=valid_from, by=by, at=now
        )
        audit.record("notice", by=by, now=now, subject_kind="notice", subject=str(row.number))
    return row


def load_first(now: datetime) -> None:
    """The text the product brings, where there is none yet."""
    if not NoticeText.objects.exists():
        text = FIRST.read_text(encoding="utf-8").strip()
        NoticeText.objects.create(number=1, text=text, valid_from=local_date(now), at=now)
