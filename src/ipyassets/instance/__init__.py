"""The composition root: where values and log are kept, what runs, and the functions that a script calls.

A package, because one module would pass the budget of 300 lines: `composition` holds Instance itself, `runs` what is
going on, `statebook` what is recorded, `store` where values are, `launch` materialize, `reading` and `tables` what is
shown of it.
"""

from ipyassets.instance.composition import Detail, Instance
from ipyassets.instance.current import current_instance, set_default_graph, set_default_instance, use_instance
from ipyassets.instance.definitions import Definitions
from ipyassets.instance.launch import materialize, materialize_in_background, materialize_to_memory
from ipyassets.instance.reading import Partitions, StoredAsset
from ipyassets.instance.upkeep import expire, repair, upkeep

__all__ = [
    "Definitions",
    "Detail",
    "Instance",
    "Partitions",
    "StoredAsset",
    "current_instance",
    "expire",
    "materialize",
    "materialize_in_background",
    "materialize_to_memory",
    "repair",
    "set_default_graph",
    "set_default_instance",
    "upkeep",
    "use_instance",
]
