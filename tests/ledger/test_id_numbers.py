"""Numbers as people write them; a wrong digit or two swapped ones never pass."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import id_numbers

BORN = date(1980, 1, 1)
NOBODY = id_numbers.composed("000000", BORN, 123)
FULL_WIDTH = "".join(chr(ord(place) + 0xFEE0) for place in "11010519491231002X")

numbers = st.builds(
    id_numbers.composed,
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.dates(date(1900, 1, 1), date(2019, 12, 31)),
    st.integers(0, 999),
)


def test_the_example_of_the_standard() -> None:
    """GB 11643-1999, appendix: both check characters printed there."""
    assert id_numbers.check_digit("11010519491231002") == "X"
    assert id_numbers.check_digit("44052418800101001") == "4"
    assert id_numbers.is_valid("11010519491231002X")


@given(numbers)
def test_what_is_composed_is_valid_and_says_what_it_was_made_of(number: str) -> None:
    assert id_numbers.is_valid(number)
    born = id_numbers.birth_date(number)
    assert born
    assert id_numbers.composed(number[:6], born, int(number[14:17])) == number
    assert id_numbers.sex(number) == ("male" if int(number[14:17]) % 2 else "female")


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_wrong_place_is_found(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    assert not id_numbers.is_valid(number[:place] + other + number[place + 1 :])


@given(numbers, st.integers(0, 16))
def test_every_swap_of_neighbours_is_found(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    assert not id_numbers.is_valid(number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    number, phone = id_numbers.normalised(text), id_numbers.normalised_phone(text)
    assert id_numbers.is_valid(number) <= (id_numbers.sex(number) != "")
    assert id_numbers.is_valid(number) <= (id_numbers.birth_date(number) is not None)
    assert len(id_numbers.masked(number)) == len(number)
    assert len(id_numbers.masked_phone(phone)) == len(phone)


@pytest.mark.parametrize(
    "written",
    [
        "11010519491231002x",
        " 110105 19491231 002X ",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105-19491231-002x",
        "'11010519491231002X",
    ],
)
def test_however_it_is_written(written: str) -> None:
    assert id_numbers.normalised(written) == "11010519491231002X"


@pytest.mark.parametrize(
    "wrong",
    ["", "12345", NOBODY[:17], NOBODY + "0", "6.54224198001e+17", "00000019800230" + "123" + "4", "٠" * 18, "零" * 18],
)
def test_what_is_no_number(wrong: str) -> None:
    assert not id_numbers.is_valid(wrong)
    assert id_numbers.birth_date(wrong) is None


def test_a_day_that_never_was_is_refused_even_with_the_right_check_digit() -> None:
    first = "000000" + "20190229" + "001"
    assert not id_numbers.is_valid(first + id_numbers.check_digit(first))
    assert not id_numbers.is_valid("000000" + "10190228" + "001" + id_numbers.check_digit("00000010190228001"))


def test_masks_keep_the_length_and_show_what_they_may() -> None:
    assert id_numbers.masked("654224198001011237") == "6****************7"
    assert len(id_numbers.masked(NOBODY)) == 18
    assert id_numbers.masked("123") == "***"
    assert id_numbers.masked_phone("10000000001") == "100****0001"
    assert id_numbers.masked_phone("0901123") == "*****23"
    assert id_numbers.masked("") == id_numbers.masked_phone("") == ""


@pytest.mark.parametrize(
    "written", ["10000000001", "+86 100 0000 0001", "0086-100-0000-0001", "（100）00000001", "（１００）00000001"]
)
def test_phones_however_written(written: str) -> None:
    assert id_numbers.normalised_phone(written) == "10000000001"


def test_what_cannot_be_composed() -> None:
    for area, sequence in (("65422", 1), ("65422a", 1), ("654224", 1000), ("654224", -1)):
        with pytest.raises(ValueError, match="needed"):
            id_numbers.composed(area, BORN, sequence)
    with pytest.raises(ValueError, match="seventeen"):
        id_numbers.check_digit("123")
