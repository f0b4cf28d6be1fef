"""What a bar shows of every partition: its state and why, and of some a few words more."""

from __future__ import annotations

from ipyassets.assets.keys import AssetKey
from ipyassets.engine.facts import Facts
from ipyassets.engine.reasons import Reasons, reasons
from ipyassets.jupyter import viewmodel
from ipyassets.jupyter.labels import Json


class ShownStates:
    """The traits that tell of the states of an asset's partitions, worked out once for the same facts."""

    def __init__(self, asset_key: AssetKey) -> None:
        self._asset_key = asset_key
        self._why: Reasons | None = None
        self._traits: Json = {}
        self._told: Reasons | None = None  # what was so when the few words on each partition were written
        self._details: Json = {"details": {}}

    def look(self, facts: Facts, *, is_changing: bool) -> Json:
        """The traits as of these facts; while they change all the time, the few words are those that are still true."""
        if self._why is None or self._why.facts is not facts:
            self._why = reasons(facts, self._asset_key)
            self._traits = viewmodel.standing(self._why)
        self._keep_details_true(self._why, is_changing=is_changing)
        return {**self._traits, **self._details}

    def _keep_details_true(self, why: Reasons, *, is_changing: bool) -> None:
        told, key = self._told, self._asset_key
        if told is why:
            return
        if told is None or not is_changing or told.facts.space(key) != why.facts.space(key):
            self._told, self._details = why, viewmodel.details(why, why.facts.standing(key))
            return
        still_so = told.states == why.states
        kept = {
            index: words
            for index, words in self._details["details"].items()
            if still_so[int(index)] and told.words(int(index)) == why.words(int(index))
        }
        self._details = {"details": kept}
