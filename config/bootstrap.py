"""The way from a bare Python to a running Duban, with the standard library alone.

`manage.py` calls `main`: it makes and fills `.venv`, goes on in it, and hands over to Django.
What cannot be is said in one Chinese sentence with the cure, and ends with exit code 2.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, Self

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MARK = VENV / "duban-installed"
RUNTIME, SMS, DEVELOPMENT = "requirements.txt", "requirements-sms.txt", "requirements-dev.txt"
LISTS = (RUNTIME, SMS, DEVELOPMENT)  # each holds the one before it, at the same versions (see the tests)
NEED_SMS = ("aliyun://", "tencent://")
NEED_DEVELOPMENT = {"test", "soak", "bench", "pictures"}
VENV_CURE = "请先执行 apt-get install -y python3-venv ca-certificates，然后重试。"
# What Django takes with every command: not ours, and not unknown.
DJANGO_FLAGS = ("--version", "--traceback", "--no-color", "--force-color", "--skip-checks")
DJANGO_OPTIONS = (("-v", "--verbosity"), ("--settings",), ("--pythonpath",))
# Says to the process after exec which environment it was sent to, so that a broken one cannot loop.
SENT_TO = "DUBAN_SENT_TO"


class Refusal(Exception):
    """A start that cannot be: one sentence that says why and what to do."""


# --- Telling the person who waits -------------------------------------------------------------


class Progress:
    """Names a step, and says every few seconds that it goes on: `with Progress("…") as step`."""

    def __init__(self, title: str, out: IO[str] | None = None, every: float = 3.0) -> None:
        self.title, self.out, self.every, self.note = title, out or sys.stderr, every, ""
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def say(self, text: str) -> None:
        print(text, file=self.out, flush=True)

    def _tick(self) -> None:
        while not self._done.wait(self.every):
            note = f"{self.note}，" if self.note else ""
            self.say(f"  … {note}已用 {time.monotonic() - self.started:.0f} 秒")

    def __enter__(self) -> Self:
        self.started = time.monotonic()
        self.say(f"· {self.title}")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._done.set()
        self._thread.join()
        took = time.monotonic() - self.started
        if kind is None and took >= 2:
            self.say(f"  完成，{took:.1f} 秒")


# --- Processes that do not outlive us ---------------------------------------------------------


def die_with_parent(signum: int = signal.SIGKILL, parent: int | None = None) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the child `signum` when this process ends, however it ends.

    To be used from the main thread: Linux counts the death of the thread that forked.
    """
    parent = parent or os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def arrange() -> None:
        if prctl is not None:
            prctl(1, signum)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:  # it ended before the line above
                os.kill(os.getpid(), signum)

    return arrange


