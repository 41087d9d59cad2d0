"""My notices: what was sent to me, when, why, and how it went."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from bureaus import clock
from notifications.models import Message
from workflows.views.base import person

PAGE = 50


@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    mine = Message.objects.filter(recipient=person(request), channel="inbox")
    before = request.GET.get("before", "")
    if before.isdecimal():
        mine = mine.filter(pk__lt=int(before))
    rows = list(mine.order_by("-id")[: PAGE + 1])
    copies = Message.objects.filter(recipient=person(request)).exclude(channel="inbox").exclude(kind="digest")
    by_key: dict[str, list[Message]] = {}
    for copy in copies.filter(created_at__in={row.created_at for row in rows}):
        by_key.setdefault(_stem(copy), []).append(copy)
    return render(
        request,
        "workflows/notices.html",
        {
            "rows": [(row, by_key.get(_stem(row), [])) for row in rows[:PAGE]],
            "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "channels": {"email": _("e-mail"), "sms": _("SMS"), "inbox": _("inbox")},
        },
    )


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    """Everything seen."""
    mine = Message.objects.filter(recipient=person(request), channel="inbox", read_at__isnull=True)
    mine.update(read_at=clock.now())
    return redirect("notices")


@require_GET
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Open what a notice is about; it counts as read."""
    notice = get_object_or_404(Message, pk=pk, recipient=person(request), channel="inbox")
    if notice.read_at is None:
        Message.objects.filter(pk=notice.pk).update(read_at=clock.now())
    return redirect(notice.url or "notices")


def _stem(message: Message) -> str:
    return message.dedupe_key.rsplit("|", 1)[0]
