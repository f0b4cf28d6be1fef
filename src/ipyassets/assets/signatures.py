"""The arguments of a body, also where an annotation names what is not there at run time."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable


def signature_of(compute: Callable[..., object]) -> inspect.Signature:
    """The arguments of a function."""
    if sys.version_info >= (3, 14):  # as in ipyassets.partitions.annotations
        from annotationlib import Format

        return inspect.signature(compute, annotation_format=Format.FORWARDREF)
    return inspect.signature(compute)


def name_of(annotation: object) -> str:
    """What an annotation is called, whether it was worked out, is a text, or refers to what is not there."""
    if isinstance(annotation, str):
        return annotation
    return str(getattr(annotation, "__forward_arg__", None) or getattr(annotation, "__name__", ""))
