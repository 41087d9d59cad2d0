"""`manage.py check_field_keys`: can all that is encrypted be read? Exit code 1 if not. Never prints a value."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from ledger import rotation


class Command(BaseCommand):
    help = "Decrypt every encrypted value and workbook and say which keys they need. Changes nothing, prints no value."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        found = rotation.counted()
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False))
        else:
            for (place, key_id), number in sorted(found.readable.items()):
                self.stdout.write(
                    _("%(place)s: %(number)d with key %(key)s") % {"place": place, "number": number, "key": key_id}
                )
            for place, primary_keys in sorted(found.unreadable.items()):
                self.stdout.write(
                    _("%(place)s: %(number)d cannot be read, the first are %(names)s")
                    % {
                        "place": place,
                        "number": len(primary_keys),
                        "names": ", ".join(str(one) for one in primary_keys[:5]),
                    }
                )
            if not found.unreadable:
                self.stdout.write(
                    _("All %(number)d encrypted values and workbooks can be read.")
                    % {"number": sum(found.readable.values())}
                )
        if found.unreadable:
            raise SystemExit(1)
