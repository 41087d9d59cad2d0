"""On which line of a TOML text each key stands: tomllib does not say. Pure.

Only for text tomllib has accepted: nothing is checked again here. A path is what leads to a value in
the parsed document, such as ("measure", 0, "step", 2, "due").
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]


class Positions:
    """The line of every key, header and element; what has none of its own stands where its parent does."""

    def __init__(self, lines: dict[Path, int]) -> None:
        self._lines = lines

    @classmethod
    def of(cls, text: str) -> Positions:
        return cls(_Scanner(text.replace("\r\n", "\n")).scan())

    def line(self, path: Path) -> int:
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


class _Scanner:
    """Walks the text once and notes where keys begin."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # how many tables an array of tables has so far
        self.ends = [index for index, char in enumerate(text) if char == "\n"]

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip_blank():
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1

    def _note(self, path: Path) -> None:
        """The first place wins: a table opened by a dotted key is where it was first mentioned."""
        self.lines.setdefault(path, self._line())

    def _skip_blank(self, stop_at_newline: bool = False) -> bool:
        """Go past spaces, line ends and comments; False at the end of the text."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif char in " \t" or (char == "\n" and not stop_at_newline):
                self.at += 1
            else:
                return True
        return False

    def _header(self) -> Path:
        many = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if many else 1
        parts = self._key()
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        after, self.at = self.at, start
        path: Path = ()
        for part in parts[:-1]:
            path += (part,)
            self._note(path)
            if path in self.counts:
                path += (self.counts[path] - 1,)
        path += (parts[-1],)
        self._note(path)
        if many:
            self.counts[path] = self.counts.get(path, 0) + 1
            path += (self.counts[path] - 1,)
            self._note(path)
        self.at = after
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = table
        parts = self._key()
        after, self.at = self.at, start
        for part in parts:
            path += (part,)
            self._note(path)
        self.at = self.text.index("=", after) + 1
        self._value(path)

    def _key(self) -> list[str]:
        """The parts of a dotted key, up to whatever follows it."""
        parts = []
        while True:
            self._skip_blank(stop_at_newline=True)
            start = self.at
            if self.text[start] in "\"'":
                self._string()
                parts.append(next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0"))))
            else:
                while self.at < len(self.text) and (self.text[self.at].isalnum() or self.text[self.at] in "-_"):
                    self.at += 1
                parts.append(self.text[start : self.at])
            self._skip_blank(stop_at_newline=True)
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip_blank()
        char = self.text[self.at]
        if char == "[":
            self._array(path)
        elif char == "{":
            self._inline_table(path)
        elif char in "\"'":
            self._string()
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self._skip_blank() and self.text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._note((*path, index))
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while self._skip_blank() and self.text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self._pair(path)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        if not self.text.startswith(quote * 3, self.at):
            self._close(quote, escapes=quote == '"')
            return
        self.at += 2
        self._close(quote * 3, escapes=quote == '"')
        # A multi-line string may end with one or two quotes of its own.
        while self.at < len(self.text) and self.text[self.at] == quote:
            self.at += 1

    def _close(self, mark: str, *, escapes: bool) -> None:
        """Go past the string that begins here and ends with `mark`."""
        self.at += 1
        while not self.text.startswith(mark, self.at):
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at += len(mark)
