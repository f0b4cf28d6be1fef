"""A partition looked at again: its inputs and body in hand, and what it printed and displayed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ipyassets.assets.config import configured
from ipyassets.assets.context import AssetExecutionContext, Link
from ipyassets.assets.definition import AssetsDefinition
from ipyassets.asynchronous import finished
from ipyassets.engine.facts import Facts
from ipyassets.engine.failing import users_frames
from ipyassets.engine.step import Step, context_of, inputs_of
from ipyassets.engine.workshop import Means, Workshop
from ipyassets.events import Event
from ipyassets.instance.composition import Instance


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A partition's `inputs` by argument, its `context`, and the last `attempt` at it; call it to run the body.

    The body runs in this thread with prints going where prints go, and nothing is stored: its exception is raised, so
    that `%debug` lands in the failing frame. `post_mortem()` does both at once.
    """

    asset: AssetsDefinition
    context: AssetExecutionContext
    inputs: Mapping[str, Any]
    attempt: Event | None = field(repr=False)

    def __repr__(self) -> str:
        where = " ".join([str(self.asset.key), *(self.context.scope.keys or ())])
        return f"<{where} in hand, with {', '.join(self.inputs) or 'no inputs'}: call it to run the body>"

    @property
    def namespace(self) -> dict[str, Any]:
        """What the body starts with, fresh: update a notebook's variables with it to work line by line."""
        return {**self.inputs, "context": self.context}

    def __call__(self) -> Any:
        """Run the body and return what it returns."""
        with self.context.active():
            compute = self.asset.compute
            given = (self.context,) if self.asset.takes_context else ()
            return finished(compute(*given, **self.inputs))

    def post_mortem(self) -> Any:
        """Run the body; if it fails, start a debugger in the frame where it failed."""
        import pdb  # noqa: T100 - starting it is what this is for

        try:
            return self()
        except Exception as error:
            sys.last_value, sys.last_traceback = error, users_frames(error.__traceback__)
            pdb.post_mortem(sys.last_traceback)
            raise


def trial(facts: Facts, asset: AssetsDefinition, partition_key: str | None, instance: Instance) -> Trial:
    """A partition in hand, with its inputs as they are stored now."""
    index = facts.space(asset.key).index(partition_key or "")
    means = Means(
        io_manager=instance.store.io_manager,
        artifacts=instance.store.artifacts,
        standing=instance.store.standing,
        run_id="trial",
        link=Link(instance=instance),
    )
    attempt, _ = instance.event_log.last(asset.key, partition_key or "")
    if asset.config is not None:
        recorded = {"ops": {str(asset.key): attempt.config if attempt is not None else {}}}
        means = replace(means, configs={asset.key: configured(asset.config, asset.key, recorded)})
    step: Step = Workshop(facts, means).step(asset.key, [index])
    context = context_of(step)
    return Trial(asset, context, inputs_of(step, context), attempt)
