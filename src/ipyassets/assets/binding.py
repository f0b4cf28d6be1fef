"""The seam by which an asset answers for what is stored of it.

Assets are pure, so they cannot know where values are kept. The package says once, with `bind`, who does: this is loaded
with it, and so loads nothing itself.
"""

TYPE_CHECKING = False  # as in the package itself

if TYPE_CHECKING:
    from collections.abc import Callable

    from ipyassets.assets.definition import AssetsDefinition
    from ipyassets.assets.stored import StoredPartitions


class _Binding:
    """The one answer in force."""

    answer: "Callable[[AssetsDefinition], StoredPartitions]"


def bind(answer: "Callable[[AssetsDefinition], StoredPartitions]") -> None:
    """Say who answers for stored partitions; called by the package itself, and by nobody else."""
    _Binding.answer = staticmethod(answer)


def stored(asset: "AssetsDefinition") -> "StoredPartitions":
    """What is stored of an asset, according to who was bound."""
    return _Binding.answer(asset)
