"""What the ledger must never hold or do (ledger.md 5), held against the code itself.

That nobody under sixteen stands in a denominator is held for every indicator in test_indicator_promises.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.forms import BaseForm
from django.utils.translation import gettext, override

from bureaus import clock
from bureaus.models import Bureau
from ledger import access, rules
from ledger import records as ledger_records
from ledger.forms import people as people_forms
from ledger.forms import privacy as privacy_forms
from ledger.forms.records import form_for
from ledger.indicators import INDICATORS
from ledger.models import AuditEvent, Household, Person, Right, RightCheck
from ledger.records import RECORDS
from measures.models import Plan
from tests import make
from tests.ledger import rows

ROOT = Path(settings.BASE_DIR)
# Never collected, by what a field might be called or labelled.
FORBIDDEN = re.compile(
    r"ethnic|nationality|religio|faith|politic|party_?member|communist|biometr|fingerprint|iris|face_?id|photo|portrait"
    r"|\bgps\b|latitude|longitude|geoloc|location|bank_?acc|account_?number|travel|itinerary|attitude|thought"
    r"|民族|族别|宗教|信仰|信教|政治面貌|党员|党派|团员|指纹|虹膜|人脸|照片|头像|生物特征|定位|经纬度|坐标|银行|账号"
    r"|行踪|轨迹|思想",
    re.IGNORECASE,
)
# Nobody is given a mark.
MARKS = re.compile(
    r"score|rank|rating|risk|grade_of|credit|blacklist|red_?flag|lazy|评分|得分|排名|名次|风险等级|积分|信用|黑名单|懒",
    re.IGNORECASE,
)


def _names(field: Any, name: str) -> Iterator[str]:
    yield name
    for language in ("en", "zh-hans"):
        with override(language):
            yield str(getattr(field, "verbose_name", None) or getattr(field, "label", None) or "")
            yield str(field.help_text or "")


def _model_fields() -> Iterator[tuple[str, str]]:
    for model in apps.get_app_config("ledger").get_models():
        if model is AuditEvent:
            continue  # about who works with the ledger, by the name they sign in with
        for field in model._meta.get_fields():
            if isinstance(field, models.Field):
                for name in _names(field, field.name):
                    yield f"{model.__name__}.{field.name}", name
                for _code, label in field.choices or ():
                    yield f"{model.__name__}.{field.name}", str(label)


def test_no_table_holds_what_is_never_collected() -> None:
    found = {where: name for where, name in _model_fields() if FORBIDDEN.search(name)}
    assert found == {}
    assert FORBIDDEN.search("political_status")
    assert FORBIDDEN.search("民族")


def test_nobody_is_given_a_mark_or_a_rank() -> None:
    about_people = (
        "Person",
        "Household",
        "Statement",
        "Spell",
        "ItemState",
        "Survey",
        "Visit",
        "JobMatch",
        "Membership",
    )
    found = {where: name for where, name in _model_fields() if where.startswith(about_people) and MARKS.search(name)}
    assert found == {}
    for one in INDICATORS.values():
        assert not MARKS.search(one.title), one.code


def _forms(plan: Plan) -> Iterator[BaseForm]:
    home = rows.household()
    who = rows.person()
    for record in RECORDS.values():
        yield form_for(
            record,
            who if record.root == "person" else home,
            frozenset(Right.values),
        )
    yield people_forms.HouseholdForm(home.county)
    yield people_forms.MemberForm()
    yield people_forms.SearchForm()
    yield privacy_forms.CorrectionForm()
    yield privacy_forms.SampleForm(list(Bureau.objects.filter(code="hrss")))
    for kind in ("split", "merge", "transfer", "exit"):
        yield people_forms.ProposalForm(kind, home)
    for kind in ("double", "leave", "correction"):
        yield people_forms.ProposalForm(kind, who)


def test_no_form_asks_for_it(tacheng: Plan) -> None:
    with clock.standing_at(make.at(2019, 6, 12, 10)):
        asked = [
            (type(form).__name__, name, said)
            for form in _forms(tacheng)
            for name, field in form.fields.items()
            for said in _names(field, name)
        ]
    assert len(asked) > 100
    assert [one for one in asked if FORBIDDEN.search(one[2]) or MARKS.search(one[2])] == []


@pytest.mark.parametrize("word", rules.NOT_COLLECTED)
def test_free_text_that_says_it_all_the_same_is_turned_back(word: str) -> None:
    form = people_forms.MemberForm({"name": "演示甲", "skills": f"电焊，{word}"})
    assert "skills" in form.errors


# --- Rights and wishes are two rooms ---------------------------------------------------------------


WISHES = re.compile(r"\bstatement|\bwilling|\bwish", re.IGNORECASE)
RIGHTS_CODE = ("ledger/indicators/rights.py", "ledger/indicators/dwellings.py", "ledger/models/rights.py")


@pytest.mark.parametrize("path", RIGHTS_CODE)
def test_code_of_rights_reads_no_wishes(path: str) -> None:
    """To decline work, training or a visit changes no right: what is counted of rights cannot know of it."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    said = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", "") or "", *(one.name for one in node.names)]
        elif isinstance(node, ast.Attribute):
            names = [node.attr]
        elif isinstance(node, ast.Name):
            names = [node.id]
        said += [name for name in names if WISHES.search(name)]
    assert said == []


@pytest.mark.parametrize("rule", [rules.right, rules.dwelling, ledger_records._right, access.checks_right])
def test_the_rules_of_rights_read_no_wishes(rule: Any) -> None:
    assert not WISHES.search(inspect.getsource(rule))


def test_a_record_of_a_right_has_no_way_to_a_wish() -> None:
    related = {field.related_model for field in RightCheck._meta.get_fields() if field.is_relation}
    assert {Person, Household} <= related
    assert not {model for model in related if model and model.__name__ in ("Statement", "StatementCheck")}


# --- Nothing of it in a message --------------------------------------------------------------------


NOT_SAID = re.compile(
    r"贫困|疾病|残疾|患病|大病|慢性病|健康|脱贫户|低保|\bpoor\b|\bpoverty\b|illness|disab(?:led|ility)|disease", re.I
)
# Names of bodies and of documents are said as they are written.
BODIES = re.compile(r"扶贫办|扶贫开发办公室|poverty alleviation office", re.I)


def _sent() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "templates" / "notifications").rglob("*")):
        if path.is_file():
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    code = [ROOT / "workflows" / f"{name}.py" for name in ("words", "notices", "groups", "canary")]
    for path in (*code, *sorted((ROOT / "notifications").rglob("*.py"))):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield str(path.relative_to(ROOT)), node.value


def test_no_message_speaks_of_health_or_poverty() -> None:
    sent = list(_sent())
    assert len(sent) > 50
    assert [(where, text) for where, text in sent if NOT_SAID.search(BODIES.sub("", text))] == []


def test_nor_does_its_translation() -> None:
    """What a template says in English is said in Chinese by the catalogue: of those sentences, the Chinese ones."""
    english = {text for _where, whole in _sent() for text in re.findall(r'translate "([^"]+)"', whole)} | {
        text for _where, text in _sent() if " " in text
    }
    with override("zh-hans"):
        said = [gettext(text) for text in english if text]
    assert [text for text in said if NOT_SAID.search(BODIES.sub("", text))] == []


def test_the_ledger_tells_nobody_anything() -> None:
    """No SMS and no mail can come from the rows of a person: the ledger knows no way to send one."""
    for path in (ROOT / "ledger").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith(("notifications", "workflows")), path
