"""What the first start refuses, and how it fills the virtual environment."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management.base import BaseCommand

import manage
from config import bootstrap
from config.bootstrap import ROOT, Refusal
from config.pipeline import clean_environment


def is_one_sentence(text: str) -> bool:
    return text.endswith("。") and text.count("。") == 1 and "\n" not in text


def run_manage(*arguments: str, var: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(
        command, env={**clean_environment(str(var)), **env}, capture_output=True, text=True, timeout=60
    )


# --- The Python that runs it ------------------------------------------------------------------


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6), (3, 10, 13)])
def test_an_old_python_is_told_which_one_is_needed(version: tuple[int, ...]) -> None:
    sentence = manage.too_old(version)
    assert sentence is not None
    assert "3.11" in sentence
    assert is_one_sentence(sentence)


@pytest.mark.parametrize("version", [(3, 11), (3, 13, 0), (4, 0)])
def test_a_new_python_is_enough(version: tuple[int, ...]) -> None:
    assert manage.too_old(version) is None


def test_a_missing_venv_module_is_told_with_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(Refusal, match="ensurepip") as refusal:
        bootstrap.require_modules("venv", "ensurepip")
    assert "apt-get install -y python3-venv ca-certificates" in str(refusal.value)
    assert is_one_sentence(str(refusal.value))


# --- Folders ----------------------------------------------------------------------------------


def test_a_folder_is_probed_by_writing(tmp_path: Path) -> None:
    assert not bootstrap.unwritable(tmp_path)
    assert not bootstrap.unwritable(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    # Not even root can make a file here, whatever the permission bits say.
    with pytest.raises(Refusal, match="/proc/sys/duban") as refusal:
        bootstrap.require_writable(Path("/proc/sys/duban"))
    assert is_one_sentence(str(refusal.value))
    (tmp_path / "file").touch()
    with pytest.raises(Refusal):
        bootstrap.require_writable(tmp_path / "file" / "var")


def test_run_in_an_unwritable_folder_ends_with_code_2() -> None:
    result = run_manage("run", var=Path("/proc/sys/duban"))
    assert result.returncode == 2
    assert is_one_sentence(result.stderr.strip())


def test_a_second_run_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with bootstrap.hold(tmp_path):
        with pytest.raises(Refusal, match=str(os.getpid())):
            bootstrap.hold(tmp_path)
        result = run_manage("run", "--port", "1", var=tmp_path)
        assert result.returncode == 2
        assert str(os.getpid()) in result.stderr
    bootstrap.hold(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.lock"]


# --- Ports and options ------------------------------------------------------------------------


def test_a_taken_port_is_refused_before_anything_is_changed(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run_manage("run", "--port", str(port), var=tmp_path / "var")
    assert result.returncode == 2
    assert str(port) in result.stderr
    assert is_one_sentence(result.stderr.strip())
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 0), ("127.0.0.1", 70000), ("192.0.2.1", 8000)])
def test_an_address_that_is_not_ours_is_refused(host: str, port: int) -> None:
    with pytest.raises(Refusal):
        bootstrap.require_free_port(host, port)


@pytest.mark.parametrize(
    "arguments", [["--nonsense"], ["nonsense"], ["--port", "8001", "--nonsense=1"], ["--fresh", "now"], ["-x"]]
)
def test_an_unknown_option_is_refused_before_anything_is_made(arguments: list[str], tmp_path: Path) -> None:
    result = run_manage("run", *arguments, var=tmp_path / "var")
    assert result.returncode == 2
    assert is_one_sentence(result.stderr.strip())
    assert arguments[-1] in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "var").exists()


def test_what_django_takes_with_every_command_is_taken(tmp_path: Path) -> None:
    taken = [action.option_strings for action in BaseCommand().create_parser("manage.py", "run")._actions]
    values = {"-v": "1", "--settings": "config.settings", "--pythonpath": "."}
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        port = str(busy.getsockname()[1])
        busy.listen()
        for names in taken:
            for name in set(names) - {"-h", "--help"}:
                given = [name, values[names[0]]] if names[0] in values else [name]
                # Refused for its port, and for nothing else.
                with pytest.raises(Refusal, match=port):
                    bootstrap.prepare_run([*given, "--port", port], tmp_path)


def test_fresh_never_touches_the_real_data(tmp_path: Path) -> None:
    for options in (["--clock", "system"], ["--clock=system"]):
        result = run_manage("run", "--fresh", *options, var=tmp_path / "var")
        assert result.returncode == 2
        assert "--fresh" in result.stderr
        assert is_one_sentence(result.stderr.strip())
    assert run_manage("run", "--fresh", var=tmp_path / "var", DUBAN_CLOCK="system").returncode == 2
    assert not (tmp_path / "var").exists()


def test_progress_leaves_standard_output_to_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with bootstrap.Progress("安装", every=0.01) as step:
        step.note = "1/2"
        while "1/2" not in capsys.readouterr().err:
            pass
    assert capsys.readouterr().out == ""


# --- The virtual environment ------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project folder that needs no package at all, so that pip is real but not the network."""
    for name in bootstrap.LISTS:
        (tmp_path / name).write_text("# nothing\n")
    venv = tmp_path / ".venv"
    names = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin/python", "MARK": venv / "duban-installed"}
    for name, value in names.items():
        monkeypatch.setattr(bootstrap, name, value)
    return tmp_path


