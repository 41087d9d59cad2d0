"""The Simplified Chinese catalogue: what most users read is complete, true to its placeholders and well set.

After a change of texts:

    python3 manage.py makemessages -l zh_Hans -e html,txt,py --add-location file --no-wrap --no-obsolete \
        -i .venv -i node_modules -i tests -i var
    (translate what is empty or fuzzy)
    cd config/locale/zh_Hans/LC_MESSAGES && msgfmt --check-format -o django.mo django.po
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.utils.translation import override

from config.bootstrap import ROOT
from workflows.flows import FLOWS
from workflows.flows.nodes import Question, Step

FOLDER = ROOT / "config" / "locale" / "zh_Hans" / "LC_MESSAGES"
HAN = "\u3400-\u9fff"
LONGEST_STEP = 12  # characters of 12 px in a box of 150 px

Key = tuple[str, str, str]


def key(entry: polib.POEntry) -> Key:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""


def said(entry: polib.POEntry) -> list[str]:
    """What stands there in Chinese: one text, for Chinese has one form only."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(FOLDER / "django.po"))


def sources() -> Iterator[Path]:
    """The folders whose texts are extracted: every package but the tests, and the templates."""
    for folder in sorted(ROOT.iterdir()):
        if folder.name == "templates" or (folder.name != "tests" and (folder / "__init__.py").is_file()):
            yield folder


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """A fresh extraction, from a copy: makemessages writes beside what it reads."""
    if missing := [program for program in ("xgettext", "msguniq", "msgmerge") if shutil.which(program) is None]:
        give_up = pytest.fail if os.environ.get("DUBAN_CI") == "1" else pytest.skip
        give_up(f"no {', '.join(missing)} on this machine (package gettext): whether texts are missing is not known")
    copy = tmp_path_factory.mktemp("texts")
    for folder in sources():
        shutil.copytree(folder, copy / folder.name, ignore=shutil.ignore_patterns("__pycache__", "locale", "static"))
    (copy / "config" / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "--settings", "config.settings"]
    command += ["-l", "zh_Hans", "-e", "html,txt,py"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return polib.pofile(str(copy / FOLDER.relative_to(ROOT) / "django.po"))


# --- What can be wrong with one entry ----------------------------------------------------------

PERCENT = re.compile(r"%(?:\((\w+)\))?[#0 +-]*\d*(?:\.\d+)?([A-Za-z%])")
BRACES = re.compile(r"\{\w*\}")


def placeholders(text: str, *, percent: bool) -> Counter[tuple[str, str]]:
    """What is filled in when the text is shown: names with their kind. `%(month)02d` is `%(month)d`."""
    found = Counter(("{}", name) for name in BRACES.findall(text))
    if percent:
        # A name may be said twice; what has no name is filled in by its place.
        named = {(name, kind) for name, kind in PERCENT.findall(text) if name}
        found += Counter(named) + Counter(place for place in PERCENT.findall(text) if not place[0] and place[1] != "%")
    return found


def unfinished(entry: polib.POEntry) -> bool:
    return entry.fuzzy or entry.obsolete or not all(text.strip() for text in said(entry) or [""])


def misfilled(entry: polib.POEntry) -> bool:
    """Other placeholders than the English has, or a bare per cent sign where some are filled in."""
    percent = "python-format" in entry.flags or "%(" in entry.msgid
    wanted = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
    allowed = [placeholders(text, percent=percent) for text in wanted]
    for text in said(entry):
        if placeholders(text, percent=percent) not in allowed:
            return True
        if percent and "%" in PERCENT.sub("", text):
            return True
        if not percent and "%(" in text:
            return True
    return False


HALF_WIDTH = re.compile(rf"[{HAN}]\s?[,:;?!()]\s?[{HAN}]")


def badly_set(entry: polib.POEntry) -> bool:
    """A half-width comma, colon or bracket directly between two Chinese characters."""
    return any(HALF_WIDTH.search(text) for text in said(entry))


def same_edges(entry: polib.POEntry) -> bool:
    """New lines at the ends stay as they are: a template relies on them."""
    return all(
        (text[:1] == "\n", text[-1:] == "\n") == (entry.msgid[:1] == "\n", entry.msgid[-1:] == "\n")
        for text in said(entry)
    )


# --- The catalogue -----------------------------------------------------------------------------


def test_no_text_is_missing_and_none_is_left_over(catalogue: polib.POFile, extracted: polib.POFile) -> None:
    ours, wanted = {key(entry) for entry in catalogue}, {key(entry) for entry in extracted}
    assert len(wanted) > 1000, "the extraction found next to nothing"
    missing, left_over = sorted(wanted - ours), sorted(ours - wanted)
    assert not missing, "not in the catalogue (how to add them stands at the top of this file)"
    assert not left_over, "in the catalogue, but used nowhere"


def test_every_kind_of_text_is_extracted(extracted: polib.POFile) -> None:
    found = {path for entry in extracted for path, _line in entry.occurrences}
    assert {Path(path).suffix for path in found} == {".html", ".py", ".txt"}
    assert {folder.name for folder in sources()} == {Path(path).parts[0] for path in found}
    assert any(entry.msgctxt for entry in extracted)


def test_functions_that_translate_keep_the_names_extraction_knows() -> None:
    renamed = []
    for path in (path for folder in sources() for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
                for name in node.names:
                    plain = name.name in ("gettext", "gettext_lazy") and name.asname == "_"
                    if "gettext" in name.name and name.asname and not plain:
                        renamed.append(f"{path.relative_to(ROOT)}: {name.name} as {name.asname}")
    assert not renamed


def test_nothing_is_untranslated_or_doubtful(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if unfinished(entry)] == []


def test_what_is_filled_in_is_the_same_on_both_sides(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if misfilled(entry) or not same_edges(entry)] == []


def test_punctuation_between_chinese_characters_is_full_width(catalogue: polib.POFile) -> None:
    assert [text for entry in catalogue if badly_set(entry) for text in said(entry)] == []


def test_the_compiled_catalogue_is_this_one(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(FOLDER / "django.mo"))
    ours = {key(entry): said(entry) for entry in catalogue}
    theirs = {key(entry): said(entry) for entry in compiled}
    assert {text for text in ours if theirs.get(text) != ours[text]} == set(), "compile it again with msgfmt"
    assert set(theirs) == set(ours), "compile it again with msgfmt"
    for wanted in (catalogue, compiled):
        assert wanted.metadata["Plural-Forms"] == "nplurals=1; plural=0;"
        assert wanted.metadata["Content-Type"] == "text/plain; charset=UTF-8"


@pytest.mark.parametrize("code", sorted(FLOWS))
def test_steps_have_chinese_names_that_fit_their_boxes(code: str) -> None:
    nodes = list(FLOWS[code].instance.nodes())
    with override("zh-hans"):
        names = [str(node.task_title) for node in nodes if isinstance(node, Step)]
        names += [str(label) for node in nodes if isinstance(node, Question) for label in node._labels]
    assert names
    assert [name for name in names if len(name) > LONGEST_STEP or not re.search(f"[{HAN}]", name)] == []


# --- The checks can fail -----------------------------------------------------------------------


def entry(msgid: str, msgstr: str, *flags: str) -> polib.POEntry:
    return polib.POEntry(msgid=msgid, msgstr=msgstr, flags=list(flags))


def test_what_is_unfinished_is_seen() -> None:
    assert unfinished(entry("Open", ""))
    assert unfinished(entry("Open", " "))
    assert unfinished(entry("Open", "在办", "fuzzy"))
    assert unfinished(polib.POEntry(msgid="%(n)s day", msgid_plural="%(n)s days", msgstr_plural={0: ""}))
    assert not unfinished(entry("Open", "在办"))


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("%(n)s days", "天"),
        ("%(n)s days", "%(m)s天"),
        ("%(n)d days", "%(n)s天"),
        ("Issued %(at)s by %(by)s", "%(at)s交办"),
        ("%s of %s", "%s"),
        ("%(n)s%% done", "进度%(n)s%"),
        ("{n} days", "天"),
        ("in per cent", "进度%(n)s"),
    ],
)
def test_what_is_filled_in_wrongly_is_seen(msgid: str, msgstr: str) -> None:
    assert misfilled(entry(msgid, msgstr, *(["python-format"] if "%" in msgid else [])))


@pytest.mark.parametrize(
    ("msgid", "msgstr"),
    [
        ("%(year)s-%(month)02d", "%(year)s年%(month)d月"),
        ("%(n)s%% of %(all)s", "%(all)s中的%(n)s%%"),
        ("%(unit)s leads", "由%(unit)s牵头，%(unit)s报送"),
        ("in per cent", "进度（%）"),
        ("{n} days", "{n}天"),
    ],
)
def test_what_is_filled_in_rightly_is_let_pass(msgid: str, msgstr: str) -> None:
    assert not misfilled(entry(msgid, msgstr, *(["python-format"] if "%" in msgid else [])))


def test_half_width_punctuation_is_seen() -> None:
    assert all(badly_set(entry("x", text)) for text in ("逾期,请办理", "牵头:人社局", "县(市)", "期限, 单位"))
    assert not any(badly_set(entry("x", text)) for text in ("逾期，请办理", "县（市）", "截至09:30", "first, last"))
