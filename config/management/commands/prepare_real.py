"""`manage.py prepare_real`: what a new installation needs before people can work in it."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.models import Bureau, Membership, Role, User
from measures.models import Plan

PLAN_FILE = settings.BASE_DIR / "measures" / "data" / "tacheng-2019.toml"
# Whose people look after the system, in the plan file's codes.
HOME = "supervision"


class Command(BaseCommand):
    help = _("Load the plan, without issuing it, and make the first administrator.")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEMO:
            raise CommandError(_("This is for real use: the demonstration makes its own people."))
        if not Plan.objects.exists():
            call_command("load_plan", str(PLAN_FILE), stdout=self.stdout, stderr=self.stderr)
        if not Membership.objects.current().filter(role=Role.ADMINISTRATOR).exists():
            self._make_administrator()

    def _make_administrator(self) -> None:
        name, password = os.environ.get("DUBAN_ADMIN_NAME", ""), os.environ.get("DUBAN_ADMIN_PASSWORD", "")
        if name and password:
            problem = _problem(name, password)
            if problem:
                raise CommandError(problem)
        elif sys.stdin.isatty():
            name, password = self._ask()
        else:
            self.stderr.write(
                _(
                    "There is no administrator yet. Run `python3 manage.py prepare_real` in a terminal, "
                    "or set DUBAN_ADMIN_NAME and DUBAN_ADMIN_PASSWORD and start again."
                )
            )
            return
        with transaction.atomic():
            user = User.objects.create_superuser(username=name, email="", password=password)
            Membership.objects.create(user=user, bureau=_home(), role=Role.ADMINISTRATOR)
        self.stdout.write(_("The administrator %(name)s has been made.") % {"name": name})

    def _ask(self) -> tuple[str, str]:
        self.stdout.write(_("There is no administrator yet. Please name the first one."))
        while True:
            name = input(_("Sign-in name: ")).strip()
            password = getpass.getpass(_("Password: "))
            problem = _problem(name, password)
            if not problem and getpass.getpass(_("Password again: ")) != password:
                problem = _("The two passwords differ.")
            if not problem:
                return name, password
            self.stderr.write(problem)


def _problem(name: str, password: str) -> str:
    """What speaks against this name and password, empty when nothing does."""
    user = User(username=name)
    try:
        user.clean_fields(exclude=["password"])
        user.validate_unique()
        validate_password(password, user)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


def _home() -> Bureau:
    home = Bureau.objects.filter(code=HOME).first() or Bureau.objects.first()
    if home is None:
        raise CommandError(_("No bureau has been loaded: run `manage.py load_plan` first."))
    return home