# --- What can be known before anything is changed ---------------------------------------------


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def unwritable(folder: Path) -> bool:
    """Whether no file can be made in the folder (or, where there is none yet, in the nearest one above)."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            return False
    except OSError:
        return True


def require_writable(folder: Path) -> None:
    if unwritable(folder):
        made = "" if folder.exists() else f"mkdir -p {folder} && "
        raise Refusal(
            f"文件夹 {folder} 不可写：请换有写权限的用户运行，"
            f"或由管理员执行 {made}chown -R {_user()} {folder} 后重试，"
            "也可用环境变量 DUBAN_VAR 另指数据文件夹。"
        )


def require_free_port(host: str, port: int) -> None:
    if not 0 < port < 65536:
        raise Refusal(f"端口号 {port} 无效：请用 --port 指定 1 到 65535 之间的数。")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            # As gunicorn does, so that a port just left by us does not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise Refusal(f"不认识地址 {host}：请用 --host 指定本机地址，例如 127.0.0.1 或 0.0.0.0。") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < 65535 else 8000
            sentence = f"端口 {port} 已被占用：请停止占用它的程序，或换一个端口，例如 --port {other}。"
        elif error.errno == errno.EACCES:
            sentence = f"没有权限使用端口 {port}：请换 1024 以上的端口，例如 --port 8000。"
        else:
            sentence = f"不能在 {host}:{port} 上监听（{error.strerror}）：请检查 --host 和 --port。"
        raise Refusal(sentence) from None


def hold(folder: Path) -> IO[str]:
    """Take the data folder for this process; the lock goes with it, even by kill -9."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Opened without truncating: a refused start must leave the holder's number readable.
    file = open(folder / "run.lock", "a+")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "?"
        file.close()
        raise Refusal(
            f"数据文件夹 {folder} 正由另一个 run 使用（进程 {holder}）：请先停止它，或用环境变量 DUBAN_VAR 另指文件夹。"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `run`, shared by this file and the Django command."""
    parser.add_argument("--port", type=int, default=8000, help="端口，默认 8000")
    parser.add_argument("--host", default="127.0.0.1", help="监听地址，默认只限本机")
    parser.add_argument(
        "--clock",
        choices=["demo", "system"],
        default="system" if os.environ.get("DUBAN_CLOCK") == "system" else "demo",
        help="demo：演示数据和演示时钟（默认）；system：正式数据和系统时钟",
    )
    parser.add_argument("--fresh", action="store_true", help="先清除演示数据，从头开始")


def site_address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    host = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refusal(f"参数有误（{message}）：用法见 python3 manage.py run --help。")


def prepare_run(arguments: list[str], var: Path) -> None:
    """Refuse what cannot be, before anything is installed or changed; choose the database."""
    parser = _Parser(add_help=False)
    add_run_arguments(parser)
    for flag in DJANGO_FLAGS:
        parser.add_argument(flag, action="store_true")
    for option in DJANGO_OPTIONS:
        parser.add_argument(*option)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        raise Refusal(f"不认识的参数 {' '.join(unknown)}：用法见 python3 manage.py run --help。")
    if options.fresh and options.clock == "system":
        raise Refusal("--fresh 只清除演示数据，不能与 --clock system 同用：正式数据不会被这个命令删除。")
    require_writable(var)
    if (var / "run.lock").exists():
        hold(var).close()
    require_free_port(options.host, options.port)
    os.environ["DUBAN_CLOCK"] = options.clock
    os.environ.setdefault("SITE_URL", site_address(options.host, options.port))  # for links in notices


# --- The virtual environment ------------------------------------------------------------------


def _digest(requirements: str) -> str:
    return hashlib.sha256((ROOT / requirements).read_bytes()).hexdigest()


def _installed() -> list[str]:
    """What the mark says is in `.venv`, empty when it was made for another interpreter."""
    try:
        interpreter, *digests = MARK.read_text().split("\n")
    except FileNotFoundError:
        return []
    return digests if interpreter == os.path.realpath(PYTHON) and PYTHON.exists() else []


@contextmanager
def _alone() -> Iterator[None]:
    """Two starts at once: the second waits for the first."""
    try:
        VENV.mkdir(exist_ok=True)
        lock = open(VENV / "duban-lock", "a")  # noqa: SIM115
    except OSError:
        raise Refusal(
            f"文件夹 {ROOT} 不可写，无法在其中建立 .venv：请换有写权限的用户运行，"
            f"或由管理员执行 chown -R {_user()} {ROOT} 后重试。"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with Progress("另一个启动正在安装依赖，等待它完成"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        preexec_fn=die_with_parent(),
    )


def require_modules(*names: str) -> None:
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise Refusal(f"这个 Python 缺少 {'、'.join(missing)} 模块：{VENV_CURE}")


def _make_venv() -> None:
    require_modules("venv", "ensurepip")
    for entry in VENV.iterdir():
        if entry.name != "duban-lock":
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    # Not the interpreter of some other environment, which may be gone tomorrow.
    python = getattr(sys, "_base_executable", None) or sys.executable
    maker = _start([python, "-m", "venv", str(VENV)])
    with Progress("建立虚拟环境 .venv"):
        output = maker.communicate()[0]
        if maker.returncode:
            last = output.strip().splitlines()[-1:] or [f"退出码 {maker.returncode}"]
            raise Refusal(f"建立虚拟环境失败（{last[0]}）：{VENV_CURE}")


def _install(requirements: str) -> None:
    total = len(re.findall(r"^[\w.\[\]-]+==", (ROOT / requirements).read_text(), re.MULTILINE))
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["-r", str(ROOT / requirements)]
    log_path, error, count = VENV / "duban-install.log", "", 0
    title = f"安装依赖（{requirements}，共 {total} 个包）"
    pip = _start(command)
    with Progress(title) as step, log_path.open("w", encoding="utf-8") as log:
        for line in pip.stdout or ():
            log.write(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                count += 1
                step.note = f"已取得 {count}/{total}"
            elif line.startswith("Installing collected packages"):
                step.note = "正在写入"
            elif "Retrying" in line:
                step.note = "网络不通，正在重试"
            elif line.startswith("ERROR:"):
                error = error or line.removeprefix("ERROR:").strip()
        if pip.wait():
            error = error or f"pip 退出码 {pip.returncode}"
            raise Refusal(f"安装依赖失败（{error}）：{_pip_cure(error)}，然后重试；详情见 {log_path}。")


def _pip_cure(error: str) -> str:
    if "No space left" in error:
        return "请清理磁盘空间"
    if "DO NOT MATCH THE HASHES" in error:
        return "下载到的文件与清单不符，请更换镜像"
    return "请检查网络，在内网请用环境变量 PIP_INDEX_URL 指定可用的镜像"


def needed(command: str) -> str:
    """The list that a command needs here: SMS providers with packages of their own are named by the environment."""
    if command in NEED_DEVELOPMENT:
        return DEVELOPMENT
    return SMS if any(scheme in os.environ.get("SMS_PROVIDERS", "") for scheme in NEED_SMS) else RUNTIME


def ensure_venv(requirements: str) -> bool:
    """Make `.venv` hold what `requirements` lists. True when something had to be done."""
    wanted = _digest(requirements)
    if wanted in _installed():
        return False
    if not PYTHON.exists():
        require_modules("venv", "ensurepip")
    with _alone():
        if wanted in _installed():
            return True
        usable = PYTHON.exists() and (not MARK.exists() or _installed() != [])
        if usable:
            usable = subprocess.run([str(PYTHON), "-c", "import pip"], capture_output=True).returncode == 0
        MARK.unlink(missing_ok=True)
        if not usable:
            _make_venv()
        _install(requirements)
        lists = LISTS[: LISTS.index(requirements) + 1]
        MARK.write_text("\n".join([os.path.realpath(PYTHON), *map(_digest, lists)]))
    return True


def _in_venv() -> bool:
    if Path(sys.prefix).resolve() == VENV.resolve():
        return True
    if os.environ.get(SENT_TO) == str(VENV):
        raise Refusal(f"虚拟环境 {VENV} 无法使用：请删除它，并取消环境变量 PYTHONHOME，然后重试。")
    return False


def _go_on_in_venv(argv: list[str]) -> NoReturn:
    os.environ[SENT_TO] = str(VENV)
    os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *argv[1:]])


# --- The entry --------------------------------------------------------------------------------


def main(argv: list[str]) -> int:
    """Run one command of `manage.py` in the virtual environment; returns the exit code."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that has no Chinese
    command = argv[1] if len(argv) > 1 else "help"
    asks_help = {"-h", "--help"} & set(argv)
    try:
        var = Path(os.environ.get("DUBAN_VAR") or ROOT / "var").absolute()
        if command == "run" and not asks_help:
            prepare_run(argv[2:], var)
        elif command != "test" and not os.environ.get("SECRET_KEY") and not (var / "secret_key").exists():
            require_writable(var)
        changed = ensure_venv(needed(command))
        if not _in_venv() or changed:
            _go_on_in_venv(argv)
        os.environ.pop(SENT_TO, None)
        if command == "test":
            from config import pipeline

            return pipeline.main(argv[2:])
        os.environ["DUBAN_VAR"] = str(var)
        var.mkdir(mode=0o700, parents=True, exist_ok=True)  # before settings do: for us alone
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from django.core.management import execute_from_command_line

        execute_from_command_line(argv)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0
