"""The run that a bar shows: one that makes partitions of its asset, wherever it was started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.progress import Progress
from ipyassets.engine.run import Run
from ipyassets.storage.live_runs import LiveRun


class ShownRun:
    """The oldest run of an asset that goes on, else the last one; `progress` is how far it was when last looked at.

    `elsewhere` is a run of another process that goes on, where none of this one does.
    """

    def __init__(self, asset_key: AssetKey) -> None:
        self.progress: Progress | None = None
        self.elsewhere: LiveRun | None = None
        self._asset_key = asset_key
        self._run: Run | None = None

    @property
    def was_going(self) -> bool:
        """Whether it went on when last looked at."""
        return self.progress is not None and self.progress.active

    @property
    def is_over(self) -> bool:
        """Whether it has ended by now; also where there never was one."""
        return self._run is None or self._run.done

    @property
    def fractions(self) -> Mapping[str, float]:
        """How far partitions that are being worked on say that they have come, by their keys."""
        if self.elsewhere is not None:
            return self.elsewhere.assets[self._asset_key].fractions
        return {} if self._run is None or self._run.done else self._run.fractions(self._asset_key)

    def show(self, run: Run) -> None:
        """Show this run from now on."""
        self._run, self.progress, self.elsewhere = run, run.progress, None

    def look(self, runs: Sequence[Run], elsewhere: Sequence[LiveRun] = ()) -> str:
        """See how far it is; why it broke down, if it did since the last look.

        `runs` are those that go on, or have ended since this was last called; `elsewhere` those of other processes.
        """
        theirs = next((run for run in elsewhere if self._asset_key in run.assets), None)
        trouble = self._look(runs)
        self.elsewhere = theirs if self.is_over else None
        return trouble

    def _look(self, runs: Sequence[Run]) -> str:
        mine = [run for run in runs if self._asset_key in run.plan.pending or self._asset_key in run.plan.held]
        if mine and self.is_over:
            self._run = next((run for run in mine if not run.done), mine[-1])
        if self._run is None:
            return ""
        was_going, is_over, self.progress = self.was_going, self.is_over, self._run.progress
        error = self._run.error
        broke_down = was_going and is_over and isinstance(error, Exception)
        return f"the run broke down: {type(error).__name__}: {error}" if broke_down else ""

    def cancel(self) -> None:
        """Stop it, in whatever process it goes on."""
        if self.elsewhere is not None:
            self.elsewhere.cancel()
        elif self._run is not None:
            self._run.cancel()
