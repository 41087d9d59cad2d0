"""How many SMS a text costs."""

from __future__ import annotations

ALONE = 70
IN_PARTS = 67


def segments(text: str, signature: str) -> int:
    """SMS it takes, with 【signature】 counted: 70 characters are one, beyond that every 67 are a part.

    A character outside the basic plane (a rare 姓名 of Extension B) counts twice, as it does on the air (UTF-16).
    """
    length = len(f"【{signature}】{text}".encode("utf-16-le")) // 2
    return 1 if length <= ALONE else -(-length // IN_PARTS)
