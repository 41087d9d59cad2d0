"""Who and where: the bodies, groups and sites of a plan file, and how the text names them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from measures.plan_file.problems import listed, one_of
from measures.plan_file.schema import TOKENS
from measures.plan_file.shape import Findings, Table
from measures.plan_file.values import PLACEHOLDER, Body, Group, Site, Spelling

# What a list of bodies says besides their names: 按职责分工负责, 牵头, 配合, 等 …
_AROUND = re.compile(
    r"^(?:责任(?:部门|单位)[:：]|由)|"
    r"(?:等|等(?:部门|单位)|按照?(?:各自)?职责分工(?:负责|落实)?|(?:共同|分别)?牵头(?:负责)?|配合|负责|[。.])+$"
)
_OPEN_END = re.compile(r"等(?:有关|相关)?(?:部门|单位)?(?:按|负责|配合|$|[。，,])")
EACH_ITS_PART = "按职责分工"  # no body leads: each of those named answers for its own part


class Names:
    """Every body, group and site of the file, by code."""

    def __init__(self, doc: Table, found: Findings) -> None:
        self.found = found
        self.bodies: dict[str, Body] = {}
        self.groups: dict[str, Group] = {}
        self.written: dict[str, tuple[str, ...]] = {}  # as the text writes it → codes
        for table in doc.get("body", []):
            self._add_body(table)
        for table in doc.get("group", []):
            self._add_group(table)
        self.doubtful_sites = False  # whether a site was left out because its county is not clear
        self.sites = self._sites(doc.get("site", []))

    # --- reading ---------------------------------------------------------------------------------

    def _is_free(self, table: Table) -> bool:
        code = table.get("code", "")
        if code in TOKENS:
            what = _("%(code)s already stands for other bodies.") % {"code": code}
        elif code in self.bodies or code in self.groups:
            what = _("The code %(code)s is given twice.") % {"code": code}
        else:
            return bool(code)
        self.found.add(table, "code", what, _("a code of its own for each body and group."))
        return False

    def _add_body(self, table: Table) -> None:
        aliases = tuple(dict.fromkeys(table.get("aliases", ())))
        body = Body(
            code=table.get("code", ""),
            name=table.get("name", ""),
            short=table.get("short", ""),
            level=table.get("level", ""),
            aliases=aliases,
            written=_spellings(table),
            ours=table.get("ours", False),
        )
        if not self._is_free(table):
            return
        self.bodies[body.code] = body
        ways = dict.fromkeys(filter(None, (body.name, body.short, *aliases)))
        for way in ways:
            if way in self.written:
                key = "aliases" if way in aliases else "name"
                other = {"way": way, "body": listed(map(self.short, self.written[way]))}
                what = _("“%(way)s” already names %(body)s.") % other
                self.found.add(table, key, what, _("each way of writing for one body only."))
            self.written.setdefault(way, (body.code,))
        for index, spelling in enumerate(body.written):
            if spelling.written not in ways:
                what = _("“%(way)s” is neither the name nor an alias of %(body)s.")
                self.found.add(
                    table["written"][index],
                    "as",
                    what % {"way": spelling.written, "body": body.short},
                    _("one of %(choices)s.") % {"choices": listed(ways)},
                )

    def _add_group(self, table: Table) -> None:
        members = self.codes(table, "members", table.get("members", ()), groups=False)
        if not self._is_free(table):
            return
        if not members and not table.get("members"):
            self.found.add(table, "members", _("The group has no members."), _("at least one body's code."))
        group = Group(table["code"], table.get("name", ""), members, _spellings(table))
        self.groups[group.code] = group
        for way in (group.name, *(spelling.written for spelling in group.written)):
            self.written.setdefault(way, members)

    def _sites(self, tables: Iterable[Table]) -> tuple[Site, ...]:
        sites: dict[tuple[str, str], Site] = {}
        for table in tables:
            get = table.get
            site = Site(get("county", ""), get("name", ""), get("named", False), get("note", ""))
            if not self.is_county(table, "county", site.county):
                self.doubtful_sites = True
                continue
            if site.name == PLACEHOLDER:
                what = _("%(name)s stands for a site nobody has named yet.") % {"name": PLACEHOLDER}
                self.found.add(table, "name", what, _("the name of a place."))
            elif (site.county, site.name) in sites:
                what = _("The site %(name)s is given twice.") % {"name": site.name}
                self.found.add(table, "name", what, _("each site of a county once."))
            elif site.name:
                sites[site.county, site.name] = site
        return tuple(sites.values())

    # --- asking ----------------------------------------------------------------------------------

    def is_body(self, where: Table, key: str, code: str, *, also: Sequence[str] = ()) -> bool:
        """Whether a body has this code; if not, it is reported (an empty code was reported before)."""
        if code in self.bodies or code in also:
            return True
        if code:
            what = _("There is no body %(code)s.") % {"code": code}
            self.found.add(where, key, what, one_of(code, [*self.bodies, *also]))
        return False

    def is_county(self, where: Table, key: str, code: str) -> bool:
        if not self.is_body(where, key, code):
            return False
        if self.bodies[code].level not in ("county", ""):
            counties = [body.code for body in self.bodies.values() if body.level == "county"]
            what = _("%(body)s is no county.") % {"body": self.short(code)}
            self.found.add(where, key, what, one_of(code, counties))
            return False
        return True

    def codes(self, where: Table, key: str, tokens: Iterable[str], *, groups: bool = True) -> tuple[str, ...]:
        """Bodies by code or group, in order and each once; what is unknown or doubled is reported."""
        codes: dict[str, None] = {}
        unknown = False
        for token in tokens:
            if groups and token in self.groups:
                members: tuple[str, ...] = self.groups[token].members
            elif self.is_body(where, key, token, also=tuple(self.groups) if groups else ()):
                members = (token,)
            else:
                unknown = True
                continue
            for code in members:
                if code in codes:
                    what = _("%(body)s is named twice.") % {"body": self.short(code)}
                    self.found.add(where, key, what, _("each body once, by itself or in a group."))
                codes[code] = None
        if unknown:
            where.bad.add(key)
        return tuple(codes)

    def short(self, code: str) -> str:
        return self.bodies[code].short if code in self.bodies else code

    def prefecture_bureaus(self) -> tuple[str, ...]:
        return tuple(body.code for body in self.bodies.values() if body.level == "prefecture")

    def named_in(self, phrase: str) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
        """Whom a list such as “地区教育局、科技局，相关县市人民政府” names, and what in it is not known."""
        named, unknown = [], []
        for part in re.split("[、，,；;]", phrase):
            way = _AROUND.sub("", _AROUND.sub("", part.strip()))
            if way in self.written:
                named.append((way, self.written[way]))
            elif way:
                unknown.append(way)
        return named, unknown


def is_open_list(phrase: str) -> bool:
    """The list ends in 等: more bodies may be added later."""
    return bool(_OPEN_END.search(phrase))


def _spellings(table: Table) -> tuple[Spelling, ...]:
    return tuple(
        Spelling(row.get("as", ""), row.get("in", ""), row.get("note", "")) for row in table.get("written", ())
    )
