"""The arguments and annotations of a body, also where an annotation names what is not there at run time."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping


def signature_of(compute: Callable[..., object]) -> inspect.Signature:
    """The arguments of a function."""
    if sys.version_info >= (3, 14):  # annotations are worked out when asked for, and may name what only a checker sees
        from annotationlib import Format

        return inspect.signature(compute, annotation_format=Format.FORWARDREF)
    return inspect.signature(compute)


def annotations_of(compute: Callable[..., object]) -> Mapping[str, object]:
    """The annotations of a function by argument, and under "return", or of a class; as text where not worked out."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(compute, format=Format.FORWARDREF)
    found: Mapping[str, object] = getattr(compute, "__annotations__", {})
    return found


def name_of(annotation: object) -> str:
    """What an annotation is called, whether it was worked out, is a text, or refers to what is not there."""
    if isinstance(annotation, str):
        return annotation
    return str(getattr(annotation, "__forward_arg__", None) or getattr(annotation, "__name__", ""))
