"""Acts written down beforehand: read, done by the right people, and refused with the line they stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from measures.models import Plan
from tests.make import at, fired, nothing_written, only, person, row, rows, tick_through
from workflows import scenario
from workflows.demonstration import SCENARIO

NOW = at(2019, 6, 3, 11)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(text, "utf-8")
    return path


def act(do: str, on: str, more: str = "", when: str = "2019-06-03T11:00:00") -> str:
    return f'[[act]]\nat = {when}\ndo = "{do}"\non = {on}\n{more}\n'


def test_acts_are_read_in_order_of_time_in_local_time(tmp_path: Path) -> None:
    path = written(tmp_path, act("sign", '"tacheng-2019/*"', when="2019-06-04T10:00:00") + act("sign", '["a", "!b"]'))
    first, second = scenario.read(path)
    assert (first.at, first.on, first.line) == (at(2019, 6, 3, 11), ("a", "!b"), 2)
    assert (second.at, second.on, second.line) == (at(2019, 6, 4, 10), ("tacheng-2019/*",), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[act]", "scenario.toml"),
        ('[[act]]\ndo = "sign"\non = "x"\n', "act 1"),
        ('[[act]]\nat = "soon"\ndo = "sign"\non = "x"\n', "act 1"),
        (act("sing", '"x"'), "sing"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(scenario.ScenarioError, match=said):
        scenario.read(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(scenario.ScenarioError, match="nowhere"):
        scenario.read(tmp_path / "nowhere.toml")


def done(tmp_path: Path, text: str) -> int:
    (one,) = scenario.read(written(tmp_path, text))
    return scenario.perform(one, NOW)


def test_every_row_the_patterns_name_but_those_taken_out(tacheng: Plan, tmp_path: Path) -> None:
    assert done(tmp_path, act("sign", '["tacheng-2019/survey/*", "!tacheng-2019/survey/654226"]')) == 4
    assert {one.unit.code: one.state for one in rows("survey/")} == {
        **dict.fromkeys(("654201", "654221", "654224", "654225"), "in_progress"),
        "654226": "issued",
    }
    signed = row("survey/654224")
    assert (signed.handler, signed.leader) == (person("托里县·经办人"), person("托里县·分管领导"))


def test_a_named_person_or_a_role_does_it(tacheng: Plan, tmp_path: Path) -> None:
    done(tmp_path, act("sign", '"tacheng-2019/survey/654224"', 'by = "chief"'))
    assert row("survey/654224").events.get(kind="signed").actor == person("托里县·主要领导")
    done(tmp_path, act("sign", '"tacheng-2019/survey/654221"', 'by = "额敏县·科室负责人"'))
    assert row("survey/654221").events.get(kind="signed").actor == person("额敏县·科室负责人")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (act("sign", '"tacheng-2019/nothing/*"'), "nothing"),
        (act("accept", '"tacheng-2019/survey/654224"'), "accept tacheng-2019/survey/654224"),
        (act("sign", '"tacheng-2019/survey/654224"', 'by = "塔城市·经办人"'), "sign tacheng-2019/survey/654224"),
        (act("sign", '"tacheng-2019/survey/654224"', 'by = "nobody"'), "nobody"),
        (act("grant_extension", '"tacheng-2019/survey/654224"'), "tacheng-2019/survey/654224"),
    ],
)
def test_what_cannot_be_done_stops_the_play_and_says_where(tacheng: Plan, tmp_path: Path, text: str, said: str) -> None:
    with nothing_written(), pytest.raises(scenario.ScenarioError, match=said):
        done(tmp_path, text)


def test_acts_come_before_the_rungs_of_their_moment(tacheng: Plan, tmp_path: Path) -> None:
    """Signed at the very minute of receipt+1 (10:14): nobody is reminded."""
    acts = scenario.read(written(tmp_path, act("sign", '"tacheng-2019/survey/654224"', when="2019-06-04T10:14:00")))
    only(row("survey/654224"))
    lines = tick_through(at(2019, 6, 5), acts)
    assert not fired(lines, kind="receipt")
    assert row("survey/654224").state == "in_progress"


def test_the_scenario_of_the_demonstration_can_be_read() -> None:
    acts = scenario.read(SCENARIO)
    assert len(acts) > 50
    assert acts == sorted(acts)
    assert acts[0].at >= at(2019, 6, 1)
    assert acts[-1].at < at(2019, 8, 20, 9)
