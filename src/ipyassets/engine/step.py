"""One unit of work: a body run for one partition, or for several at once, and what came of it."""

from __future__ import annotations

import inspect
import itertools
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from types import SimpleNamespace

from ipyassets.assets.config import Config
from ipyassets.assets.context import AssetExecutionContext, Link
from ipyassets.assets.io_manager import InputContext, OutputContext
from ipyassets.assets.keys import AssetKey
from ipyassets.assets.metadata import plain
from ipyassets.assets.policies import RetryRequested
from ipyassets.assets.results import Failure
from ipyassets.assets.scope import PartitionScope
from ipyassets.asynchronous import finished
from ipyassets.engine.body import Body
from ipyassets.engine.capture import Output, captured
from ipyassets.engine.failing import Raised, failure_of
from ipyassets.engine.figures import figures_kept
from ipyassets.engine.keeping import Outcome, cancelled, failed, outcomes
from ipyassets.events import Artifact, Attempt, Event, InputUse
from ipyassets.interrupt import interruptible, waited
from ipyassets.partitions.keys import TimeWindow


@dataclass(frozen=True, slots=True)
class InputRead:
    """The upstream partitions that an argument stands for; `keys` is None for an upstream asset without partitions."""

    argument: str
    asset_key: AssetKey
    keys: tuple[str, ...] | None
    window: TimeWindow | None
    artifacts: Mapping[str, Artifact]
    is_gapless: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a worker is sent: a body, its partitions, and where its inputs are; frozen and picklable.

    `keys` is None for an asset without partitions. `uses` says, for each key ("" without partitions), what it is made
    from. `retry_number` counts how often these partitions were tried before, `delay` how many seconds to wait first.
    """

    body: Body
    run_id: str
    keys: tuple[str, ...] | None
    windows: tuple[TimeWindow | None, ...] = ()
    is_gapless: bool = True
    inputs: tuple[InputRead, ...] = ()
    uses: Mapping[str, tuple[InputUse, ...]] = field(default_factory=dict)
    config: Config | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    link: Link = field(default_factory=Link)
    retry_number: int = 0
    delay: float = 0.0

    @property
    def asset_key(self) -> AssetKey:
        """The asset that is made."""
        return self.body.asset.key

    @property
    def places(self) -> tuple[str, ...]:
        """The keys under which the log knows these partitions: "" stands for an asset without partitions."""
        return ("",) if self.keys is None else self.keys


@dataclass(frozen=True, slots=True)
class Retry:
    """Those of a step's partitions that are to be tried again: for the how manieth time, and after how many seconds."""

    places: tuple[str, ...]
    number: int
    delay: float


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended: one event for each of its partitions, and the first exception of those that failed for good.

    `retry` names the others that failed: one by one, while the body returned.
    """

    events: tuple[Event, ...]
    raised: Raised | None = None
    retry: Retry | None = None


def run_steps(steps: tuple[Step, ...]) -> tuple[StepResult, ...]:
    """Run steps one after another: what a worker does with a chunk of short ones."""
    return tuple(run_step(step) for step in steps)


def run_step(step: Step) -> StepResult:
    """Load the inputs, run the body, store its value, retry as the policy says; an Exception is never raised."""
    with captured() as output:
        if step.delay:
            waited(step.link.stop.wait, step.delay)
        for retry_number in itertools.count(step.retry_number):
            started = time.perf_counter()
            _warn_anew(step.body)
            context = context_of(step, retry_number)
            try:
                if retry_number:
                    context.raise_if_cancelled()
                with context.active(), figures_kept(output):
                    with interruptible():
                        returned = _called(step, context)
                    found = outcomes(step.body, context, step.windows, returned)
                return _result(step, output, found, started, retry_number)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                if not _is_tried_again(step, error, retry_number + 1):
                    ended = cancelled if step.link.stop.is_set() else failed
                    found = {place: ended(context, place, error) for place in step.places}
                    return _result(step, output, found, started, retry_number)
    raise AssertionError  # the loop above has no end but its returns


def _warn_anew(body: Body) -> None:
    """Let what was warned of before be warned of again: each partition has its own output."""
    function = inspect.unwrap(body.asset.compute)
    getattr(function, "__globals__", {}).pop("__warningregistry__", None)


def context_of(step: Step, retry_number: int = 0) -> AssetExecutionContext:
    """The context that a step's body is handed."""
    body = step.body
    return AssetExecutionContext(
        asset_key=step.asset_key,
        scope=PartitionScope(
            str(step.asset_key), step.keys, spanning(step.windows), body.asset.partitions_def, step.is_gapless
        ),
        inputs={
            each.argument: PartitionScope(
                str(each.asset_key), each.keys, each.window, body.sources[each.argument].definition, each.is_gapless
            )
            for each in step.inputs
        },
        run_id=step.run_id,
        run_tags=step.tags,
        retry_number=retry_number,
        config=step.config.as_mapping() if step.config is not None else {},
        resources=SimpleNamespace(**body.resources),
        link=step.link,
    )


