"""What bodies displayed, shown again whole only if it was displayed in a run of the user who looks.

A log may come from anywhere, and HTML or JavaScript in it would run in the page of whoever looks at an output. So each
MIME bundle is sealed with the user's key when it is recorded. Of one without a seal of that key, what is read are the
kinds that are only looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ipyassets.errors import IpyassetsError
from ipyassets.events import Event
from ipyassets.storage.event_rows import bundle_text
from ipyassets.storage.signature import Signer

# Kept in the bundle itself, so that it goes wherever the bundle goes.
SEAL = "application/vnd.ipyassets.seal"
# SVG is not among them: it may hold scripts.
ONLY_LOOKED_AT = frozenset({"text/plain", "image/png", "image/jpeg", "image/gif", "image/webp"})

Bundle = Mapping[str, object]
Key = Callable[[], Signer]


def sealed(events: Sequence[Event], key: Key | None) -> Sequence[Event]:
    """Events to be recorded; as they are where there is no key to seal what was displayed."""
    return events if key is None else [_with_displays(event, _sealed, key) for event in events]


def vouched(events: Sequence[Event], key: Key | None) -> list[Event]:
    """Events that were recorded, without seals, and without what may only be shown if the user's own run displayed it.

    Where there is no key, they are as they were recorded.
    """
    return list(events) if key is None else [_with_displays(event, _vouched, key) for event in events]


def _with_displays(event: Event, changed: Callable[[Bundle, Key], Bundle], key: Key) -> Event:
    return replace(event, displays=tuple(changed(each, key) for each in event.displays)) if event.displays else event


def _sealed(bundle: Bundle, key: Key) -> Bundle:
    told = _without_seal(bundle)
    if told.keys() <= ONLY_LOOKED_AT:
        return told
    try:
        return {**told, SEAL: key().seal_of(bundle_text(told))}
    except IpyassetsError:
        return told


def _vouched(bundle: Bundle, key: Key) -> Bundle:
    told = _without_seal(bundle)
    if told.keys() <= ONLY_LOOKED_AT or _is_own(told, bundle.get(SEAL), key):
        return told
    return {kind: content for kind, content in told.items() if kind in ONLY_LOOKED_AT}


def _without_seal(bundle: Bundle) -> Bundle:
    return {kind: content for kind, content in bundle.items() if kind != SEAL}


def _is_own(bundle: Bundle, seal: object, key: Key) -> bool:
    try:
        return isinstance(seal, str) and key().has_sealed(bundle_text(bundle), seal)
    except IpyassetsError:
        return False
