"""A plan file: one work plan as data (TOML), read and checked without a database.

source.py       bytes → document: encodings, TOML's own errors
positions.py    on which line each key stands
shape.py        which keys there are and what they take
names.py        bodies, groups, sites, and how the text names them
measures.py     measures: who leads and supports, held against the list as written
steps.py        steps: owners expanded, defaults filled in, checked
dates.py        dates against the plan, each other and the words they come from
reading.py      all of it in order: `read(path)`
differences.py  where the source disagrees with itself: reported, never resolved
values.py       what comes out
problems.py     what is said when nothing does
"""

from measures.plan_file.differences import Difference, differences
from measures.plan_file.problems import PlanProblems, Problem
from measures.plan_file.reading import known_plans, read
from measures.plan_file.values import PLACEHOLDER, PlanFile

__all__ = [
    "PLACEHOLDER",
    "Difference",
    "PlanFile",
    "PlanProblems",
    "Problem",
    "differences",
    "known_plans",
    "read",
]
