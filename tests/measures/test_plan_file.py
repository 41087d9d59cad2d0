"""What a plan file says when it is right, and what its reader says when it is not."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.indicators import INDICATORS
from measures import plan_file
from measures.plan_file import schema
from measures.plan_file.positions import Positions
from tests.measures.plan_command import SLIPS, TACHENG, WETLAND, edited, heading_above, load_plan

TEXT = TACHENG.read_text("utf-8")
COUNTIES = ("654201", "654221", "654224", "654225", "654226")


@pytest.fixture(scope="module")
def plan() -> plan_file.PlanFile:
    return plan_file.read(TACHENG)


def step(plan: plan_file.PlanFile, code: str) -> Any:
    return next(step for step in plan.steps if step.code == code)


# --- What it says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "owners"),
    [
        ("m1-share", "poverty drc"),
        ("m2-share", "agriculture education science drc finance"),
        ("m3-share", "poverty drc finance agriculture forestry"),
        ("m4-share", "poverty drc"),
        ("m5-share", "poverty"),
        ("m6-share", "hrss medical police poverty drc education housing water"),
        ("m7-share", "housing poverty drc estate"),
        ("survey", " ".join(COUNTIES)),
        ("m1-spot-check", "hrss poverty drc"),
        ("m4-links", "hrss 654201 654221 654224 654225 654226"),
        ("m6-organisation", " ".join(COUNTIES)),
        ("m3-a", ""),
        (
            "checks",
            "hrss drc poverty agriculture education science finance forestry land medical police housing water estate",
        ),
    ],
)
def test_owners_are_bodies(plan: plan_file.PlanFile, code: str, owners: str) -> None:
    assert list(step(plan, code).owners) == owners.split()


def test_defaults_are_filled_in(plan: plan_file.PlanFile) -> None:
    short_courses = step(plan, "m2-short-courses")
    assert (short_courses.kind, short_courses.flow, short_courses.node) == (
        "work",
        "training",
        "short_courses",
    )
    assert (short_courses.clause, short_courses.opens, short_courses.acceptor) == (
        "四（二）",
        "start",
        "lead",
    )
    assert (short_courses.due, short_courses.due_basis, short_courses.ladder) == ("fixed", "plan", "standard")
    assert step(plan, "m1-spot-check").opens == "period"
    assert step(plan, "m6-organisation").acceptor == "supervision"
    assert step(plan, "m6-share").lead == "supervision"


@pytest.mark.parametrize(
    ("code", "due", "due_on", "days", "basis"),
    [
        ("survey", "fixed", date(2019, 7, 31), None, "plan"),
        ("filing", "fixed", date(2019, 8, 15), None, "plan"),
        ("m1-division", "working_days", None, 10, "ours"),
        ("m1-closing", "fixed", date(2020, 12, 31), None, "ours"),
        ("m4-visits", "period_end", None, None, "plan"),
        ("monthly", "next_month_day", None, 5, "ours"),
        ("round", "after_returns", None, 5, "ours"),
        ("m7-watch", "none", None, None, "ours"),
    ],
)
def test_each_way_a_step_is_due(
    plan: plan_file.PlanFile, code: str, due: str, due_on: date | None, days: int | None, basis: str
) -> None:
    found = step(plan, code)
    assert (found.due, found.due_on, found.due_days, found.due_basis) == (due, due_on, days, basis)


def test_checkups_are_year_ends_of_the_plan_and_quarter_ends_of_ours(plan: plan_file.PlanFile) -> None:
    def days(code: str) -> list[tuple[str, str]]:
        return [(checkup.on.isoformat(), checkup.basis) for checkup in step(plan, code).checkups]

    assert days("m3-share") == [("2019-12-31", "plan")]
    assert days("m2-courses") == [
        ("2019-09-30", "ours"),
        ("2019-12-31", "plan"),
        ("2020-03-31", "ours"),
        ("2020-06-30", "ours"),
        ("2020-09-30", "ours"),
    ]
    assert [day for day, _basis in days("m7-watch")][::5] == ["2019-09-30", "2020-12-31"]


def test_a_list_says_how_it_writes_each_body(plan: plan_file.PlanFile) -> None:
    ways = {row.body: row.written_as for row in plan.measures[2].bodies}
    assert ways["forestry"] == "林业局"
    assert ways["654225"] == "相关县市人民政府"


def test_content_is_plain_and_keeps_what_has_no_column(plan: plan_file.PlanFile) -> None:
    content = plan.content()
    assert content["goals"]["households"] == 1495
    assert content["steps"]["filing"] == {"receivers": ["drc", "hrss"], "late_site_days": 20}
    assert content["steps"]["m5-allowance"] == {"owner_missing": True}
    assert len(content["steps"]["m4-gate"]["evidence"]) == 3
    assert content["measures"]["1"]["goes_on_to"] == "2020-12-31"
    assert [section["code"] for section in content["return_sections"]][:2] == ["ledger", "training"]
    assert content["baseline"]["as_of"] == "2019-05-31"
    assert content["baseline"]["planned"][4]["persons_at_least"] == 100


def test_every_quotation_is_in_the_documents_own_words(plan: plan_file.PlanFile) -> None:
    """Measures and orders stand in full, and a step quotes nothing that is not there; …… leaves words out."""
    content = plan.content()
    parts = {part["clause"]: part["text"] for part in content["requirements"]}
    parts[content["goals"]["clause"]] = content["goals"]["quote"]
    for measure in plan.measures:
        bodies = f"责任部门：{measure.extras['support_written']}。（{content['lead_note']}）"
        parts[measure.clause] = f"{measure.title}。{measure.text}{bodies}"
    assert sorted(parts) == sorted(["二", *(f"四（{n}）" for n in "一二三四五六七"), *(f"五（{n}）" for n in "一二三")])
    strange = [
        (step.code, words) for step in plan.steps for words in step.quote.split("……") if words not in parts[step.clause]
    ]
    assert strange == []


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        # what the survey asks: eleven items of each, five of who has work, four of who has none
        ("四（一）", "姓名、性别、年龄、居民身份证号码、文化程度、技能水平、健康状况、联系电话以及签订"),
        ("四（一）", "就业、创业地点、从事行业类别、薪酬待遇、创业项目、带动就业情况"),
        ("四（一）", "就业创业和劳务输出意愿、培训和就业服务需求"),
        ("四（二）", "“两后生”"),
        ("四（二）", "新型职业农民"),
        ("四（三）", "护路、护林、护草、护湿、护沙"),
        ("四（四）", "实体办事大局、网站、手机客户端、微信公众号"),
        ("四（四）", "鼓励县（市）通过政府购买服务方式"),
        ("四（五）", "退耕还林、草原生态平衡、耕地地力保护"),
        ("四（六）", "推进公共文化资源重点向安置区倾斜"),
        ("四（七）", "除特殊安置方式外"),
        ("五（一）", "责任主体和实施主体"),
        ("五（二）", "每年安排一定资金"),
        ("五（三）", "对认识不到位、工作责任不落实、工作进度不理想、督促整改不力的县（市）进行通报批评"),
    ],
)
def test_nothing_the_document_orders_is_left_out(plan: plan_file.PlanFile, clause: str, words: str) -> None:
    texts = {measure.clause: measure.text for measure in plan.measures}
    texts |= {part["clause"]: part["text"] for part in plan.content()["requirements"]}
    assert words in texts[clause]


def test_what_is_planned_is_kept_apart_from_what_is_done(plan: plan_file.PlanFile) -> None:
    baseline = plan.content()["baseline"]
    assert not any("建成后" in row["label"] for row in baseline["done"])
    assert sum(row["employed"] for row in baseline["county"]) == 2469


# --- Differences inside the source -----------------------------------------------------------


def differences(path: Path) -> list[plan_file.Difference]:
    with translation.override("en"):
        return plan_file.differences(plan_file.read(path))


def test_every_difference_of_the_tacheng_plan_is_said() -> None:
    assert sorted(difference.code for difference in differences(TACHENG)) == [
        "body_missing",
        "body_spelling",
        "body_spelling",
        "breakdown_note",
        "draft_basis",
        "group_spelling",
        "households_sum",
        "joint_lead",
        "no_document_number",
        "no_issue_date",
        "open_list",
        "places_not_called_sites",
        "sites_not_named",
        "stable_not_defined",
        "start_before_plan",
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("households_sum", ["1495", "1601", "塔城市57", "托里县925", "和布克赛尔县171"]),
        ("body_spelling", ["林业局", "四（三）", "林业和草原局", "四（五）"]),
        ("body_spelling", ["扶贫办", "扶贫部门", "四（二）"]),
        ("group_spelling", ["5 ways", "相关县市", "市县", "字面上不含塔城市", "all of 塔城市"]),
        ("body_missing", ["城乡低保", "四（五）"]),
        ("sites_not_named", ["裕民县", "和布克赛尔县", "待确认"]),
        ("places_not_called_sites", ["窝尔塔阿树塔斯村", "金塔区", "木呼尔村"]),
        ("start_before_plan", ["4", "2018"]),
        ("breakdown_note", ["裕民县", "农民工"]),
        ("draft_basis", ["征求意见稿"]),
        ("stable_not_defined", ["180"]),
    ],
)
def test_a_difference_says_what_differs(code: str, said: list[str]) -> None:
    texts = [difference.text for difference in differences(TACHENG) if difference.code == code]
    assert any(all(part in text for part in said) for text in texts)


def test_a_prefix_is_no_second_spelling_and_sums_that_agree_are_no_difference() -> None:
    texts = " ".join(d.text for d in differences(TACHENG) if d.code in ("body_spelling", "breakdown_sum"))
    assert "人社局" not in texts
    assert "breakdown_sum" not in [difference.code for difference in differences(TACHENG)]


def test_figures_that_do_not_add_up_are_said_and_not_mended(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(edited(TEXT, "persons = 13", "persons = 14", "breakdown")[0], "utf-8")
    (found,) = (difference for difference in differences(path) if difference.code == "breakdown_sum")
    assert (found.stated, found.computed) == (121, 122)
    assert "塔城市" in found.text
    assert plan_file.read(path).content()["baseline"]["county"][0]["employed"] == 121


def test_words_that_can_be_read_two_ways_are_said(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(WETLAND.read_text("utf-8").replace("9月30日前", "9月30日之前"), "utf-8")
    assert [difference.code for difference in differences(path)] == ["deadline_ambiguous"]


# --- Slips of the pen ------------------------------------------------------------------------

SURVEY = 'code = "survey"'
SLIPPED = tomllib.loads(SLIPS.read_text("utf-8"))["slip"]


@pytest.mark.parametrize("slip", SLIPPED, ids=[slip["name"] for slip in SLIPPED])
def test_a_slip_is_found_on_its_line(slip: dict[str, Any], tmp_path: Path) -> None:
    text, line = edited(TEXT, slip["old"], slip["new"], slip.get("after", ""))
    if slip.get("at") == "heading":
        line = heading_above(text, line)
    elif "at" in slip:
        line = text.count("\n", 0, text.index(slip["at"], text.index(slip.get("after", "")))) + 1
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    outcome = load_plan(path, "--check")
    assert outcome.code == 1
    problems = outcome.err.splitlines()[:-1]
    expected = f"plan.toml, line {line}, {slip['says']}"
    assert [problem for problem in problems if problem.startswith(expected)], f"{expected}\n{outcome.err}"
    for other in slip.get("others", []):
        assert other in outcome.err
    assert len(problems) == 1 + len(slip.get("others", [])), outcome.err


def test_all_problems_are_said_at_once_in_the_files_order(tmp_path: Path) -> None:
    text, lines = TEXT, []
    for old, new, after in [
        ("year = 2019", "year = 0", ""),
        ("due = 2019-07-31", "due = 2019-07-30", SURVEY),
        ('ladder = "short"', 'ladder = "long"', 'code = "round"'),
        ('county = "654226"', 'county = "654299"', "[[baseline.done]]"),
    ]:
        text, line = edited(text, old, new, after)
        lines.append(line)
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(plan_file.PlanProblems) as refused:
        plan_file.read(path)
    said = [problem.line for problem in refused.value.problems]
    assert said == sorted(said)
    assert said == lines


def test_a_measure_nobody_leads_and_a_lead_several_share_need_the_supervision_office(tmp_path: Path) -> None:
    text = WETLAND.read_text("utf-8").replace('code = "supervision"', 'code = "inspection"')
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    outcome = load_plan(path, "--check")
    assert "body: Nobody accepts what a lead itself has done: there is no body supervision." in outcome.err


def test_another_plan_of_another_kind_is_read(tmp_path: Path) -> None:
    plan = plan_file.read(WETLAND)
    assert [(measure.lead, measure.support) for measure in plan.measures] == [
        (("forestry",), ("water", "environment")),
        ((), ("forestry", "water", "environment")),
    ]
    assert step(plan, "m2-share").owners == ("forestry", "water", "environment")
    assert step(plan, "m1-share").due_text == "9月30日前"
    assert (plan.filings, plan.placeholders) == ((), ())
    assert plan_file.differences(plan) == []


# --- Files that are no plan files --------------------------------------------------------------


def test_marks_and_line_ends_of_other_editors_do_no_harm(tmp_path: Path, plan: plan_file.PlanFile) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert plan_file.read(path).steps == plan.steps
    broken, line = edited(TEXT, "due = 2019-07-31", "due = 2019-07-30", SURVEY)
    path.write_bytes(b"\xef\xbb\xbf" + broken.replace("\n", "\r\n").encode())
    assert f"line {line}, measure(1).step(survey).due" in load_plan(path, "--check").err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            TEXT.encode("gbk", "replace"),
            "plan.toml, line 1: The file seems to be saved as GBK. Allowed: text saved as UTF-8.",
        ),
        (
            TEXT.encode("utf-16"),
            "plan.toml, line 1: The file is saved as UTF-16. Allowed: text saved as UTF-8.",
        ),
        (b"\n\n\xff\xff\xff", "plan.toml, line 3: The file holds bytes that are not text."),
        (b"", "plan.toml: The file is empty. Allowed: a plan, beginning with [plan]."),
        (b"\xef\xbb\xbf \r\n", "plan.toml: The file is empty."),
        (b"#" * 4_000_001, "plan.toml: The file is larger than 4 MB."),
        (b"# nothing", "plan.toml, line 1: plan is missing."),
        (b"x = " + b"[" * 100_000, "Lists or tables lie too deep in each other."),
        (b"x = " + b"9" * 5_000, "A number has too many digits."),
    ],
    ids=["gbk", "utf-16", "bytes", "empty", "blank", "huge", "comment", "deep", "long number"],
)
def test_a_file_that_is_no_text(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    outcome = load_plan(path, "--check")
    assert outcome.code == 1
    assert said in outcome.err


def test_no_file_a_folder_and_a_pipe(tmp_path: Path) -> None:
    assert "There is no such file." in load_plan(tmp_path / "none.toml", "--check").err
    assert "There is no such file." in load_plan("tacheng-2020", "--check").err
    assert "This is a folder, not a file." in load_plan(tmp_path, "--check").err
    assert "This is a device or a pipe, not a file." in load_plan("/dev/zero", "--check").err
    assert load_plan("a\0b", "--check").code == 1
    assert load_plan("n" * 5000, "--check").code == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('code = "survey"', "code", "A key stands without a value. Allowed: key = value,"),
        ('code = "survey"', "code =", "A value cannot be read. Allowed: text in straight quotes,"),
        ('code = "survey"', "code = survey", "A value cannot be read."),
        ('code = "survey"', "code = “survey”", "A value cannot be read."),
        ('code = "survey"', 'code = "survey', "A quotation mark that opens a text is not closed."),
        (
            'code = "survey"',
            'code = "survey" "x"',
            "Something stands behind a value that does not belong there.",
        ),
        ('code = "survey"', 'code = "sur\\vey"', "A backslash in a text stands for nothing known."),
        ('code = "survey"', 'code = "survey"\ncode = "survey"', "A name is given twice."),
        ('code = "survey"', "代码 = 1", "This line is neither a heading nor a key with its value."),
        ('code = "survey"', 'code = "sur\x07vey"', "A character ("),
        ("due = 2019-07-31\ndue_text", "due = 2019-06-31\ndue_text", "There is no such day."),
        ("[plan.goals]", "[plan.goals", "The brackets of a heading do not match."),
        ("[plan.goals]", "[plan]", "A name is given twice."),
        ("[plan.goals]", "[plan.code]", "A name is given twice."),
        ('last = "2019-08-01" }', 'last = "2019-08-01" }\nrecurrence.x = 1', "is already something else."),
    ],
)
def test_a_slip_in_the_writing_is_said_in_words(old: str, new: str, said: str, tmp_path: Path) -> None:
    text, line = edited(TEXT, old, new)
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    outcome = load_plan(path, "--check")
    assert outcome.code == 1
    assert outcome.err.count("\n") == 2
    assert said in outcome.err
    assert f"line {line}" in outcome.err or f"line {line + 1}" in outcome.err


# --- On which line ---------------------------------------------------------------------------


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return []
    return [found for key, inner in parts for found in ((*path, key), *paths_of(inner, (*path, key)))]


def test_every_key_of_the_plan_stands_on_its_line() -> None:
    positions, lines = Positions.of(TEXT), TEXT.split("\n")
    for path in paths_of(tomllib.loads(TEXT)):
        name = next(part for part in reversed(path) if isinstance(part, str))
        if isinstance(path[-1], str):
            assert name in lines[positions.line(path) - 1], path


def test_lines_in_all_the_ways_toml_can_be_written() -> None:
    text = """
