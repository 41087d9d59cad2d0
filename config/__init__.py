"""What knows every app: settings, addresses, Celery, the start and the stop.

`celery_app` is looked up late: `config.bootstrap` runs where Celery is not installed yet.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "celery_app":
        from config.celery import app

        return app
    raise AttributeError(name)
