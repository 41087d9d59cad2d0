"""`manage.py test`: everything CI runs, each step with its name and its time.

The tests of pages and the others, on SQLite and on PostgreSQL, run beside each other, one for each core.
Arguments go to pytest, and then only pytest runs; `--sqlite-only` leaves PostgreSQL out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from config.bootstrap import ROOT, die_with_parent

SCRIPTS = Path(sys.executable).parent
NOTHING_COLLECTED = 5
PROGRESS = re.compile(rb"\[ *\d+%\]$")
# What settings read, but for DUBAN_VAR: a test must not depend on the shell it is started from.
SETTINGS_FROM_ENVIRONMENT = {
    "ALLOWED_HOSTS",
    "ATTACHMENT_MAX_MB",
    "BEHIND_PROXY",
    "CANARY_USER",
    "CELERY_BROKER_URL",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "DEMO_DATABASE_URL",
    "DUBAN_ADMIN_NAME",
    "DUBAN_ADMIN_PASSWORD",
    "DUBAN_AUDIT_FILE",
    "DUBAN_CLOCK",
    "DUBAN_FIELD_KEYS",
    "DUBAN_HEARTBEAT_FILE",
    "DUBAN_HEARTBEAT_URL",
    "DUBAN_INDEX_KEY",
    "EMAIL_A_MINUTE",
    "EMAIL_URL",
    "GROUP_ROBOTS",
    "LOG_LEVEL",
    "METRICS_TOKEN",
    "SECRET_KEY",
    "SITE_URL",
    "SMS_PROVIDERS",
    "SMS_RECEIPT_TOKEN",
}


@dataclass
class Step:
    name: str
    command: list[str]
    env: dict[str, str]
    code: int = 0
    took: float = 0.0

    def run(self) -> None:
        print(f"\n── {self.name}", flush=True)
        started = time.monotonic()
        process = subprocess.Popen(self.command, cwd=ROOT, env=self.env, preexec_fn=die_with_parent())
        try:
            self.code = process.wait()
        except KeyboardInterrupt:
            _let_tidy_up(process)
            raise
        self.took = time.monotonic() - started
        print(f"── {self.name}：{self.verdict}，{self.took:.1f} 秒", flush=True)

    @property
    def verdict(self) -> str:
        return "未通过" if self.code else "通过"


class _Running:
    """A step that runs beside others: its progress is told at once, all it says when it has ended."""

    def __init__(self, step: Step) -> None:
        print(f"── {step.name}：开始", flush=True)
        self.step = step
        self.started = time.monotonic()
        # A file and no pipe: a grandchild that outlives the step must not hold us up.
        self.said = tempfile.TemporaryFile()  # noqa: SIM115 closed in `end`
        self.told = 0
        self.process = subprocess.Popen(
            step.command,
            cwd=ROOT,
            env=step.env,
            stdin=subprocess.DEVNULL,
            stdout=self.said,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent(),
        )

    def has_ended(self) -> bool:
        try:
            self.step.code = self.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        finally:
            self._tell_progress()
        return True

    def _tell_progress(self) -> None:
        fresh = os.pread(self.said.fileno(), 1 << 20, self.told)
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self.told += len(whole)
        for line in whole.splitlines():
            if found := PROGRESS.search(line):
                print(f"{found[0].decode()} {self.step.name}", flush=True)

    def end(self) -> None:
        self.step.took = time.monotonic() - self.started
        self.said.seek(0)
        print(f"\n── {self.step.name}\n{self.said.read().decode(errors='replace')}", end="")
        print(f"── {self.step.name}：{self.step.verdict}，{self.step.took:.1f} 秒\n", flush=True)
        self.said.close()


def run_beside_each_other(steps: list[Step], at_once: int) -> None:
    waiting = list(steps)
    running: list[_Running] = []
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_Running(waiting.pop(0)))
            for one in [one for one in running if one.has_ended()]:
                running.remove(one)
                one.end()
    except KeyboardInterrupt:
        for one in running:
            _let_tidy_up(one.process)
        raise


def _let_tidy_up(process: subprocess.Popen[bytes]) -> None:
    """After Ctrl-C, of which the terminal told it too."""
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def clean_environment(var: str) -> dict[str, str]:
    """The shell's environment without ours, and with a data folder that may be thrown away."""
    ours = SETTINGS_FROM_ENVIRONMENT | {"DUBAN_FAULT"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "DUBAN_VAR": var}