[a."b c"]        # 2
'd' = "x = 1"    # 3
[[t]]            # 4
k.l = 1          # 5
k.m = [          # 6
  "]",           # 7
  { n = 1, o = '#' }, # 8
]
text = '''
[[t]]
k = 1
'''
e = "\\""       # 14
[[t]]            # 15
q = 1979-05-27 07:32:00 # 16
[t.sub]          # 17
r = 1            # 18
[[t.list]]       # 19
s = \"\"\"a\"\"\"\" # 20
"""
    positions = Positions.of(text)
    for path, line in [
        (("a", "b c"), 2),
        (("a", "b c", "d"), 3),
        (("t", 0), 4),
        (("t", 0, "k", "l"), 5),
        (("t", 0, "k", "m", 0), 7),
        (("t", 0, "k", "m", 1, "o"), 8),
        (("t", 0, "text"), 10),
        (("t", 0, "e"), 14),
        (("t", 1), 15),
        (("t", 1, "q"), 16),
        (("t", 1, "sub", "r"), 18),
        (("t", 1, "list", 0, "s"), 20),
        (("t", 1, "list", 0, "missing"), 19),
        (("missing",), 1),
    ]:
        assert positions.line(path) == line, path


# --- Anything at all ----------------------------------------------------------------------------

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_or_refuse(content: bytes, folder: Path) -> None:
    path = folder / "plan.toml"
    path.write_bytes(content)
    try:
        plan_file.differences(plan_file.read(path))
    except plan_file.PlanProblems as refused:
        for problem in refused.problems:
            assert str(problem)
            assert 0 <= problem.line <= content.count(b"\n") + 1


@FUZZ
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes(content: bytes, tmp_path: Path) -> None:
    read_or_refuse(content, tmp_path)


@FUZZ
@given(gone=st.lists(st.integers(0, TEXT.count("\n")), min_size=1, max_size=12))
def test_any_lines_deleted(gone: list[int], tmp_path: Path) -> None:
    lines = [line for number, line in enumerate(TEXT.split("\n")) if number not in gone]
    read_or_refuse("\n".join(lines).encode(), tmp_path)


VALUES = [
    "0",
    "-1",
    '""',
    "[]",
    "{}",
    "true",
    "1.5",
    "nan",
    "2019-08-15",
    '["lead"]',
    '["others"]',
    '"lead"',
    "[[]]",
    "[{}]",
]
KEYS = sorted({str(path[-1]) for path in paths_of(tomllib.loads(TEXT)) if isinstance(path[-1], str)})


@FUZZ
@given(
    edits=st.lists(
        st.tuples(st.integers(0, TEXT.count("\n")), st.sampled_from(VALUES), st.none() | st.sampled_from(KEYS)),
        min_size=1,
        max_size=6,
    )
)
def test_any_values_and_keys_exchanged(edits: list[tuple[int, str, str | None]], tmp_path: Path) -> None:
    lines = TEXT.split("\n")
    for number, value, key in edits:
        if " = " in lines[number]:
            name, was = lines[number].split(" = ", 1)
            lines[number] = f"{key} = {was}" if key else f"{name} = {value}"
    read_or_refuse("\n".join(lines).encode(), tmp_path)


# --- What the ledger counts ----------------------------------------------------------------------


def test_a_gates_lists_and_a_countys_work_name_their_indicators(plan: plan_file.PlanFile) -> None:
    assert step(plan, "m2-coverage").extras == {
        "evidence": ["有培训意愿尚未培训1次的人员", "具备创业条件、应接受技能或创业培训的人员", "零就业家庭"],
        "counted": {
            "有培训意愿尚未培训1次的人员": "M2a",
            "具备创业条件、应接受技能或创业培训的人员": "M2b",
            "零就业家庭": "M3b",
        },
    }
    assert plan.content()["steps"]["survey"] == {"indicator": "M1a"}
    assert step(plan, "m4-visits").extras["indicator"] == "M4b"


def test_the_indicators_a_file_may_name_are_those_of_the_ledger() -> None:
    assert {code for code, one in INDICATORS.items() if one.target == "all"} == set(schema.RATES)
    assert set(schema.INDICATORS) == set(INDICATORS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('indicator = "M1a"', 'indicator = "M1z"', "survey).indicator: “M1z” is not known. Allowed: "),
        # Work is not counted by what shall not be.
        ('indicator = "M1a"', 'indicator = "M3b"', "survey).indicator: “M3b” is not known."),
        ('indicator = "M3b" }', 'indicator = "M3" }', "零就业家庭).indicator: “M3” is not known."),
        ('{ label = "零就业家庭", indicator = "M3b" }', '{ indicator = "M3b" }', "evidence(3): label is missing."),
        ('indicator = "M1a"', 'indicator = ["M1a"]', "survey).indicator: […] is of the wrong type."),
    ],
)
def test_what_no_indicator_is_is_found_on_its_line(old: str, new: str, said: str, tmp_path: Path) -> None:
    text, line = edited(TEXT, old, new)
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    outcome = load_plan(path, "--check")
    assert outcome.code == 1
    assert f"plan.toml, line {line}" in outcome.err
    assert said in outcome.err


def test_a_list_no_indicator_counts_is_a_text_as_before(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(edited(TEXT, '{ label = "零就业家庭", indicator = "M3b" }', '"零就业家庭"')[0], "utf-8")
    extras = step(plan_file.read(path), "m2-coverage").extras
    assert (extras["evidence"][2], len(extras["counted"])) == ("零就业家庭", 2)
