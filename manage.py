#!/usr/bin/env python3
# -*- coding: utf-8 -*-
"""The one entry: `python3 manage.py run`, `python3 manage.py test`, or any Django command.

This file must parse on any Python, back to 2.7, so that an old one can say what is needed.
"""

from __future__ import unicode_literals

import os
import sys

ROOT = os.path.dirname(os.path.realpath(__file__))
NEEDED = (3, 11)


def too_old(version):
    """The sentence for a Python that is too old (given its version tuple), or None."""
    if tuple(version[:2]) >= NEEDED:
        return None
    return (
        "需要 Python %d.%d 或更高版本，当前是 %d.%d：请安装新版本，并用它运行本命令"
        "（例如 python3.11 manage.py run）。" % (NEEDED + tuple(version[:2]))
    )


def main():
    sentence = too_old(sys.version_info)
    if sentence:
        stream = getattr(sys.stderr, "buffer", sys.stderr)
        stream.write((sentence + "\n").encode("utf-8"))
        return 2
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    from config import bootstrap

    return bootstrap.main(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
