"""`python -m workflows.soak --minutes 2 --seed 1 --copies 2`, in the environment that `manage.py soak` prepares.

Standard output holds the figures as JSON alone.
"""

import argparse
import json

import django

parser = argparse.ArgumentParser()
parser.add_argument("--minutes", type=float, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--copies", type=int, required=True)
options = vars(parser.parse_args())
django.setup()

from django.conf import settings  # noqa: E402 settings are read by then

from workflows.soak.conductor import Conductor  # noqa: E402

print(json.dumps(Conductor(home=settings.VAR, **options).run()), flush=True)
