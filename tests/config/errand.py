"""A task for the smoke test over Redis."""

from pathlib import Path

from config.celery import app


@app.task
def touch(path: str) -> None:
    Path(path).touch()
