"""The administrator sees that a calendar link exists and ends it; the link itself is nowhere to be seen."""

from __future__ import annotations

from datetime import date

from django.test import Client

from bureaus import calendar_links, clock
from bureaus.admin.people import leave
from bureaus.models import CalendarLink
from tests import make
from tests.administration import act, logged, said, url
from tests.pages import web

OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"


def _made(who: str) -> str:
    token = calendar_links.make(make.person(who), replacing=None, now=clock.now())
    assert token is not None
    return token


def test_a_link_is_seen_and_revoked_but_not_read(admin: Client) -> None:
    token = _made(OFFICER)
    link = CalendarLink.objects.get()
    page = web.read(admin, url("bureaus_calendarlink_changelist"))
    assert OFFICER in page.text
    assert token not in page.html
    assert link.token_hash not in page.html
    assert Client().get(f"/calendar/{token}.ics").status_code == 200
    answer = act(admin, "bureaus_calendarlink_changelist", "revoke", link)
    assert "1 link has been revoked." in said(answer)
    assert Client().get(f"/calendar/{token}.ics").status_code == 404
    assert logged() == [(OFFICER, "Revoked.")]
    answer = act(admin, "bureaus_calendarlink_changelist", "revoke", link)
    assert "0 links have been revoked." in said(answer)
    assert len(logged()) == 1
    link.refresh_from_db()
    assert link.revoked_at == clock.now()


def test_nothing_is_written_or_deleted_there(admin: Client) -> None:
    _made(OFFICER)
    link = CalendarLink.objects.get()
    assert admin.get(url("bureaus_calendarlink_add")).status_code == 403
    for page in ("bureaus_calendarlink_change", "bureaus_calendarlink_delete"):
        assert admin.post(url(page, link.pk), {"post": "yes"}).status_code in (302, 403, 404)
    assert CalendarLink.objects.get().revoked_at is None


def test_the_list_is_narrowed_to_what_is_in_force(admin: Client) -> None:
    _made(OFFICER)
    _made(LEADER)
    leave(make.person(OFFICER), on=date(2019, 6, 3))
    address = url("bureaus_calendarlink_changelist")
    for chosen, wanted in (("in-force", {LEADER}), ("revoked", {OFFICER}), ("", {OFFICER, LEADER})):
        page = web.read(admin, address + (f"?state={chosen}" if chosen else ""))
        assert {cell.text for cell in page.all(cls="field-user")} == wanted
