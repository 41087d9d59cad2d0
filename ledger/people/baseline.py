"""How the document's counties stood at the end of May 2019 (三（一）), for people to be invented after it. Pure.

The words are the counties' own and are kept as they wrote them; what kind of work each means is our reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

AS_OF = date(2019, 5, 31)
HOUSEHOLDS, PERSONS = 1495, 5733


@dataclass(frozen=True)
class County:
    """`share`: households stated in the employment section; `sites`: those the text calls 安置点."""

    code: str
    letters: str
    share: int
    sites: tuple[str, ...]
    employed: tuple[tuple[str, int], ...]


COUNTIES = (
    County(
        "654201",
        "TC",
        57,
        ("二工镇",),
        (
            ("护边员", 13),
            ("辅警", 6),
            ("养殖", 70),
            ("环卫", 4),
            ("保安", 4),
            ("打工", 13),
            ("自主创业", 3),
            ("代牧", 8),
        ),
    ),
    County(
        "654221",
        "EM",
        224,
        ("喀拉也木勒镇", "杰勒阿尕什镇"),
        (("保安", 5), ("协警辅警", 4), ("幼师", 3), ("护边员", 15), ("民生作坊", 15), ("其他务工", 197)),
    ),
    County(
        "654224",
        "TL",
        925,
        ("吉也克镇", "朗古特", "乌雪特乡"),
        (
            ("保安", 34),
            ("保洁", 13),
            ("护士", 4),
            ("收费站", 1),
            ("村干部", 13),
            ("畜牧养殖", 579),
            ("护边员", 13),
            ("务工", 502),
            ("护林员", 49),
            ("庭院经济", 367),
            ("协警", 36),
            ("经商", 49),
        ),
    ),
    County(
        "654225",
        "YM",
        224,
        (),
        (("保洁服务", 2), ("辅警护边护林", 10), ("事业单位", 1), ("农民工", 17), ("驾驶员", 3), ("放牧", 173)),
    ),
    County(
        "654226",
        "HB",
        171,
        (),
        (
            ("保安保洁服务厨师", 26),
            ("辅警联防护边护林", 35),
            ("机关事业", 12),
            ("工人", 1),
            ("电焊驾驶", 5),
            ("放牧", 18),
            ("个体", 8),
            ("灵活就业", 36),
            ("养殖种植", 102),
        ),
    ),
)

# The county's word → kind of work, way into it, trade.
WORK = {
    "护边员": ("public_post", "public", "公益性岗位"),
    "环卫": ("public_post", "public", "公益性岗位"),
    "护林员": ("public_post", "public", "公益性岗位"),
    "辅警护边护林": ("public_post", "public", "公益性岗位"),
    "辅警联防护边护林": ("public_post", "public", "公益性岗位"),
    "辅警": ("unit", "other", "保安服务"),
    "协警": ("unit", "other", "保安服务"),
    "协警辅警": ("unit", "other", "保安服务"),
    "保安": ("unit", "other", "保安服务"),
    "保洁": ("unit", "other", "居民服务"),
    "保洁服务": ("unit", "other", "居民服务"),
    "保安保洁服务厨师": ("unit", "other", "居民服务"),
    "幼师": ("unit", "other", "教育"),
    "护士": ("unit", "other", "卫生"),
    "收费站": ("unit", "other", "交通运输"),
    "驾驶员": ("unit", "other", "交通运输"),
    "电焊驾驶": ("unit", "other", "交通运输"),
    "村干部": ("unit", "other", "公共管理"),
    "事业单位": ("unit", "other", "公共管理"),
    "机关事业": ("unit", "other", "公共管理"),
    "工人": ("unit", "cooperation", "制造业"),
    "民生作坊": ("workshop", "workshop", "制造业"),
    "打工": ("flexible", "other", "建筑业"),
    "务工": ("flexible", "other", "建筑业"),
    "其他务工": ("flexible", "other", "建筑业"),
    "农民工": ("flexible", "other", "建筑业"),
    "灵活就业": ("flexible", "other", "居民服务"),
    "自主创业": ("business", "business", "批发零售"),
    "经商": ("business", "business", "批发零售"),
    "个体": ("business", "business", "住宿餐饮"),
    "养殖": ("farming", "other", "畜牧业"),
    "畜牧养殖": ("farming", "other", "畜牧业"),
    "养殖种植": ("farming", "other", "种植业"),
    "庭院经济": ("farming", "other", "种植业"),
    "放牧": ("farming", "other", "畜牧业"),
    "代牧": ("herding", "other", "畜牧业"),
}


def shared(total: int, weights: list[int]) -> list[int]:
    """A whole number in proportion to weights, by largest remainders: the parts add up to it exactly."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
