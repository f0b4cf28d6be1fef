"""The annotations of a function or class, also where one names what is not there at run time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping


def annotations_of(annotated: Callable[..., object]) -> Mapping[str, object]:
    """The annotations by argument, and under "return", or by attribute; as text where they were not worked out."""
    if sys.version_info >= (3, 14):  # worked out when asked for, and may name what only a type checker sees
        from annotationlib import Format, get_annotations

        return get_annotations(annotated, format=Format.FORWARDREF)
    found: Mapping[str, object] = getattr(annotated, "__annotations__", {})
    return found
