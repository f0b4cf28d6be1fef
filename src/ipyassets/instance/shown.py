"""What a body printed and displayed, to be shown again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ipyassets.engine.capture import said_of


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """What a body printed (`text`) and displayed (`displays`: MIME bundles).

    A notebook shows all of it again, in order; a terminal shows the text.
    """

    text: str
    displays: Sequence[Mapping[str, object]] = ()

    def in_order(self) -> Iterator[tuple[str, Mapping[str, object] | None]]:
        """Text, and what was displayed after it; None where that was the end."""
        at = 0
        for bundle in self.displays:
            said = said_of(bundle)
            here = self.text.find(said, at)
            if here < 0:  # beyond what is kept of a flood of text
                here, said = len(self.text), ""
            yield self.text[at:here], bundle
            at = here + len(said)
        yield self.text[at:], None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        """For hosts that show one bundle for an object: the last one displayed, over the text of everything."""
        del include, exclude
        return {**(self.displays[-1] if self.displays else {}), "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text
