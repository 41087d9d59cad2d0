"""`manage.py rotate_field_keys`: encrypt personal data with a new key, while people work. Prints no value."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from ledger import keys, rotation


class Command(BaseCommand):
    help = "Encrypt every encrypted value and workbook with a new key. Stopped half-way, it goes on where it was."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forget", action="store_true", help="drop the older keys, once nothing needs them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["forget"]:
                self._forget()
            else:
                self._rotate()
        except keys.KeysUnusable as why:
            raise CommandError(_("The keys of personal data cannot be used: %(why)s") % {"why": why}) from why

    def _rotate(self) -> None:
        writing = keys.ring_to_write().writing
        # Something left under an older key: a rotation was interrupted, or the environment has a new first key.
        if not rotation.counted().needs_other_than(writing):
            if not keys.in_file():
                raise CommandError(
                    _("Everything is encrypted with the first key already: put a new one in front in DUBAN_FIELD_KEYS.")
                )
            writing = keys.add_key()
            self.stdout.write(_("A new key %(key)s has been made. Back up the key file.") % {"key": writing})
        done, left = rotation.rotate()
        self.stdout.write(
            _("%(number)d values and workbooks encrypted with key %(key)s.") % {"number": done, "key": writing}
        )
        if left:
            raise CommandError(
                _(
                    "%(number)d values or workbooks cannot be read and were left as they are: "
                    "see manage.py check_field_keys."
                )
                % {"number": left}
            )

    def _forget(self) -> None:
        found = rotation.counted()
        if found.unreadable or found.needs_other_than(keys.ring().writing):
            raise CommandError(
                _(
                    "Some values or workbooks still need an older key, or cannot be read: "
                    "run manage.py rotate_field_keys first."
                )
            )
        if not keys.in_file():
            raise CommandError(_("Nothing needs an older key: take all but the first out of DUBAN_FIELD_KEYS."))
        gone = keys.forget_all_but_first()
        self.stdout.write(_("%(number)d older keys dropped. Back up the key file.") % {"number": len(gone)})
