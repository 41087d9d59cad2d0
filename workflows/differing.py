"""Two texts beside each other: what went and what came, by sentences first and by characters inside them.

Pure. A text comes back as parts, (SAME, GONE or NEW, words), which put together give it again. Chinese has no
spaces: a character is a word there, a number or a Latin word is one. How long it takes is bounded: where two
stretches repeat so much that comparing them would take long, they are called different as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
Part = tuple[str, str]
Block = tuple[int, int, int, int]  # of the old from, to, of the new from, to

# Pairs of equal words in two stretches: what the comparing costs, more or less.
COSTS_AT_MOST = 400_000
_SENTENCE = re.compile(r"[^。；！？;!?\n]*[。；！？;!?\n]+|[^。；！？;!?\n]+")
_WORD = re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z]+|\s+|.", re.DOTALL)
# Two characters that happen to be the same inside a change are no reason to cut it in two.
_TOO_SHORT = 2
# A sentence of which less than this is left reads better as another sentence.
_LEFT_AT_LEAST = 0.3


def texts(old: str, new: str) -> tuple[list[Part], list[Part]]:
    """The old text with what is GONE, and the new one with what is NEW."""
    old, new = _lines(old), _lines(new)
    left: list[Part] = []
    right: list[Part] = []
    before, after = _SENTENCE.findall(old), _SENTENCE.findall(new)
    for is_same, (a, b, c, d) in stretches(before, after):
        went, came = "".join(before[a:b]), "".join(after[c:d])
        if is_same:
            left.append((SAME, went))
            right.append((SAME, came))
        else:
            for parts, found in zip((left, right), _inside(went, came), strict=True):
                parts += found
    return _joined(left), _joined(right)


def stretches(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[bool, Block]]:
    """The two sequences cut into stretches that are the same or not, in order."""
    shorter = min(len(old), len(new))
    head = 0
    while head < shorter and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < shorter - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    found: list[tuple[bool, Block]] = [(True, (0, head, 0, head))] if head else []
    if middle_old and middle_new and _costs(middle_old, middle_new) <= COSTS_AT_MOST:
        matcher = SequenceMatcher(None, middle_old, middle_new, autojunk=False)
        found += [
            (what == "equal", (a + head, b + head, c + head, d + head)) for what, a, b, c, d in matcher.get_opcodes()
        ]
    elif middle_old or middle_new:
        found.append((False, (head, len(old) - tail, head, len(new) - tail)))
    if tail:
        found.append((True, (len(old) - tail, len(old), len(new) - tail, len(new))))
    return found


def _costs(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    there = Counter(new)
    return sum(count * there[word] for word, count in Counter(old).items())


def _inside(went: str, came: str) -> tuple[list[Part], list[Part]]:
    old, new = _WORD.findall(went), _WORD.findall(came)
    found = stretches(old, new)
    kept = sum(len("".join(old[a:b])) for is_same, (a, b, _c, _d) in found if is_same)
    if kept < _LEFT_AT_LEAST * max(len(went), len(came)):
        return [(GONE, went)], [(NEW, came)]
    left: list[Part] = []
    right: list[Part] = []
    for place, (is_same, (a, b, c, d)) in enumerate(found):
        between = 0 < place < len(found) - 1
        if is_same and not (between and len("".join(old[a:b])) < _TOO_SHORT):
            left.append((SAME, "".join(old[a:b])))
            right.append((SAME, "".join(new[c:d])))
        else:
            left.append((GONE, "".join(old[a:b])))
            right.append((NEW, "".join(new[c:d])))
    return left, right


def _joined(parts: list[Part]) -> list[Part]:
    """Without empty parts, and what is alike in one."""
    found: list[Part] = []
    for what, words in parts:
        if words and found and found[-1][0] == what:
            found[-1] = (what, found[-1][1] + words)
        elif words:
            found.append((what, words))
    return found


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
