"""What the plan's pages set in quotation marks is the document's, and what is ours is called so."""

from __future__ import annotations

import pytest

from measures.models import Measure, Plan
from tests import make
from tests.pages import web


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "姓名、性别、年龄、居民身份证号码、文化程度、技能水平、健康状况、联系电话"),
        (3, "从东部对口帮扶地区定向引进企业"),
        (6, "推进公共文化资源重点向安置区倾斜"),
    ],
)
def test_a_measure_stands_there_in_full(tacheng: Plan, number: int, words: str) -> None:
    page = web.read(web.signed_in(make.INSPECTOR), f"/plans/{tacheng.code}/measures/{number}/")
    quoted = page.all("blockquote")[0].text
    assert quoted == Measure.objects.get(number=number).text
    assert words in quoted


def test_what_the_plan_orders_besides_stands_there_in_full(tacheng: Plan) -> None:
    page = web.read(web.signed_in(make.INSPECTOR), f"/plans/{tacheng.code}/")
    assert [part.text for part in page.all("summary")] == [
        "五（一） 加强组织领导",
        "五（二） 加强工作落实",
        "五（三） 加强督促检查",
    ]
    quoted = " ".join(part.text for part in page.all("blockquote"))
    assert "对认识不到位、工作责任不落实、工作进度不理想、督促整改不力的县（市）进行通报批评" in quoted


def test_what_this_system_counts_is_said_of_a_plan_whose_file_says_it(tacheng: Plan) -> None:
    def goals() -> str:
        return web.read(web.signed_in(make.INSPECTOR), f"/plans/{tacheng.code}/").all("section")[0].text

    assert "180" in goals() and "意愿" in goals()
    for key in ("stable_days", "only_willing"):
        del tacheng.content["goals"][key]
    tacheng.save(update_fields=["content"])
    assert "本系统设定" not in goals()
