"""Other systems that a soak or a measurement meets on the loopback: a process of ours that stands for each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from config.bootstrap import ROOT, die_with_parent

MAIL_SINK = "workflows.soak.sink"
SMS_GATEWAY = "workflows.soak.gateway"


@contextmanager
def standing(module: str, *arguments: str | Path) -> Iterator[int]:
    """The port at which `python -m module` listens in the block. It ends with the block, or with us.

    Such a module prints its port, and ends when its standard input does. Raises CommandError if it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent(),
    )
    with process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise CommandError(_("The mail sink needs aiosmtpd, which comes with requirements-dev.txt."))
        yield int(port)
