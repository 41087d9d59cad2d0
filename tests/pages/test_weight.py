"""What a page weighs on a slow line, and that it asks no other house for anything."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from measures.models import Plan
from tests import make
from tests.pages import web

KB = 1024
FIRST, LATER = 80 * KB, 10 * KB
ROOT = Path(settings.BASE_DIR)


def _packed(client: web.Client, url: str) -> tuple[int, web.Page]:
    """Its weight as it goes over the line, and the page."""
    answer = client.get(url, headers={"accept-encoding": "gzip"})
    assert answer.headers.get("Content-Encoding") == "gzip"
    return len(answer.content), web.Page(gzip.decompress(answer.content).decode())


def _parts(page: web.Page) -> list[str]:
    """What the page makes a browser fetch besides: styles, scripts, icons."""
    found = [link.attrs["href"] for link in page.all("link")] + [s.attrs["src"] for s in page.all("script")]
    return [url.removeprefix("/static/") for url in found]


def _file(name: str) -> Path:
    found = finders.find(name)
    assert found, name
    return Path(found)


PAGES = {
    "desk": ("托里县·经办人", lambda: "/"),
    "desk of a lead": ("人社局·经办人", lambda: "/"),
    "board": (make.SUPERVISOR, lambda: "/board/"),
    "overdue": (make.INSPECTOR, lambda: "/overdue/"),
    "assignment": ("和布克赛尔县·经办人", lambda: f"/assignments/{make.row('survey/654226').pk}/"),
    "site plan": ("托里县·经办人", lambda: f"/assignments/{make.row('filing/654224/朗古特').pk}/"),
    "rounds": ("发展改革委·经办人", lambda: f"/assignments/{make.row('filing/654221/杰勒阿尕什镇').pk}/rounds/"),
    "supervisor's view": (make.SUPERVISOR, lambda: f"/assignments/{make.row('survey/654226').pk}/"),
    "who was told": (make.SUPERVISOR, lambda: f"/assignments/{make.row('survey/654226').pk}/told/"),
    "queue of a lead": ("人社局·经办人", lambda: "/review/"),
    "queue of the office": (make.SUPERVISOR, lambda: "/review/"),
    "plan": ("托里县·经办人", lambda: "/plans/tacheng-2019/"),
    "dossier": (make.INSPECTOR, lambda: "/plans/tacheng-2019/units/654224/"),
    "like with like": (make.SUPERVISOR, lambda: "/plans/tacheng-2019/units/"),
    "month": ("人社局·经办人", lambda: "/monthly/2019-07/"),
    "notices": ("托里县·经办人", lambda: "/notices/"),
    "sign-in": ("", lambda: "/sign-in/"),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light(name: str, lived: Plan) -> None:
    who, url = PAGES[name]
    client = web.signed_in(who) if who else web.Client()
    weight, page = _packed(client, url())
    besides = sum(len(gzip.compress(_file(part).read_bytes(), 6)) for part in _parts(page))
    assert weight <= LATER, f"{weight / KB:.1f} KB each time"
    assert weight + besides <= FIRST, f"{(weight + besides) / KB:.1f} KB at the first visit"


def test_pages_share_their_styles_and_scripts(lived: Plan) -> None:
    """So that they are fetched once."""
    client = web.signed_in("托里县·经办人")
    parts = {tuple(_parts(web.read(client, url))) for url in ("/", "/overdue/", "/notices/", "/plans/tacheng-2019/")}
    assert len(parts) == 1


OWN = [*ROOT.glob("templates/**/*.html"), *(ROOT / "config/static").glob("*.*")]
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=\"|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_nothing_of_ours_asks_another_house_or_stands_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]", text.replace("// ", ""))
    assert "@import" not in text
    assert "url(" not in text or "url(data:" in text
    if path.suffix == ".html":
        assert not INLINE.findall(text)


def test_what_is_vendored_fetches_nothing() -> None:
    for path in (ROOT / "config/static/vendor").glob("*.min.*"):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".css":
            assert set(re.findall(r"url\(\s*[\"']?(\w+):", text)) <= {"data"}
        assert "sourceMappingURL=http" not in text
