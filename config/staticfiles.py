"""Which static files are served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.contrib.staticfiles.finders import AppDirectoriesFinder


class OwnAppFinder(AppDirectoriesFinder):
    """The apps' own files, without viewflow's 49 MB: no page of ours uses its widgets."""

    def __init__(self, app_names: Sequence[str] | None = None, *args: Any, **kwargs: Any) -> None:
        names = app_names or [config.name for config in apps.get_app_configs()]
        super().__init__([name for name in names if name.split(".")[0] != "viewflow"], *args, **kwargs)
