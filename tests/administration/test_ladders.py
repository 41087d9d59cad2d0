"""Ladders: what is saved is the next version, and a version that was saved is never written again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from bureaus import clock
from measures.models import Deadline
from tests import make
from tests.administration import logged, noted, said, save, saved, shown, url
from tests.pages import web
from workflows import actions, ladder_moves, ladders
from workflows.admin import audience_names
from workflows.audience import AUDIENCES
from workflows.models import Ladder, Rung


def newest(code: str = "standard") -> Ladder:
    return ladders.newest(code)


def page_of(ladder: Ladder) -> str:
    return url("workflows_ladder_change", ladder.pk)


def rung(number: int, **values: Any) -> dict[str, Any]:
    return {f"rungs-{number}-{name}": value for name, value in values.items()}


def keys(ladder: Ladder) -> list[str]:
    return [row.key for row in ladder.rungs.order_by("seq")]


def everything() -> list[str]:
    return [str(row) for model in (Ladder, Rung) for row in model.objects.order_by("pk").values()]


def test_an_edit_makes_the_next_version(admin: Client) -> None:
    old = newest()
    before = everything()
    later = rung(4, key="T+4", offset="4", audiences=["chief", "supervision", "leader"])
    answer = save(admin, page_of(old), name="标准督办", **later)
    assert saved(answer)
    assert set(before) < set(everything())
    made = newest()
    assert (made.version, made.name, made.code) == (2, "标准督办", "standard")
    assert keys(made) == ["T-10", "T-3", "T", "T+1", "T+4", "T+10"]
    row = made.rungs.get(key="T+4")
    assert (row.offset, row.audiences, row.sms, row.slip) == (4, ["chief", "supervision", "leader"], True, "red")
    assert [what for what, _how in logged()] == ["标准督办 v2"]


def test_a_running_date_keeps_its_version_and_a_new_one_gets_the_next(admin: Client) -> None:
    row = make.row("survey/654224")
    assert saved(save(admin, page_of(newest()), **rung(1, key="T-4", offset="-4")))
    assert set(Deadline.objects.values_list("ladder_version", flat=True)) == {1}
    make.only(row)
    lines = make.tick_through(date(2019, 7, 30))
    assert [rung for rung in make.fired_on(lines, "survey/654224") if rung.startswith("T-")] == ["T-10", "T-3"]


def test_a_date_set_after_the_edit_gets_the_next_version(admin: Client) -> None:
    assert saved(save(admin, page_of(newest("short")), **rung(1, sms=None)))
    make.only(periods=["monthly"])
    make.tick_through(date(2019, 7, 2))
    for month, version in (("2019-06", 1), ("2019-07", 2)):
        deadline = make.deadline(make.row(f"monthly/654224/{month}"))
        assert (deadline.ladder_code, deadline.ladder_version) == ("short", version)


def test_rungs_are_added_and_taken_away_and_stand_in_the_order_of_their_days(admin: Client) -> None:
    added = rung(6, key="T-5", offset="-5", audiences=["officer", "section_head"], slip="") | {"rungs-TOTAL_FORMS": "7"}
    assert saved(save(admin, page_of(newest()), **added, **rung(0, DELETE="on")))
    assert keys(newest()) == ["T-5", "T-3", "T", "T+1", "T+5", "T+10"]
    assert [row.seq for row in newest().rungs.order_by("seq")] == [0, 1, 2, 3, 4, 5]


def test_nothing_changed_makes_no_version(admin: Client) -> None:
    for ladder in Ladder.objects.all():
        answer = save(admin, page_of(ladder))
        assert "Nothing has been changed." in said(answer)
    assert set(Ladder.objects.values_list("version", flat=True)) == {1}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (rung(0, key="T-9"), "Write “T-10”: logs and notices name the rung by its days."),
        (rung(0, key="ten before"), "Write “T-10”"),
        (rung(2, key="T+0"), ""),
        (rung(0, offset="-3", key="T-3"), "“T-3” and “T-3” fall on one day: make one rung of them."),
        (rung(0, offset="0", key="D"), "“D” and “T” fall on one day"),
        (rung(0, audiences=[]), "Say who is told: a rung without anybody would do nothing."),
        (rung(0, audiences=["officer", "everybody"]), "“everybody” is nobody this system knows how to tell."),
        (rung(5, offset="1000", key="T+1000"), "That is more than a year away from the date."),
        (rung(0, slip="purple"), "purple is not one of the available choices"),
        (rung(0, offset=""), "This field is required."),
        ({"name": ""}, "This field is required."),
        ({name: "on" for n in range(6) for name in rung(n, DELETE="on")}, "A ladder needs at least one rung."),
        ({"rungs-TOTAL_FORMS": "0"}, "A ladder needs at least one rung."),
    ],
)
def test_a_ladder_that_cannot_be(changes: dict[str, Any], sentence: str, admin: Client) -> None:
    before = everything()
    answer = save(admin, page_of(newest()), **changes)
    if sentence:
        assert sentence in said(answer)
        assert "标准催办 v1" in web.Page(answer.content.decode()).one("div", cls="breadcrumbs").text
        assert everything() == before
    else:
        assert saved(answer)


def test_a_key_keeps_the_word_of_its_ladder(admin: Client) -> None:
    answer = save(admin, page_of(newest("receipt")), **rung(0, offset="2"))
    assert "Write “receipt+2”" in said(answer)
    assert saved(save(admin, page_of(newest("receipt")), **rung(0, offset="2", key="receipt+2")))
    assert keys(newest("receipt")) == ["receipt+2", "receipt+3"]


def test_an_older_version_can_only_be_looked_at(admin: Client) -> None:
    old, values = newest(), shown(admin, page_of(newest()))
    save(admin, page_of(old), **rung(0, offset="-9", key="T-9"))
    before = everything()
    assert "followed by a newer one" in noted(admin, page_of(old))
    page = web.read(admin, page_of(old))
    assert page.all("input", type="submit") == []
    assert not {"name", "rungs-0-key", "rungs-0-offset", "rungs-0-audiences"} & set(shown(admin, page_of(old)))
    assert "officer of the unit" in page.text
    answer = admin.post(page_of(old), values, follow=True)
    assert "A newer version has been saved meanwhile" in said(answer)
    assert answer.redirect_chain[-1][0] == page_of(newest())
    assert everything() == before


def test_a_version_is_neither_made_from_nothing_nor_deleted(admin: Client) -> None:
    before = everything()
    new = {"code": "gentle", "name": "温和", "_saveasnew": "1", "rungs-TOTAL_FORMS": "1", "rungs-INITIAL_FORMS": "0"}
    new |= rung(0, key="T", offset="0", audiences="officer")
    for sent in (new, {name: value for name, value in new.items() if name != "_saveasnew"}):
        answer = admin.post(url("workflows_ladder_add"), sent)
        assert answer.status_code in (200, 403)
    assert admin.post(url("workflows_ladder_delete", newest().pk), {"post": "yes"}).status_code == 403
    assert everything() == before


def test_every_audience_has_words(admin: Client) -> None:
    names = dict(audience_names())
    assert set(names) == set(AUDIENCES)
    assert len(set(names.values())) == len(names)
    page = web.read(admin, page_of(newest())).text
    assert all(name in page for name in names.values())


# --- Moving running dates to it ----------------------------------------------------------------------


def text(answer: Any) -> str:
    return " ".join(web.Page(answer.content.decode()).text.split())


def test_running_dates_move_to_the_newest_version_when_asked(admin: Client) -> None:
    """T-10 has been told on 17 July and keeps its moment, so it is not told again; T-4 is new and comes."""
    found = make.row("survey/654224")
    make.only(found)
    make.tick_through(date(2019, 7, 17))
    assert saved(save(admin, page_of(newest()), **rung(1, key="T-4", offset="-4")))
    address = url("workflows_ladder_move", newest().pk)
    assert address in admin.get(page_of(newest())).content.decode()
    with clock.standing_at(make.at(2019, 7, 18, 9)):
        count = Deadline.objects.filter(ladder_code="standard", status="armed").count()
        assert f"{count} running dates move to this version." in text(admin.get(address))
        assert set(Deadline.objects.values_list("ladder_version", flat=True)) == {1}
        answer = admin.post(address, {"confirmed": "1"}, follow=True)
    assert f"{count} running dates moved." in said(answer)
    main = make.deadline(found)
    assert (main.ladder_version, main.rev, main.due_on) == (2, 2, date(2019, 7, 31))
    change = main.changes.get(kind="ladder")
    assert change.by == make.person(make.ADMINISTRATOR)
    assert change.reason
    make.only(found)
    lines = make.tick_through(date(2019, 7, 31))
    assert make.fired_on(lines, "survey/654224") == {
        "T-4": date(2019, 7, 25),
        "T": date(2019, 7, 31),
    }
    told = main.firings.filter(rung_key="T-10").order_by("rev").values_list("outcome", flat=True)
    assert list(told) == ["fired", "skipped_late"]
    # Asked again nothing is left, and an older version has no such page.
    assert ladder_moves.move(newest(), by=None, now=make.at(2019, 7, 18, 10)) == 0
    assert "No running date climbs an older version." in text(admin.get(address))
    old = Ladder.objects.get(code="standard", version=1)
    assert admin.post(url("workflows_ladder_move", old.pk), {"confirmed": "1"}).status_code == 403


def test_the_page_says_what_a_new_version_does(admin: Client) -> None:
    box = noted(admin, page_of(newest()))
    assert "Dates set from now on climb it; a date that already runs keeps the version it was set with, until" in box
    assert "标准催办" in admin.get(url("workflows_ladder_changelist")).content.decode()


def test_a_notice_that_has_not_left_when_its_date_changes_ladders_leaves_all_the_same(admin: Client) -> None:
    """T fires at 10:14 and leaves at eleven. In between the date is moved to the next version, which skips T."""
    found = make.row("survey/654224")
    make.only(found)
    make.tick_through(make.at(2019, 7, 31, 10, 30))
    assert saved(save(admin, page_of(newest()), **rung(1, key="T-4", offset="-4")))
    assert ladder_moves.move(newest(), by=None, now=make.at(2019, 7, 31, 10, 40)) > 0
    lines = make.sent(make.tick_through(make.at(2019, 7, 31, 11, 30)), recipient=make.leader_of(found.unit).username)
    assert {line["channel"] for line in lines} == {"inbox", "email", "sms"}


def test_who_waits_for_a_rung_is_told_though_its_date_changes_ladders(admin: Client) -> None:
    """The lead's word of T+1 waits for a request to be decided; the move takes it from nobody, nor the slip."""
    found = make.signed(make.row("survey/654224"), make.at(2019, 6, 3, 11))
    make.only(found)
    actions.ask_extension(
        found, by=make.officer_of(found.unit), now=make.at(2019, 7, 31, 9), to=date(2019, 8, 26), reason="汛期。"
    )
    make.tick_through(date(2019, 8, 1))
    assert saved(save(admin, page_of(newest()), **rung(1, key="T-4", offset="-4")))
    ladder_moves.move(newest(), by=None, now=make.at(2019, 8, 2, 9))
    make.only(found)
    lines = make.tick_through(date(2019, 8, 6))
    (line,) = make.fired(lines, rung="T+1", occ=1)
    assert [(group["role"], group["unit"]) for group in line["to"]] == [("officer", "hrss")]
    assert line["slip"] == "yellow"
