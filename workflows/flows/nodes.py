"""The few kinds of nodes our flows are drawn with.

One viewflow task per open step, with any number of assignments below it. viewflow says which steps
are open; `workflows.advance` makes a step's assignments when it opens, and executes it when they are
through. Every flow locks its run: without it two branches ending at once leave a run hanging.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from viewflow.workflow import flow
from viewflow.workflow.activation import Activation
from viewflow.workflow.base import Edge
from viewflow.workflow.lock import SelectForUpdateLock
from viewflow.workflow.nodes.split import SplitActivation
from viewflow.workflow.token import Token

LOCK = SelectForUpdateLock(nowait=False, attempts=1)
STEP = "STEP"

# When a step is through; the tests are in `workflows.advance`.
SETTLED = "settled"  # every assignment below it is accepted, closed or cancelled, and no period is to come
PERIOD = "period"  # the same in a run of one period, once that has made any
SUBMITTED = "submitted"  # every one is at least handed in
VERDICT = "verdict"  # the consolidation is accepted; a returned one is corrected meanwhile
CHECKED = "checked"  # the receiver named by `unit` has recorded its form check
SITES = "sites"  # the runs of the county's sites are through, and its roster is accepted
STANDING = "standing"  # nothing more can come, and what came is settled


class Step(flow.Handle):
    """A step people work on. `releases` names a step whose waiting period its end brings forward."""

    task_type = STEP
    shape = {
        "width": 150,
        "height": 60,
        "text-align": "middle",
        "svg": '<rect class="task" width="150" height="60" rx="5" ry="5"/>',
    }
    bpmn_element = "userTask"

    def __init__(
        self, closes: str, *, after: Iterable[str] = (), unit: str = "", releases: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.closes = closes
        self.after = tuple(after)
        self.unit = unit
        self.releases = releases


def step(title: str | Promise, closes: str = SETTLED, **options: Any) -> Step:
    """A step with its name in the diagram."""
    node: Step = Step(closes, **options).Annotation(title=title)
    return node


def split() -> flow.Split:
    """Branches that go on side by side."""
    return flow.Split().Annotation(title=_("side by side"))


def join() -> flow.Join:
    """Where all branches are waited for."""
    return flow.Join().Annotation(title=_("all through"))


class ForEachActivation(SplitActivation):
    """Opens one branch per item; the item is the branch's `task.data`."""

    @Activation.status.super()
    def activate(self) -> None:
        self.items = list(self.flow_task.items(self))

    @Activation.status.super()
    def create_next(self) -> Iterable[Activation]:
        tokens = Token.split_token_source(self.task.token, self.task.pk)
        for node, _case, _source in self.flow_task._branches:
            for item in self.items:
                yield node._create(prev_activation=self, token=next(tokens), data=item)


class ForEach(flow.Split):
    """A split into as many branches as there are items, where branches really differ."""

    activation_class = ForEachActivation

    def __init__(self, items: Callable[[Activation], Iterable[dict[str, Any]]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.items = items


class Question(flow.If):
    """A gateway whose two ways out carry their names in the diagram."""

    def __init__(self, cond: Callable[[Activation], bool], *, yes: str | Promise, no: str | Promise) -> None:
        super().__init__(cond)
        self._labels = yes, no
        self.Annotation(title=_("question"))

    def _outgoing(self) -> Iterator[Edge]:
        yes, no = self._labels
        yield Edge(src=self, dst=self._on_true, edge_class="cond_true", label=yes)
        yield Edge(src=self, dst=self._on_false, edge_class="cond_false", label=no)


def begin(activation: Activation, *, subject: Any) -> Any:
    """The body of every start: the run is about `subject` (a measure, a filing, a plan)."""
    activation.process.artifact = subject
    return activation.process


def same_branch(activation: Activation) -> dict[str, Any]:
    """Hand the branch's item on to the next node of the branch."""
    return {name: value for name, value in activation.task.data.items() if name == "unit"}
