from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        # Celery's app must exist before a shared task is called; the checks register themselves.
        from config import celery, checks  # noqa: F401


class DubanAdminConfig(AdminConfig):
    default_site = "config.admin.DubanAdminSite"
