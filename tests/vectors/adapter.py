"""How the vectors' questions are spelled here. It renames; every answer is the library's own."""

from adapters.base import Adapter  # type: ignore[import-not-found]  # beside this file, or beside the runner

from ipyassets.partitions.as_of import as_of, partition_loading_context
from ipyassets.partitions.defaults import infer_partition_mapping
from ipyassets.partitions.space import WholeSpace
from ipyassets.partitions.subset import PartitionsSubset


class LibraryAdapter(Adapter):  # type: ignore[misc]  # untyped, as it came
    """Replays vectors against ipyassets."""

    name = "ipyassets"
    module_name = "ipyassets"

    def at(self, now, store):
        return partition_loading_context(now, store)

    def materialize_options(self):
        return {"upstream": "none"}  # as Dagster does: nothing but the selection is made

    def close_instance(self, instance):
        instance.close()

    def infer_mapping(self, mapping, downstream, upstream):
        return infer_partition_mapping(mapping, downstream, upstream)

    def map_upstream(self, mapping, subset, downstream, upstream, now, store):
        moment = as_of(now, store)
        up = upstream.space(moment)
        if downstream is None:
            subset = PartitionsSubset.all(WholeSpace())
        mapped = mapping.upstream(subset.spans, subset.space, up)
        return up.keys(mapped.spans), mapped.missing

    def map_downstream(self, mapping, subset, upstream, downstream, now, store):
        down = downstream.space(as_of(now, store))
        return down.keys(mapping.downstream(subset.spans, subset.space, down))