def spanning(windows: Sequence[TimeWindow | None]) -> TimeWindow | None:
    """The time from the start of the first window to the end of the last; None unless they follow one another.

    Where another dimension goes on within each window, one comes several times.
    """
    if not windows or None in windows:
        return None
    timed = sorted({window for window in windows if window is not None}, key=lambda window: window.start)
    gapless = all(one.end == next_.start for one, next_ in itertools.pairwise(timed))
    return TimeWindow(timed[0].start, timed[-1].end) if gapless else None


def inputs_of(step: Step, context: AssetExecutionContext) -> dict[str, object]:
    """The arguments of a step's body but the context, loaded."""
    arguments: dict[str, object] = {each.argument: _loaded(step.body, each, context) for each in step.inputs}
    if step.config is not None:
        arguments["config"] = step.config
    return arguments


def _called(step: Step, context: AssetExecutionContext) -> object:
    arguments = inputs_of(step, context)
    compute = step.body.asset.compute
    returned = finished(compute(context, **arguments) if step.body.asset.takes_context else compute(**arguments))
    if step.link.over.is_set():
        raise CancelledError  # nobody waits for this any more, and perhaps somebody else has made it meanwhile
    return returned


def _loaded(body: Body, read: InputRead, context: AssetExecutionContext) -> object:
    source, scope = body.sources[read.argument], context.inputs[read.argument]
    wanted = InputContext(
        asset_key=read.asset_key,
        scope=scope,
        metadata=source.metadata,
        artifacts=read.artifacts,
        resources=context.resources,
        name=read.argument,
        gives_one=source.gives_one,
        upstream=OutputContext(
            asset_key=read.asset_key,
            scope=scope,
            metadata=source.upstream_metadata,
            resources=context.resources,
            run_id=context.run_id,
            step_key=read.asset_key.to_python_identifier(),
        ),
        reader=context.scope,
    )
    loaded = finished(source.io_manager.load_input(wanted))
    if wanted.reported:
        context.metadata.update({f"{read.argument}.{name}": value for name, value in wanted.reported.items()})
    return loaded


def _is_tried_again(step: Step, error: BaseException, retry_number: int) -> bool:
    """Wait for a retry, if there is to be one; whether there is."""
    if (delay := _delay(step, error, retry_number)) is None:
        return False
    return not waited(step.link.stop.wait, delay)


def _retry(step: Step, found: Mapping[str, Outcome], number: int) -> Retry | None:
    """What is to be tried again of a step, if anything."""
    failed = [(place, outcome.error) for place, outcome in found.items() if outcome.error is not None]
    delays = {place: delay for place, error in failed if (delay := _delay(step, error, number)) is not None}
    return Retry(tuple(delays), number, max(delays.values())) if delays else None


def _delay(step: Step, error: BaseException, retry_number: int) -> float | None:
    """Seconds to wait before a retry, or None if there is to be none."""
    if isinstance(error, Failure) and not error.allow_retries:
        return None
    policy = step.body.asset.retry_policy
    if isinstance(error, RetryRequested):
        if retry_number > error.max_retries:
            return None
        if error.seconds_to_wait is not None:
            return error.seconds_to_wait
        return policy.seconds_before(retry_number) if policy else 0.0
    if policy is None or retry_number > policy.max_retries or not isinstance(error, Exception):
        return None
    return policy.seconds_before(retry_number)


def _result(step: Step, output: Output, found: Mapping[str, Outcome], started: float, retries: int) -> StepResult:
    seconds = (time.perf_counter() - started) / len(found) if found else 0.0
    events = []
    for key, outcome in found.items():
        events.append(
            Event(
                attempt=outcome.attempt,
                asset_key=step.asset_key,
                partition_key=key,
                run_id=step.run_id,
                timestamp=time.time(),
                seconds=seconds,
                code_version=step.body.code_version,
                data_version=outcome.data_version,
                artifact=outcome.artifact,
                place=outcome.place,
                inputs=step.uses.get(key, ()) if outcome.attempt in (Attempt.MATERIALIZED, Attempt.SKIPPED) else (),
                metadata=plain(outcome.metadata),
                tags={**step.tags, **outcome.tags},
                reason=outcome.reason,
                failure=None if outcome.error is None else failure_of(outcome.error),
                output=output.text,
                displays=tuple(output.displays),
                config=step.config.as_mapping() if step.config is not None else {},
                retries=retries,
            )
        )
    retry = _retry(step, found, retries + 1)
    again = set(retry.places) if retry is not None else ()
    errors = (outcome.error for key, outcome in found.items() if key not in again)
    first = next((error for error in errors if error is not None), None)
    return StepResult(tuple(events), None if first is None else Raised(first), retry)
