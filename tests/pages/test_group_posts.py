"""How the groups of offices were told, as those see it who keep the system: and what they can do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from bureaus import clock
from measures.models import Plan
from notifications import groups, ways
from notifications.models import GroupPost
from tests import make
from tests.notifications.gateways import FakeWeCom, Refuse, listening
from tests.notifications.notes import NOW
from tests.pages.browsing import DESKTOP, PHONE, Window
from tests.pages.test_delivery import URL, press, read, section

TODAY = NOW.date()
TUOLI, SUPERVISION = "654224", "supervision"
WECOM = "wecom://KEYOFTHEHOUSE@qyapi.weixin.qq.com"
DINGTALK = "dingtalk://KEYOFTHEHOUSE:NEVERSEEN@oapi.dingtalk.com"


@pytest.fixture
def stage(tacheng: Plan, settings: Any) -> Iterator[Any]:
    settings.GROUP_ROBOTS = [f"{TUOLI}={WECOM}", f"{SUPERVISION}={DINGTALK}"]
    with clock.standing_at(NOW):
        yield settings


def posted(unit: str = TUOLI, status: str = "accepted", day: date = TODAY, **values: Any) -> GroupPost:
    moment = make.at(day.year, day.month, day.day, 11)
    return GroupPost.objects.create(
        unit=unit,
        day=day,
        body="事项00001",
        status=status,
        as_of=moment,
        created_at=moment,
        final_at=moment,
        **values,
    )


def test_without_a_robot_nothing_is_said_of_groups(stage: Any) -> None:
    stage.GROUP_ROBOTS = []
    assert read().all("section", id="groups") == []


def test_each_group_has_its_last_post_and_nothing_of_what_it_said(stage: Any) -> None:
    posted(day=TODAY - timedelta(days=1), status="failed", dealt_at=NOW)
    posted()
    tuoli, supervision = sorted(section(read(), "groups"), key=lambda line: "督查室" in line)
    assert "托里县" in tuoli
    assert "2019-08-13" in tuoli
    assert "2019-08-12" not in tuoli
    assert "已发送" in tuoli
    assert "督查室" in supervision
    assert "—" in supervision
    for hidden in ("事项00001", "KEYOFTHEHOUSE", "NEVERSEEN"):
        assert hidden not in read().html


@pytest.mark.parametrize(("status", "shown"), [("failed", "发送失败"), ("uncertain", "结果不明")])
def test_what_did_not_get_through_can_be_left_at_that(status: str, shown: str, stage: Any) -> None:
    post = posted(status=status, said="93000: invalid webhook url")
    (line,) = [line for line in section(read(), "groups") if "托里县" in line]
    assert shown in line
    assert "93000" in line
    button = f"{URL}group/{post.pk}/"
    assert button in read().forms
    assert button not in read("auditor").forms
    press("group", post.pk, "auditor", status=404)
    press("group", post.pk)
    assert button not in read().forms
    press("group", post.pk, status=409)


def test_an_older_failure_stays_until_somebody_has_dealt_with_it(stage: Any) -> None:
    old = posted(day=TODAY - timedelta(days=3), status="failed", outcome="expired")
    posted()
    lines = [line for line in section(read(), "groups") if "托里县" in line]
    assert [("2019-08-10" in line, "2019-08-13" in line) for line in lines] == [(False, True), (True, False)]
    stage.GROUP_ROBOTS = []
    assert len(section(read(), "groups")) == 1, "also when the robot is gone"
    press("group", old.pk)
    assert read().all("section", id="groups") == []


def test_what_was_sent_cannot_be_dealt_with(stage: Any) -> None:
    press("group", posted().pk, status=409)


def test_a_code_that_no_unit_has_and_a_wrong_entry_are_shown(stage: Any) -> None:
    stage.GROUP_ROBOTS = [f"{TUOLI}={WECOM}", f"nobody-s={WECOM}", "654201=wecom://NEVERSEEN"]
    page = read()
    assert "nobody-s" in page.one("section", id="groups").one("tr", cls="is-red").text
    assert "3" in page.one(cls="flash").text
    assert "NEVERSEEN".lower() not in page.html.lower()


def test_a_closed_robot_is_called_by_its_group(stage: Any) -> None:
    long = "a-unit-with-a-code-as-long-as-it"[:30]
    stage.GROUP_ROBOTS = [f"{TUOLI}={WECOM}", f"{long}={DINGTALK}"]
    for code, robot in groups.robots().robots.items():
        assert len(groups.way_of(code, robot)) <= 30
        ways.failed(groups.way_of(code, robot), "93000: invalid webhook url")
    alerts = [alert.text for alert in read().all(cls="flash")]
    assert len(alerts) == 2
    assert any("托里县" in alert for alert in alerts)
    assert any(long in alert for alert in alerts)


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_it_fits_and_its_button_works(
    width: int, lived_committed: Plan, window: Callable[..., Window], settings: Any
) -> None:
    clock.set_made(NOW)
    with listening(FakeWeCom()) as fake:
        settings.GROUP_ROBOTS = [f"{TUOLI}={fake.url}", f"{SUPERVISION}={DINGTALK}", f"nobody-s={WECOM}"]
        fake.script(Refuse("40058", "invalid content"))
        groups.post(TUOLI, TODAY, "00001", robot=groups.robots().robots[TUOLI], now=NOW)
    opened = window(width)
    opened.sign_in(make.ADMINISTRATOR)
    opened.open(URL)
    post = GroupPost.objects.get()
    # It leads back to the address one is at: only a new page says that it was sent.
    with opened.page.expect_navigation():
        opened.page.click(f"form[action$='/group/{post.pk}/'] button")
    opened.fits()
    post.refresh_from_db()
    assert post.dealt_at is not None
