"""A database as the product opens it, and whole servers of them that are thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import environ

from config.bootstrap import Refusal
from config.postgres import NoPostgres, postgres

# Gives a new database a name (and the rows of another made before, by its name); returns its URL.
Maker = Callable[..., str]
KINDS = ("postgres", "sqlite")
# As careful as a real server, but nothing that comes by itself in the middle of a measurement.
MEASURED = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}


def configured(url: str) -> dict[str, Any]:
    """What Django's settings need to open the database behind a URL."""
    found: dict[str, Any] = environ.Env.db_url_config(url)
    if found["ENGINE"].endswith("sqlite3"):
        # One writer at a time, decided at BEGIN; readers never wait (measured: DEFERRED loses writes
        # to "database is locked" whatever the timeout).
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        found.setdefault("CONN_MAX_AGE", 60)
        found.setdefault("OPTIONS", {})["options"] = "-c lock_timeout=10000"
    return found


@contextmanager
def throw_away(kind: str) -> Iterator[Maker]:
    """Inside, any number of databases: `make("a")` is the URL of an empty one, `make("b", like="a")` of a copy.

    Nobody may be connected to what is copied. Raises Refusal where no PostgreSQL can be had.
    """
    if kind == "sqlite":
        folder = tempfile.mkdtemp(prefix="duban-")
        try:
            yield lambda name, like="": _file(folder, name, like)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgres(**MEASURED))
        except NoPostgres as reason:
            yield stack.enter_context(on_a_server_of_yours(str(reason), os.environ.get("DATABASE_URL", "")))
        else:
            yield lambda name, like="": _created(url, name, like)


@contextmanager
def on_a_server_of_yours(reason: str, url: str) -> Iterator[Maker]:
    """Databases of our own on the server of this URL, if its own database is empty: never beside real work."""
    import psycopg

    cure = (
        "请把环境变量 DATABASE_URL 设为一台空的 PostgreSQL 服务器的地址"
        "（例如 postgres://user:password@host/postgres），或先运行一次 python3 manage.py test 安装开发依赖。"
    )
    if not url.startswith(("postgres://", "postgresql://")):
        raise Refusal(f"无法启动临时的 PostgreSQL（{reason}）：{cure}")
    try:
        with psycopg.connect(url) as asked:
            tables = asked.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchone()
    except psycopg.Error as error:
        raise Refusal(f"连接不上 DATABASE_URL 所指的服务器（{' '.join(str(error).split())}）：{cure}") from None
    if tables != (0,):
        raise Refusal(f"DATABASE_URL 所指的数据库里已有数据，本命令不会在它的服务器上运行：{cure}")
    made: list[str] = []
    own = f"duban_{os.getpid()}_"

    def make(name: str, like: str = "") -> str:
        made.append(own + name)
        return _created(url, own + name, like and own + like)

    try:
        yield make
    finally:
        with psycopg.connect(url, autocommit=True) as asked:
            for name in made:
                asked.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _file(folder: str, name: str, like: str) -> str:
    path = f"{folder}/{name}.sqlite3"
    if like:
        shutil.copyfile(f"{folder}/{like}.sqlite3", path)
    return f"sqlite:///{path}"


def _created(url: str, name: str, like: str) -> str:
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like or "template0"}"'.encode())
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
