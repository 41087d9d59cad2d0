"""One person of every kind, by what they are to the work of 托里县."""

from __future__ import annotations

from bureaus.models import User
from tests import make

PEOPLE = {
    "unit": "托里县·经办人",
    "unit_leader": "托里县·分管领导",
    "county": "塔城市·经办人",  # another county, which acts in time
    "late": "和布克赛尔县·经办人",  # another county, which does not
    "bureau": "公安局·经办人",  # a bureau with a share of measure six alone
    "lead": "人社局·经办人",  # leads most measures, receives filings
    "keeper": "发展改革委·经办人",  # receives and keeps filings, accepts rosters
    "supervisor": make.SUPERVISOR,
    "head": make.SUPERVISION_HEAD,
    "leader": make.PREFECTURE_LEADER,
    "inspector": make.INSPECTOR,
    "administrator": make.ADMINISTRATOR,
    "auditor": make.AUDITOR,
    "nobody": "外来人员",  # an account without a post
}
SEES_ALL = {"supervisor", "head", "leader", "inspector"}
SUPERVISES = {"supervisor", "head"}
WORKS = {"unit", "unit_leader", "county", "late", "bureau", "lead", "keeper", "supervisor", "head", "leader"}
EVERYBODY = set(PEOPLE)


def person(role: str) -> User:
    if role == "nobody":
        return User.objects.get_or_create(username=PEOPLE[role])[0]
    return make.person(PEOPLE[role])
