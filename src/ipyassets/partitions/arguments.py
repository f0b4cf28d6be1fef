"""What arguments are checked for: each function returns its argument, or raises InvalidArgumentError naming it."""

from __future__ import annotations

from collections.abc import Collection

from ipyassets.errors import InvalidArgumentError


def whole_number(name: str, value: object, least: int | None = None) -> int:
    """A whole number, from `least` on."""
    if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
        bound = "" if least is None else f" from {least}"
        raise InvalidArgumentError(f"{name} must be a whole number{bound}, not {value!r}")
    return value


def name_of(what: str, value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(f"{what} must be a text that is not empty, not {value!r}")
    return value


def texts(name: str, value: object) -> tuple[str, ...]:
    """Several texts; a single text is not taken for its letters."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        raise InvalidArgumentError(f"{name} must be a list of texts, not {value!r}")
    for each in value:
        if not isinstance(each, str):
            raise InvalidArgumentError(f"{name} must be a list of texts, but {each!r} is none")
    return tuple(value)
