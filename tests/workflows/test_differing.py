"""Two texts beside each other: what went, what came, nothing lost, and never for long."""

from __future__ import annotations

import time

import pytest

from workflows.differing import COSTS_AT_MOST, GONE, NEW, SAME, Part, stretches, texts


def _text(parts: list[Part]) -> str:
    return "".join(words for _what, words in parts)


def _only(parts: list[Part], what: str) -> list[str]:
    return [words for kind, words in parts if kind == what]


def test_a_number_is_one_word_and_a_character_is_one() -> None:
    left, right = texts("卫星工厂提供岗位60个，其中妇女40个。", "卫星工厂提供岗位165个，其中残疾人40个。")
    assert (_only(left, GONE), _only(right, NEW)) == (["60", "妇女"], ["165", "残疾人"])
    left, right = texts("就业率达到12.5%。", "就业率达到13.5%。")
    assert left == [(SAME, "就业率达到"), (GONE, "12.5%"), (SAME, "。")]
    assert right == [(SAME, "就业率达到"), (NEW, "13.5%"), (SAME, "。")]


def test_a_sentence_put_between_leaves_its_neighbours_alone() -> None:
    left, right = texts("草畜资源充足。水电已通。", "草畜资源充足。厂房1200平方米。水电已通。")
    assert left == [(SAME, "草畜资源充足。水电已通。")]
    assert right == [(SAME, "草畜资源充足。"), (NEW, "厂房1200平方米。"), (SAME, "水电已通。")]


def test_another_sentence_is_shown_as_another_and_not_in_shreds() -> None:
    left, right = texts("对草场、庭院情况进行了调查。", "经逐户核实，形成了岗位清单。")
    assert left == [(GONE, "对草场、庭院情况进行了调查。")]
    assert right == [(NEW, "经逐户核实，形成了岗位清单。")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("", "新写的。"),
        ("写过的。", ""),
        ("甲。\r\n乙。", "甲。\n乙。"),
        ("甲\n\n乙", "甲\n丙\n乙"),
        ("  甲 ", "甲"),
    ],
)
def test_put_together_again_it_is_the_text(old: str, new: str) -> None:
    left, right = texts(old, new)
    assert (_text(left), _text(right)) == (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"))
    assert not _only(left, NEW)
    assert not _only(right, GONE)
    assert _text([part for part in left if part[0] == SAME]) == _text([part for part in right if part[0] == SAME])


def test_the_end_of_a_line_is_no_change() -> None:
    """A browser sends its own ends of lines."""
    left, right = texts("甲。\n乙。", "甲。\r\n乙。")
    assert {what for what, _words in left + right} == {SAME}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("甲" * 5000, "甲乙" * 2500),
        ("甲乙丙" * 1666, "丙乙甲" * 1666),
        ("甲。" * 2500, "乙。甲。" * 1250),
        ("岗" * 5000, "位" * 5000),
        ("".join(f"第{n}户。" for n in range(900)), "".join(f"第{n}户；" for n in range(900, 0, -1))),
    ],
)
def test_texts_that_repeat_themselves_take_no_time(old: str, new: str) -> None:
    """Compared to the end, the first pair would take minutes: every character is like every other."""
    begun = time.process_time()
    left, right = texts(old, new)
    assert time.process_time() - begun < 5
    assert (_text(left), _text(right)) == (old, new)


def test_what_would_take_long_is_called_different_as_a_whole() -> None:
    many = int(COSTS_AT_MOST**0.5) + 2
    assert stretches("甲" * many + "乙", "丙" + "甲" * many) == [(False, (0, many + 1, 0, many + 1))]
    few = "甲" * 20
    assert [is_same for is_same, _block in stretches(few + "乙", "丙" + few)] == [False, True, False]
