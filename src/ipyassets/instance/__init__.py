"""The composition root: where values and log are kept, what runs, and the functions that a script calls.

A package, because one module would pass the budget of 300 lines: `composition` holds Instance itself, `runs` what is
going on, `statebook` what is recorded, `store` where values are, `launch` materialize, `reading` and `tables` what is
shown of it, `upkeep` what can be done to it.
"""

from ipyassets.instance.composition import Instance
from ipyassets.instance.current import current_instance, use_instance
from ipyassets.instance.definitions import Definitions

DagsterInstance = Instance  # so that code moves

__all__ = ["DagsterInstance", "Definitions", "Instance", "current_instance", "use_instance"]