@pytest.mark.slow
def test_the_environment_is_made_once_and_again_when_something_changed(house: Path) -> None:
    assert bootstrap.ensure_venv(bootstrap.RUNTIME)
    assert not bootstrap.ensure_venv(bootstrap.RUNTIME)
    (house / bootstrap.RUNTIME).write_text("# still nothing\n")
    assert bootstrap.ensure_venv(bootstrap.RUNTIME)
    # Half made, by a start that was cut off: made again from the beginning.
    bootstrap.MARK.unlink()
    for pip in house.glob(".venv/lib/*/site-packages/pip"):
        pip.rename(pip.with_name("gone"))
    assert bootstrap.ensure_venv(bootstrap.DEVELOPMENT)
    assert not bootstrap.ensure_venv(bootstrap.RUNTIME)
    # The interpreter it was made with has been replaced.
    bootstrap.MARK.write_text(bootstrap.MARK.read_text().replace("/python", "/older-python", 1))
    assert bootstrap.ensure_venv(bootstrap.RUNTIME)


@pytest.mark.slow
def test_what_pip_cannot_get_is_told_in_one_sentence(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(house))
    (house / bootstrap.RUNTIME).write_text(f"duban-no-such==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Refusal, match="duban-no-such") as refusal:
        bootstrap.ensure_venv(bootstrap.RUNTIME)
    assert is_one_sentence(str(refusal.value))
    assert not bootstrap.MARK.exists()


def test_a_second_start_waits_for_the_first(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (house / ".venv").mkdir()
    program = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True)"
    program += "; import time; time.sleep(0.5)"
    first = subprocess.Popen([sys.executable, "-c", program, house / ".venv" / "duban-lock"], stdout=subprocess.PIPE)
    assert first.stdout is not None
    first.stdout.readline()
    with bootstrap._alone():
        assert "等待" in capsys.readouterr().err
        other = open(house / ".venv" / "duban-lock")  # noqa: SIM115
        with pytest.raises(BlockingIOError), other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    first.communicate()


def test_each_list_holds_the_one_before_it() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.\[\],-]+==\S+", (ROOT / name).read_text(), re.MULTILINE))

    assert pins(bootstrap.RUNTIME)
    assert pins(bootstrap.RUNTIME) < pins(bootstrap.SMS) < pins(bootstrap.DEVELOPMENT)


@pytest.mark.parametrize(
    ("command", "providers", "wanted"),
    [
        ("run", "", bootstrap.RUNTIME),
        ("run", "gateway+https://a:b@sms.example.org/x", bootstrap.RUNTIME),
        ("tick", "gateway+https://a:b@sms.example.org/x tencent://a:b@c?app=1", bootstrap.SMS),
        ("run", "aliyun://a:b@c?sign=x", bootstrap.SMS),
        ("test", "", bootstrap.DEVELOPMENT),
    ],
)
def test_what_an_sms_provider_needs_is_installed_where_one_is_set(
    command: str, providers: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_PROVIDERS", providers)
    assert bootstrap.needed(command) == wanted
