"""The sheets about what people wish for and what was done: work, wishes, training, posts offered, visits."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.models import (
    Channel,
    Course,
    JobMatch,
    Participation,
    Spell,
    Statement,
    Survey,
    Visit,
)

from . import vocabulary
from .columns import MONEY, WHOLE, YES_NO, Column, Sheet
from .made_columns import (
    BY_PERSON,
    WHO,
    YES_OR_NO,
    choice,
    day,
)

WORK = Sheet(
    "work",
    pgettext_lazy("sheet", "Work"),
    ("就业", "就业情况", "就业台账"),
    (
        *WHO,
        choice(
            "kind", pgettext_lazy("column", "kind of work"), Spell.Kind, "就业类型", "就业形式", required=True, width=16
        ),
        choice("channel", pgettext_lazy("column", "way into work"), Channel, "就业渠道", "渠道", width=16),
        Column(
            "employer",
            pgettext_lazy("column", "employer"),
            names=("用人单位", "就业单位", "单位名称"),
            longest=80,
            width=22,
        ),
        Column(
            "place",
            pgettext_lazy("column", "place of work"),
            names=("就业地点", "务工地点"),
            longest=60,
            item="place",
            width=16,
        ),
        Column(
            "industry",
            pgettext_lazy("column", "trade"),
            names=("行业", "所属行业", "就业行业"),
            longest=40,
            item="trade",
        ),
        day(
            "started_on",
            pgettext_lazy("column", "since"),
            "开始日期",
            "就业时间",
            "就业日期",
            "上岗时间",
            required=True,
        ),
        day("ended_on", pgettext_lazy("column", "until"), "结束日期", "离职时间"),
        Column("end_reason", pgettext_lazy("column", "why it ended"), names=("结束原因", "离职原因")),
        Column(
            "pay_amount",
            pgettext_lazy("column", "pay"),
            MONEY,
            names=("工资", "收入", "报酬", "工资收入"),
            most=10_000_000,
            item="pay",
        ),
        choice(
            "pay_period",
            pgettext_lazy("column", "pay for"),
            Spell.Period,
            "计薪周期",
            "工资周期",
            also=vocabulary.PERIODS,
        ),
        Column(
            "project",
            pgettext_lazy("column", "business project"),
            names=("创业项目", "经营项目"),
            longest=80,
            item="business_project",
            width=16,
        ),
        Column(
            "jobs_created",
            pgettext_lazy("column", "jobs brought"),
            WHOLE,
            names=("带动就业人数", "带动就业"),
            most=5_000,
            item="jobs_created",
        ),
        Column(
            "source_label",
            pgettext_lazy("column", "as the county writes it"),
            names=("县市原始类别", "原始类别", "工种"),
            longest=40,
            width=16,
        ),
    ),
    BY_PERSON,
    _("One row for each time of work, with the day it began."),
)

WISHES = Sheet(
    "wishes",
    pgettext_lazy("sheet", "Wishes"),
    ("意愿", "就业意愿", "意愿调查"),
    (
        *WHO,
        choice(
            "kind",
            pgettext_lazy("column", "about"),
            Statement.Kind,
            "意愿类型",
            "意愿事项",
            required=True,
            width=16,
            also=vocabulary.WISHES,
        ),
        choice(
            "answer",
            pgettext_lazy("column", "answer"),
            Statement.Answer,
            "意愿",
            "答复",
            "回答",
            required=True,
            also=vocabulary.ANSWERS,
        ),
        day("stated_on", pgettext_lazy("column", "said on"), "表达日期", "意愿日期", "询问日期", required=True),
        choice(
            "stated_by",
            pgettext_lazy("column", "said by"),
            Survey.Informant,
            "表达人",
            "由谁表达",
            also=vocabulary.INFORMANTS,
        ),
        Column(
            "at_own_wish",
            pgettext_lazy("column", "they came by themselves"),
            YES_NO,
            names=("主动提出", "本人主动提出"),
            choices=YES_OR_NO,
        ),
        Column("note", pgettext_lazy("column", "what they wish for"), names=("具体需求", "意愿说明", "需求"), width=24),
    ),
    BY_PERSON,
    _("One row for each answer, as the person gave it. “No” is as good an answer as “yes”; not asked is no row."),
)

TRAINING = Sheet(
    "training",
    pgettext_lazy("sheet", "Training"),
    ("培训", "培训情况", "技能培训"),
    (
        *WHO,
        Column(
            "course",
            pgettext_lazy("column", "title of the course"),
            names=("培训班", "课程名称", "培训名称", "培训项目"),
            required=True,
            longest=80,
            width=24,
        ),
        choice("course_kind", pgettext_lazy("column", "kind of course"), Course.Kind, "培训类型", "课程类型", width=16),
        Column(
            "organiser",
            pgettext_lazy("column", "organised by"),
            names=("主办单位", "培训单位", "组织单位"),
            longest=60,
            width=18,
        ),
        day("offered_on", pgettext_lazy("column", "offered on"), "提供日期", "通知日期"),
        day("enrolled_on", pgettext_lazy("column", "enrolled on"), "报名日期", "开班日期", "入学日期"),
        day("completed_on", pgettext_lazy("column", "completed on"), "结业日期", "完成日期"),
        choice(
            "result",
            pgettext_lazy("column", "result"),
            Participation.Result,
            "培训结果",
            "结果",
            also=vocabulary.RESULTS,
        ),
        Column(
            "fee_paid",
            pgettext_lazy("column", "fee the person paid"),
            MONEY,
            names=("个人缴费", "自费金额"),
            most=999_999,
        ),
    ),
    BY_PERSON,
    _("One row for each person and course."),
)

OFFERS = Sheet(
    "offers",
    pgettext_lazy("sheet", "Posts offered"),
    ("岗位对接", "岗位推荐"),
    (
        *WHO,
        Column("employer", pgettext_lazy("column", "employer"), names=("用人单位", "单位名称"), longest=80, width=22),
        Column(
            "title",
            pgettext_lazy("column", "post"),
            names=("岗位", "岗位名称", "职位"),
            required=True,
            longest=60,
            width=16,
        ),
        day("matched_on", pgettext_lazy("column", "offered on"), "对接日期", "推荐日期", required=True),
        choice("outcome", pgettext_lazy("column", "outcome"), JobMatch.Outcome, "对接结果", "结果", width=14),
    ),
    BY_PERSON,
    _("One row for each post offered to a person. A post declined was offered all the same."),
)

VISITS = Sheet(
    "visits",
    pgettext_lazy("sheet", "Visits"),
    ("回访", "回访记录"),
    (
        *WHO,
        day("visited_on", pgettext_lazy("column", "visited on"), "回访日期", required=True),
        choice("method", pgettext_lazy("column", "how"), Visit.Method, "回访方式", "方式"),
        Column("visitor", pgettext_lazy("column", "visited by"), names=("回访人", "走访人"), longest=60),
        choice("outcome", pgettext_lazy("column", "outcome"), Visit.Outcome, "回访结果", "结果", required=True),
        Column(
            "still_employed",
            pgettext_lazy("column", "still in work"),
            YES_NO,
            names=("是否在岗", "仍在岗"),
            choices=YES_OR_NO,
        ),
        Column("needs", pgettext_lazy("column", "what they need"), names=("需求", "诉求"), longest=200, width=24),
    ),
    BY_PERSON,
    _("One row for each visit to somebody in work."),
)
