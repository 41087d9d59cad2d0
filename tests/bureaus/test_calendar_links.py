"""Two pages of one person at once, and what a token is good for."""

from __future__ import annotations

from bureaus import calendar_links
from bureaus.models import CalendarLink, User
from measures.models import Plan
from tests import make
from tests.workflows.child import at_one_lock

NOW = make.at(2019, 6, 3, 10)


def test_two_pages_at_once_make_one_link_and_the_other_is_told(tacheng_committed: Plan) -> None:
    user = make.person("托里县·经办人")
    acts = [lambda: calendar_links.make(user, replacing=None, now=NOW)] * 2
    tokens = at_one_lock(lambda: list(User.objects.select_for_update().filter(pk=user.pk)), *acts)
    given = [token for token in tokens if token is not None]
    assert (len(tokens), len(given)) == (2, 1)
    link = calendar_links.holder(given[0])
    assert link is not None
    assert link.user == user
    assert CalendarLink.objects.count() == 1


def test_no_two_tokens_are_alike_and_the_last_alone_is_good(tacheng: Plan) -> None:
    replacing: int | None = None
    tokens: list[str] = []
    for _time in range(3):
        token = calendar_links.make(make.person("托里县·经办人"), replacing=replacing, now=NOW)
        assert token is not None
        tokens.append(token)
        link = calendar_links.holder(token)
        assert link is not None
        replacing = link.pk
    assert len(set(tokens)) == 3
    last = tokens[-1]
    assert [token for token in tokens if calendar_links.holder(token)] == [last]
    for nonsense in ("", "x", last[:-1], last.swapcase(), last + "="):
        assert calendar_links.holder(nonsense) is None
