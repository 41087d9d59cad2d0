"""What is wrong with a plan file, in words that say where and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong. `key` is empty when the whole file is meant, `line` then 0."""

    line: int
    key: str
    what: str
    allowed: str
    file: str = ""

    def __str__(self) -> str:
        names = asdict(self)
        if not self.line:
            return _("%(file)s: %(what)s Allowed: %(allowed)s") % names
        if not self.key:
            return _("%(file)s, line %(line)d: %(what)s Allowed: %(allowed)s") % names
        return _("%(file)s, line %(line)d, %(key)s: %(what)s Allowed: %(allowed)s") % names


class PlanProblems(Exception):
    """The file cannot be used; `problems` names everything found, in the file's order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def one_of(given: str, choices: Sequence[str]) -> str:
    """What is allowed, the likeliest first."""
    near = get_close_matches(given, choices, n=1)
    names = {"choices": listed(choices)}
    if near:
        return _("perhaps %(near)s is meant; one of %(choices)s.") % (names | {"near": near[0]})
    return _("one of %(choices)s.") % names


def listed(names: Iterable[str]) -> str:
    """塔城市、额敏县: Chinese parts the members of a list otherwise than the parts of a sentence."""
    return pgettext("between the members of a list", ", ").join(names)
