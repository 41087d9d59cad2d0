"""The words that lists in the counties use for what the ledger has a code for."""

from __future__ import annotations

EDUCATION = {
    "文盲": "none",
    "文盲或半文盲": "none",
    "文盲半文盲": "none",
    "未上学": "none",
    "学龄前": "none",
    "小学": "primary",
    "初中": "junior",
    "高中": "senior",
    "中专": "vocational",
    "职高": "vocational",
    "技校": "vocational",
    "中职": "vocational",
    "大专": "college",
    "大专及以上": "college",
    "专科": "college",
    "本科": "college",
    "本科及以上": "college",
    "大学": "college",
}
HEALTH = {
    "健康": "healthy",
    "良好": "healthy",
    "长期慢性病": "chronic",
    "慢性病": "chronic",
    "患有大病": "serious",
    "大病": "serious",
    "残疾": "disabled",
}
LABOUR = {
    "普通劳动力": "ordinary",
    "技能劳动力": "skilled",
    "丧失劳动力": "lost",
    "无劳动力": "none",
    "无劳动能力": "none",
    "弱劳动力或半劳动力": "ordinary",
    "弱劳动力": "ordinary",
    "半劳动力": "ordinary",
}
RELATIONS = {
    "户主": "head",
    "本人": "head",
    "配偶": "spouse",
    "妻": "spouse",
    "夫": "spouse",
    "妻子": "spouse",
    "丈夫": "spouse",
    "之妻": "spouse",
    "之夫": "spouse",
    "子": "child",
    "女": "child",
    "子女": "child",
    "儿子": "child",
    "女儿": "child",
    "之子": "child",
    "之女": "child",
    "长子": "child",
    "次子": "child",
    "长女": "child",
    "次女": "child",
    "父母": "parent",
    "父亲": "parent",
    "母亲": "parent",
    "之父": "parent",
    "之母": "parent",
    **dict.fromkeys(
        (
            "儿媳",
            "之儿媳",
            "女婿",
            "之女婿",
            "孙子",
            "孙女",
            "之孙子",
            "之孙女",
            "外孙子",
            "外孙女",
            "岳父",
            "岳母",
            "公公",
            "婆婆",
            "兄弟",
            "姐妹",
            "其他",
        ),
        "other",
    ),
}
RESETTLED = {
    "集中": "concentrated",
    "集中安置": "concentrated",
    "分散": "scattered",
    "分散安置": "scattered",
}
AGREED = {
    "已签": "signed",
    "已签订": "signed",
    "签订": "signed",
    "是": "signed",
    "未签": "none",
    "无": "none",
    "否": "none",
}
AGREED |= {"不愿签": "declined", "谢绝": "declined"}
ANSWERS = {
    "是": "yes",
    "有": "yes",
    "愿意": "yes",
    "否": "no",
    "无": "no",
    "不愿意": "no",
    "没有": "no",
    "未定": "undecided",
    "待定": "undecided",
}

SEXES = {"男": "male", "女": "female"}
INFORMANTS = {"本人": "self", "监护人": "guardian", "家庭成员": "household_member"}
PERIODS = {"月": "month", "年": "year", "日": "day", "天": "day"}
WISHES = {
    "就业": "job",
    "就业创业": "job",
    "劳务输出": "labour_export",
    "外出务工": "labour_export",
    "培训": "training",
    "创业": "entrepreneurship",
    "两后生": "mid_term_training",
    "调岗": "job_change",
    "回访": "visit",
    "适应性培训": "adaptation",
}
RESULTS = {"合格": "completed", "结业": "completed", "已结业": "completed", "中途退出": "dropped", "谢绝": "declined"}
RIGHTS = {
    "医保": "medical",
    "养老保险": "pension",
    "低保": "low_living",
    "退耕还林补贴": "forest_return",
    "草原补奖": "grassland",
    "地力保护补贴": "soil_subsidy",
    "承包地": "land_contract",
    "确权颁证": "land_certificate",
}
REGISTRABLE = {"是": "yes", "否": "no", "可以": "yes"}
