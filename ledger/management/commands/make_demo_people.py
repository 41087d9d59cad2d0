"""`manage.py make_demo_people`: fill the demonstration's ledger with people who do not exist."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from bureaus import clock
from ledger.people import baseline, inventing, settling
from measures.models import Plan


class Command(BaseCommand):
    help = "Fill the empty ledger of the demonstration with invented households and persons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--households", type=int, default=baseline.HOUSEHOLDS)
        parser.add_argument("--persons", type=int, default=baseline.PERSONS)
        parser.add_argument("--seed", type=int, default=1, help="the same number, the same people (default 1)")

    def handle(self, *args: Any, households: int, persons: int, seed: int, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                _("This fills a database with inventions; it runs with DUBAN_CLOCK=demo only."), returncode=2
            )
        plan = Plan.objects.first()
        if plan is None:
            raise CommandError(_("There is no plan yet: run manage.py demonstrate first."), returncode=2)
        try:
            found = inventing.invent(households, persons, seed)
        except ValueError as error:
            raise CommandError(
                _("So many persons do not fit into so many households: one to %(largest)d live in each.")
                % {"largest": inventing.LARGEST},
                returncode=2,
            ) from error
        try:
            settling.settle(found, plan=plan, now=clock.now())
        except settling.NotEmpty as error:
            raise CommandError(
                _("The ledger has households already: the invented are not put among them."), returncode=2
            ) from error
        self.stdout.write(
            _("%(households)d households with %(persons)d persons have been invented.")
            % {"households": households, "persons": persons}
        )