def static_steps(env: dict[str, str]) -> list[Step]:
    # As modules, or by the interpreter: a script's first line breaks when the project is moved.
    python = sys.executable
    templates = [str(path) for path in sorted((ROOT / "templates").rglob("*.html"))]
    return [
        Step("代码规范 ruff check", [python, "-m", "ruff", "check", "."], env),
        Step("代码格式 ruff format", [python, "-m", "ruff", "format", "--check", "."], env),
        Step("类型 mypy", [python, "-m", "mypy"], env),
        Step("引用方向 import-linter", [python, str(SCRIPTS / "lint-imports")], env),
        Step("模板 djhtml", [python, "-m", "djhtml", "--check", *templates], env),
        Step("迁移 makemigrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"], env),
    ]


def chosen_steps(arguments: list[str], env: dict[str, str], sqlite_only: bool) -> list[Step]:
    pytest = [sys.executable, "-m", "pytest", *arguments]
    steps = [Step("测试 pytest（SQLite）", pytest, env)]
    if not sqlite_only:
        steps.append(Step("用到数据库的测试 pytest（PostgreSQL）", [*pytest, "--pg"], env))
    return steps


def all_steps(env: dict[str, str], sqlite_only: bool) -> list[Step]:
    """Every test, in parts that take about as long as each other."""
    pytest = [sys.executable, "-m", "pytest"]
    pages, others = ["tests/pages"], ["tests", "--ignore=tests/pages"]
    steps = [
        Step("测试 pytest（SQLite，页面以外）", [*pytest, *others], env),
        Step("测试 pytest（SQLite，页面）", [*pytest, *pages], env),
    ]
    if sqlite_only:
        return steps
    return [
        Step("用到数据库的测试 pytest（PostgreSQL，页面）", [*pytest, *pages, "--pg"], env),
        Step("用到数据库的测试 pytest（PostgreSQL，页面以外）", [*pytest, *others, "--pg"], env),
        *steps,
    ]


def main(arguments: list[str]) -> int:
    sqlite_only = "--sqlite-only" in arguments
    arguments = [argument for argument in arguments if argument != "--sqlite-only"]
    with tempfile.TemporaryDirectory(prefix="duban-test-") as var:
        skips = Path(var) / "skips"
        env = clean_environment(var) | {"DUBAN_TEST_SKIPS": str(skips)}
        if arguments:
            steps = chosen_steps(arguments, env, sqlite_only)
            for step in steps:
                step.run()
            # Chosen tests may be such that need no database: nothing is left for PostgreSQL then.
            if len(steps) > 1 and steps[1].code == NOTHING_COLLECTED:
                steps[1].code = 0
        else:
            steps = static_steps(env)
            for step in steps:
                step.run()
            tests = all_steps(env, sqlite_only)
            run_beside_each_other(tests, at_once=max(1, len(os.sched_getaffinity(0))))
            steps += tests
        _sum_up(steps, skips.read_text(encoding="utf-8").splitlines() if skips.exists() else [], sqlite_only)
    return 1 if any(step.code for step in steps) else 0


def _sum_up(steps: list[Step], skips: list[str], sqlite_only: bool) -> None:
    print("\n── 小结")
    for step in steps:
        print(f"  {step.verdict}  {step.took:6.1f} 秒  {step.name}")
    print(f"  共 {sum(step.took for step in steps):.1f} 秒")
    if sqlite_only:
        print("  注意：没有在 PostgreSQL 上运行（--sqlite-only）。")
    if skips:
        print(f"  注意：跳过了 {len(skips)} 项测试：")
        for line in skips:
            print(f"    {line}")
    sys.stdout.flush()
