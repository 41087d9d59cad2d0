"""Whether our notices get through: for those who keep this system. Nothing of what a notice says is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from bureaus import clock
from bureaus.pages import moved_on_page, only, person, press, sent_from, standing_of
from notifications import addresses, overview
from notifications.models import GroupPost, Message
from notifications.wording import CHANNELS, WAYS, plain, why
from workflows import actions, groups
from workflows.auditing.sending import WAITS
from workflows.groups import Office

POSTS = {
    "expired": gettext_lazy("It could not leave on its day; the next post says it anew."),
    "unknown": gettext_lazy("Nobody knows whether it is there: look at the group. It is not posted again."),
    "settled": gettext_lazy("Everything was settled before it left."),
}
DONE = {
    "again": gettext_lazy("It leaves within a minute, in the hours in which notices leave."),
    "leave": gettext_lazy("It is off this list."),
    "group": gettext_lazy("It is off this list."),
    "address": gettext_lazy("The address is used again from the next notice on."),
}


@require_GET
def delivery(request: HttpRequest) -> HttpResponse:
    standing = standing_of(request)
    only(standing.sees_health)
    now, real = clock.now(), clock.real_now()
    offices = groups.offices()
    return render(
        request,
        "workflows/delivery.html",
        {
            "channels": [
                {"name": CHANNELS[one.code], "is_late": bool(one.since and one.since < now - WAITS), "of": one}
                for one in overview.channels(now)
            ],
            "ways": [
                {
                    "name": _way_name(way.name, offices),
                    "of": way,
                    "said": plain(way.error),
                    "is_closed": bool(way.closed_until and way.closed_until > real),
                }
                for way in overview.troubled_ways()
            ],
            "reasons": [(CHANNELS.get(code, code), said, many) for code, said, many in _reasons(real)],
            "left_over": [_line(message) for message in overview.left_over()[: overview.LISTED]],
            "barred": [
                {"row": row, "channel": CHANNELS.get(row.channel, row.channel), "said": plain(row.said)}
                for row in addresses.standing()[: overview.LISTED]
            ],
            "posts": _posts(offices),
            "wrong_robots": groups.wrong().items(),
            "standing": standing,
        },
    )


@sent_from("delivery")
def deal(request: HttpRequest, act: str, pk: int) -> HttpResponse:
    """Send again, leave at that (a post to a group too), use an address again."""
    only(standing_of(request).sees_health)
    by, now = person(request), clock.now()
    acts: dict[str, Callable[[], Any]] = {
        "again": lambda: actions.send_again(pk, by=by, now=now),
        "leave": lambda: actions.leave_at_that(pk, by=by, now=now),
        "group": lambda: actions.leave_post_at_that(pk, by=by, now=now),
        "address": lambda: actions.use_address(pk, by=by),
    }
    if act not in acts:
        raise Http404
    status = press(request, acts[act], str(DONE[act]))
    return redirect("delivery") if status == 302 else moved_on_page(request)


def _reasons(real: Any) -> list[tuple[str, str, int]]:
    """Grouped by what is left of an answer without addresses."""
    found: dict[tuple[str, str], int] = {}
    for channel, detail, many in overview.reasons(real):
        said = plain(detail) or str(_("no answer"))
        found[channel, said] = found.get((channel, said), 0) + many
    return [(channel, said, many) for (channel, said), many in sorted(found.items(), key=lambda one: -one[1])]


def _line(message: Message) -> dict[str, Any]:
    return {
        "message": message,
        "channel": CHANNELS.get(message.channel, message.channel),
        "why": why(message.outcome),
        "elsewhere": getattr(message, "elsewhere", False),
    }


def _way_name(name: str, offices: Sequence[Office]) -> str:
    """A robot's way is named after its group."""
    for office in offices:
        if office.way == name:
            return _("%(robot)s, %(unit)s") % {"robot": WAYS[office.robot], "unit": office.unit or office.code}
    return str(WAYS.get(name) or WAYS.get(name.partition(":")[0]) or name)


def _posts(offices: Sequence[Office]) -> list[dict[str, Any]]:
    """The last post to each group; then whatever else nobody has dealt with yet."""
    shown = [_post(one.last, one.unit or one.code, WAYS[one.robot], unknown=one.unit is None) for one in offices]
    last = {one.last.pk for one in offices if one.last}
    left = [post for post in overview.posts_left_over()[: overview.LISTED] if post.pk not in last]
    names = groups.named(post.unit for post in left)
    return shown + [_post(post, names.get(post.unit) or post.unit, "") for post in left]


def _post(post: GroupPost | None, unit: object, robot: object, *, unknown: bool = False) -> dict[str, Any]:
    is_left = post is not None and post.status in GroupPost.LEFT_OVER and post.dealt_at is None
    is_red = unknown or (is_left and post is not None and post.status == GroupPost.Status.FAILED)
    return {
        "unit": unit,
        "robot": robot,
        "unknown": unknown,
        "of": post,
        "why": POSTS.get(post.outcome, "") if post else "",
        "said": plain(post.said) if post else "",
        "is_left": is_left,
        "tone": "is-red" if is_red else "is-amber" if is_left or (post and post.said) else "",
    }
