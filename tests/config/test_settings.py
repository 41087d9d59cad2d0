"""Settings come from the environment alone; what is missing for real use is named."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from pytest_django import Settings

from config import checks
from config.admin import DubanAdminSite
from config.bootstrap import ROOT
from config.management.commands import run
from config.pipeline import clean_environment
from config.staticfiles import OwnAppFinder

REAL = {
    "SECRET_KEY": "k" * 60,
    "DATABASE_URL": "postgres://duban:secret@db.example.org/duban",
    "CELERY_BROKER_URL": "redis://redis.example.org/0",
    "EMAIL_URL": "smtp+tls://duban:secret@mail.example.org:587",
    "DEFAULT_FROM_EMAIL": "督办 <duban@example.org>",
    "SITE_URL": "https://duban.example.org",
    "BEHIND_PROXY": "1",
    "ALLOWED_HOSTS": "duban.example.org",
    "DUBAN_FIELD_KEYS": "k1:" + "A" * 43 + "=",
    "DUBAN_INDEX_KEY": "B" * 43 + "=",
}


def read_settings(var: Path, **env: str) -> dict[str, Any]:
    """The settings a process started with this environment sees."""
    program = (
        "import json; from config import settings as s; s.LANGUAGES = [];"
        "print(json.dumps({k: v for k, v in vars(s).items() if k.isupper()}, default=str))"
    )
    found: dict[str, Any] = json.loads(_run(program, var, **env))
    return found


def named(var: Path, **env: str) -> set[str]:
    """The ids of our checks that speak up, in a process of its own."""
    program = (
        "import django; django.setup(); from config import checks;"
        "print(*[m.id for m in checks.safe_at_any_time() + checks.ready_for_real_use()])"
    )
    return set(_run(program, var, **env).split())


def _run(program: str, var: Path, **env: str) -> str:
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**clean_environment(str(var)), "DJANGO_SETTINGS_MODULE": "config.settings", **env},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


# --- Settings ---------------------------------------------------------------------------------


def test_the_signing_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    first, second = read_settings(tmp_path), read_settings(tmp_path)
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert read_settings(tmp_path, SECRET_KEY="from outside")["SECRET_KEY"] == "from outside"


def test_the_demonstration_shares_nothing_with_real_use(tmp_path: Path) -> None:
    real = read_settings(tmp_path, **REAL)
    demo = read_settings(tmp_path, **REAL, DUBAN_CLOCK="demo")
    assert real["DATABASES"]["default"]["HOST"] == "db.example.org"
    assert demo["DATABASES"]["default"]["NAME"] == str(tmp_path / "demo.sqlite3")
    assert real["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
    assert demo["EMAIL_BACKEND"].endswith("filebased.EmailBackend")
    # `run --fresh` removes what begins with "demo" and nothing else.
    plain, shown = read_settings(tmp_path), read_settings(tmp_path, DUBAN_CLOCK="demo")
    for name in ("MEDIA_ROOT", "OUTGOING", "SESSION_COOKIE_NAME"):
        assert Path(plain[name]).name != Path(shown[name]).name
        assert Path(shown[name]).name.startswith("demo") or name == "SESSION_COOKIE_NAME"
    watched = {"DUBAN_HEARTBEAT_FILE": "/run/duban/heartbeat", "DUBAN_HEARTBEAT_URL": "https://watch.example.org/1"}
    for name, value in watched.items():
        assert read_settings(tmp_path, **watched)[name] == value
        assert read_settings(tmp_path, **watched, DUBAN_CLOCK="demo")[name] != value
    told = {"GROUP_ROBOTS": "supervision=wecom://key@qyapi.weixin.qq.com"}
    assert read_settings(tmp_path, **told)["GROUP_ROBOTS"] == [told["GROUP_ROBOTS"]]
    assert read_settings(tmp_path, **told, DUBAN_CLOCK="demo")["GROUP_ROBOTS"] == []
    queue = shown["CELERY_BROKER_TRANSPORT_OPTIONS"]["data_folder_in"]
    assert Path(queue).name.startswith("demo")
    assert queue != plain["CELERY_BROKER_TRANSPORT_OPTIONS"]["data_folder_in"]


def test_fresh_removes_the_demonstration_and_nothing_else(tmp_path: Path, settings: Settings) -> None:
    settings.VAR = tmp_path
    real = ["duban.sqlite3", "secret_key", "attachments/a", "queue/q", "outgoing/real/mail/m", "real-beat"]
    demo = ["demo.sqlite3", "demo.sqlite3-wal", "demo-attachments/a", "demo-queue/q", "outgoing/demo/mail/m"]
    for name in [*real, *demo]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    run.Command()._forget_demonstration()
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(real)


def test_real_use_is_set_up_from_the_environment(tmp_path: Path) -> None:
    real = read_settings(tmp_path, **REAL)
    assert real["EMAIL_HOST"] == "mail.example.org"
    assert real["EMAIL_USE_TLS"] is True
    assert real["SESSION_COOKIE_SECURE"] is True
    assert real["ALLOWED_HOSTS"] == ["duban.example.org"]
    assert real["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"] == 900


# --- Checks -----------------------------------------------------------------------------------


def test_a_new_installation_is_told_what_is_missing(tmp_path: Path) -> None:
    ids = {"duban.W002", "duban.W004", "duban.W005", "duban.W007", "duban.W008", "duban.W010", "duban.W014"}
    assert named(tmp_path) == ids


def test_a_complete_installation_lacks_only_the_text_messages(tmp_path: Path) -> None:
    assert named(tmp_path, **REAL) == {"duban.W010"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"CELERY_BROKER_URL": "filesystem://"}, "duban.W003"),
        ({"SITE_URL": "http://duban.example.org"}, "duban.W005"),
        ({"BEHIND_PROXY": "0"}, "duban.W006"),
        ({"ALLOWED_HOSTS": "127.0.0.1"}, "duban.W007"),
        ({"EMAIL_URL": ""}, "duban.W008"),
        ({"DEFAULT_FROM_EMAIL": "Duban <duban@localhost>"}, "duban.W009"),
        ({"DUBAN_HEARTBEAT_URL": "watch.example.org"}, "duban.W011"),
        ({"GROUP_ROBOTS": "supervision=wecom://qyapi.weixin.qq.com"}, "duban.E004"),
        ({"DEMO_DATABASE_URL": REAL["DATABASE_URL"]}, "duban.E002"),
        ({"DUBAN_FIELD_KEYS": "k1:short"}, "duban.E005"),
        ({"DUBAN_INDEX_KEY": "short"}, "duban.E005"),
        ({"DUBAN_INDEX_KEY": ""}, "duban.E006"),
        ({"DUBAN_FIELD_KEYS": ""}, "duban.W014"),
    ],
)
def test_each_gap_has_a_name(change: dict[str, str], expected: str, tmp_path: Path) -> None:
    assert named(tmp_path, **{**REAL, **change}) == {"duban.W010", expected}


def test_a_key_others_can_read_is_named(tmp_path: Path) -> None:
    read_settings(tmp_path)
    (tmp_path / "secret_key").chmod(0o644)
    assert "duban.W001" in named(tmp_path)


def test_keys_of_personal_data_others_can_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "field-keys").touch(mode=0o640)
    assert "duban.W013" in named(tmp_path)
    (tmp_path / "field-keys").chmod(0o600)
    assert "duban.W013" not in named(tmp_path)


def test_a_demonstration_that_could_mail_is_an_error(settings: Settings) -> None:
    settings.DEMO = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert [message.id for message in checks.safe_at_any_time()] == ["duban.E001"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert checks.safe_at_any_time() == []


# --- Static files and administration ----------------------------------------------------------


def test_static_files_are_ours_and_the_administration_s() -> None:
    with override_settings(INSTALLED_APPS=["django.contrib.admin", "django.contrib.contenttypes", "viewflow"]):
        paths = {path for path, _storage in OwnAppFinder().list([])}
    assert "admin/css/base.css" in paths
    assert not [path for path in paths if path.startswith("viewflow")]


def asks(path: str, user: object) -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user  # type: ignore[assignment]
    return request


class Person:
    is_authenticated = True

    def __init__(self, *, is_active: bool = True, is_staff: bool = False) -> None:
        self.is_active, self.is_staff = is_active, is_staff


def test_the_administration_has_no_sign_in_of_its_own() -> None:
    site = DubanAdminSite()
    answer = site.login(asks("/admin/login/?next=/admin/bureaus/", AnonymousUser()))
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/admin/bureaus/"
    with pytest.raises(PermissionDenied):
        site.login(asks("/admin/login/", Person()))


# --- The house --------------------------------------------------------------------------------

PURE = ("bureaus.working_days", "measures.deadline_rules", "workflows.ladder")


@pytest.mark.parametrize("name", PURE)
def test_the_arithmetic_of_dates_needs_the_standard_library_alone(name: str) -> None:
    place = ROOT / name.replace(".", "/")
    files = list(place.glob("*.py")) or [place.with_suffix(".py")]
    imported = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    foreign = {module for module in imported if module.split(".")[0] not in sys.stdlib_module_names}
    assert all(module == "bureaus.working_days" or module.startswith(name) for module in foreign)
