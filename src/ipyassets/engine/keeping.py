"""What becomes of a body's result: a value to store, facts without one, a skip, or an error."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ipyassets.assets.context import AssetExecutionContext
from ipyassets.assets.io_manager import OutputContext, manager_name
from ipyassets.assets.results import NO_VALUE, Failure, MaterializeResult, Output, Skip
from ipyassets.assets.scope import PartitionScope
from ipyassets.engine.body import Body
from ipyassets.errors import InvalidResultError
from ipyassets.events import Artifact, Attempt, Place, data_version
from ipyassets.interrupt import checkpoint
from ipyassets.partitions.keys import TimeWindow

Windows = Sequence[TimeWindow | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one partition ended."""

    attempt: Attempt
    artifact: Artifact | None = None
    place: Place | None = None
    data_version: int = 0
    metadata: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    error: BaseException | None = None


def outcomes(body: Body, context: AssetExecutionContext, windows: Windows, result: object) -> dict[str, Outcome]:
    """Store what a body returned, partition by partition; the error of one partition is its outcome, not raised.

    Where the step has a single partition its error is raised, so that it can be tried again.
    """
    keys = context.scope.keys
    if keys is None or not body.asset.is_batched:
        key = "" if keys is None else keys[0]
        return {key: _kept(body, context, context.scope, key, result)}
    found = {}
    for (key, value), window in zip(_by_key(body, keys, result).items(), windows, strict=True):
        scope = PartitionScope(context.scope.owner, (key,), window, context.scope.definition)
        checkpoint()  # storing many values takes its time; what is stored of them so far is dropped
        try:
            found[key] = _kept(body, context, scope, key, value)
        except Exception as error:  # noqa: BLE001 - one key's failure is not the others'
            found[key] = failed(context, key, error)
    return found


def failed(context: AssetExecutionContext, key: str, error: BaseException) -> Outcome:
    """How a partition ends whose body, or whose storing, raised: what was said of it so far is kept."""
    more = error.metadata if isinstance(error, Failure) else {}
    return Outcome(Attempt.FAILED, metadata={**_said(context, key), **more}, error=error)


def cancelled(context: AssetExecutionContext, key: str, error: BaseException) -> Outcome:
    """How a body ends that raises once its run was cancelled, whatever it raises: it was told to stop."""
    return Outcome(Attempt.CANCELLED, metadata=_said(context, key), reason=f"{type(error).__name__}: {error}")


def _said(context: AssetExecutionContext, key: str) -> dict[str, object]:
    return {**context.metadata, **context.metadata_by_key.get(key, {})}


def _by_key(body: Body, keys: tuple[str, ...], result: object) -> dict[str, object]:
    """One result for each key of a body that makes several at once."""
    _refuse_generators(body, result)
    if result is None and (body.asset.returns_nothing or not body.asset.output_required):
        return dict.fromkeys(keys)
    if isinstance(result, MaterializeResult) and result.value is NO_VALUE:
        return dict.fromkeys(keys, result)
    if not isinstance(result, Mapping):
        raise InvalidResultError(
            f"{body.asset.key} makes {len(keys)} partitions in one call and returned {type(result).__name__}: "
            "return a dict with a value for each of context.partition_keys"
        )
    known = set(keys)
    if strange := [key for key in result if key not in known]:
        raise InvalidResultError(f"{body.asset.key} returned a value for {strange[0]!r}, which it was not asked for")
    lacking = InvalidResultError(
        f"{body.asset.key} returned no value for this key: return one for each of context.partition_keys"
    )
    return {key: result.get(key, lacking) for key in keys}


def _refuse_generators(body: Body, result: object) -> None:
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise InvalidResultError(
            f"{body.asset.key} returned a generator, which cannot be stored: "
            "return a list, or remove `yield` from the body and return the value"
        )


def _kept(body: Body, context: AssetExecutionContext, scope: PartitionScope, key: str, result: object) -> Outcome:
    if isinstance(result, BaseException):
        return failed(context, key, result)
    _refuse_generators(body, result)
    said = _said(context, key)
    if isinstance(result, Skip):
        return Outcome(Attempt.SKIPPED, metadata=said, reason=result.reason)
    if result is None and not body.asset.output_required:
        return Outcome(Attempt.SKIPPED, metadata=said, reason=Skip().reason)
    value, version, tags = result, None, {}
    if isinstance(result, Output | MaterializeResult):
        value, version, tags = result.value, result.data_version, dict(result.tags or {})
        said |= result.metadata or {}
    if body.asset.returns_nothing and value is not None and value is not NO_VALUE:
        raise InvalidResultError(
            f"{body.asset.key} is annotated to return None and returned {type(value).__name__}: "
            "remove `-> None`, or return nothing"
        )
    artifact = place = None
    if not (value is NO_VALUE or (value is None and body.asset.returns_nothing)):
        artifact, reported = _stored(body, context, scope, key, value, said)
        place = None if artifact else Place(body.io_manager.kept_at, manager_name(type(body.io_manager)))
        said |= reported
    if version is None:
        # where nothing is known of the content: a version never seen before
        version = artifact.content if artifact else f"{context.run_id}\0{time.time_ns()}"
    return Outcome(Attempt.MATERIALIZED, artifact, place, data_version(key, str(version)), said, tags)


def _stored(
    body: Body,
    context: AssetExecutionContext,
    scope: PartitionScope,
    key: str,
    value: object,
    said: Mapping[str, object],
) -> tuple[Artifact | None, Mapping[str, object]]:
    output = OutputContext(
        asset_key=body.asset.key,
        scope=scope,
        metadata=body.asset.metadata,
        log=context.log,
        resources=context.resources,
        run_id=context.run_id,
        step_key=body.asset.key.to_python_identifier(),
        output_metadata=said,
    )
    body.io_manager.stage(output, value)
    artifact = output.stored.get(key)
    return artifact if isinstance(artifact, Artifact) else None, output.reported
