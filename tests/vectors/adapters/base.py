# ruff: noqa: B007, BLE001, C901, N818, PERF401, PLR0911, PTH118, PTH123, TRY300, UP017 - as it came with the vectors
# mypy: ignore-errors
"""Shared vector interpreter: decodes specs, dispatches ops, normalises results to plain JSON.

A library adapter only supplies `load()` (returning the module holding the public names) and, if it
differs from the public Dagster spelling, overrides the few hook methods marked HOOK below.
"""

import contextlib
import datetime as dt
import hashlib
import importlib
import os
import pickle
import shutil
import tempfile

UTC = dt.timezone.utc


class MissingName(Exception):
    """The library under test does not offer a name that the vector needs."""


class BadVector(Exception):
    """The vector itself is malformed (never the library's fault)."""


def iso(value):
    """ISO string with offset; wall clock times that do not exist are first normalised."""
    if value is None:
        return None
    if value.tzinfo is not None:
        value = value.astimezone(UTC).astimezone(value.tzinfo)
    return value.isoformat()


def parse_dt(text):
    return None if text is None else dt.datetime.fromisoformat(text)


def window(tw):
    return None if tw is None else {"start": iso(tw.start), "end": iso(tw.end)}


def digest(keys):
    joined = "\n".join(keys).encode()
    return {
        "count": len(keys),
        "head": keys[:3],
        "tail": keys[-3:],
        "sha256": hashlib.sha256(joined).hexdigest(),
    }


def relax(value):
    """Forget the class names of exceptions recorded inside step results."""
    if isinstance(value, list):
        return [relax(v) for v in value]
    if isinstance(value, dict) and value.get("raises") is True:
        return {k: v for k, v in value.items() if k != "exception"}
    return value


class Adapter:
    name = "?"
    exact_exceptions = False  # compare exception class names too?

    # ---------------------------------------------------------------- HOOKs
    module_name = None

    def load(self):
        """HOOK: import the library; raise MissingName if that is impossible."""
        try:
            return importlib.import_module(self.module_name)
        except ImportError as e:
            raise MissingName(f"cannot import {self.module_name}: {e}") from None

    def at(self, now, store):
        """HOOK: context manager fixing 'now' and the dynamic partition store."""
        if now is None and store is None:
            return contextlib.nullcontext()
        return self.need("partition_loading_context")(effective_dt=now, dynamic_partitions_store=store)

    def reset(self):
        """HOOK: called before each vector (forget caches that outlive one)."""

    def frozen(self, now):
        """HOOK: context manager fixing 'now' for materialize()."""
        return self.at(now, None)

    def materialize_options(self):
        """HOOK: further keyword arguments for materialize() (say, to keep it quiet)."""
        return {}

    def new_instance(self):
        """HOOK: a fresh in-memory instance, holding dynamic partitions."""
        return self.attr(self.need("DagsterInstance"), "ephemeral")()

    def close_instance(self, instance):
        """HOOK: dispose of it."""
        getattr(instance, "dispose", lambda: None)()

    def subset(self, partitions_def, keys):
        """HOOK: the library's notion of a set of partitions of one definition."""
        return self.attr(partitions_def, "subset_with_partition_keys")(keys)

    def infer_mapping(self, mapping, downstream, upstream):
        """HOOK: the mapping that applies (the default one where mapping is None)."""
        return self.need("infer_partition_mapping")(mapping, downstream, upstream)

    def map_upstream(self, mapping, subset, downstream, upstream, now, store):
        """HOOK: -> (upstream keys, required but nonexistent keys)."""
        result = self.attr(mapping, "get_upstream_mapped_partitions_result_for_partitions")(
            downstream_partitions_subset=subset,
            downstream_partitions_def=downstream,
            upstream_partitions_def=upstream,
            current_time=now,
            dynamic_partitions_store=store,
        )
        keys = self.attr(self.attr(result, "partitions_subset"), "get_partition_keys")()
        return keys, self.attr(result, "required_but_nonexistent_partition_keys")

    def map_downstream(self, mapping, subset, upstream, downstream, now, store):
        """HOOK: -> downstream keys."""
        result = self.attr(mapping, "get_downstream_partitions_for_partitions")(
            upstream_partitions_subset=subset,
            upstream_partitions_def=upstream,
            downstream_partitions_def=downstream,
            current_time=now,
            dynamic_partitions_store=store,
        )
        return self.attr(result, "get_partition_keys")()

    # ------------------------------------------------------------- plumbing
    _lib = None

    @property
    def lib(self):
        if self._lib is None:
            self._lib = self.load()
        return self._lib

    def need(self, name):
        try:
            return getattr(self.lib, name)
        except AttributeError:
            raise MissingName(f"{self.name} has no {name}") from None

    def attr(self, obj, name):
        try:
            return getattr(obj, name)
        except AttributeError:
            raise MissingName(f"{type(obj).__name__} has no {name}") from None

    def build(self, spec):
        """Decode a JSON spec into live objects."""
        if isinstance(spec, list):
            return [self.build(s) for s in spec]
        if isinstance(spec, dict):
            if "$datetime" in spec:
                return dt.datetime.fromisoformat(spec["$datetime"])
            if "$date" in spec:
                return dt.date.fromisoformat(spec["$date"])
            if "type" in spec and "args" in spec:
                cls = self.need(spec["type"])
                return cls(*self.build(spec.get("pos", [])), **self.build(spec["args"]))
            return {k: self.build(v) for k, v in spec.items()}
        return spec

    def make_store(self, contents):
        if contents is None:
            return None
        instance = self.new_instance()
        for name, keys in contents.items():
            self.attr(instance, "add_dynamic_partitions")(name, list(keys))
        return instance

    def run(self, vector):
        """-> {"value": ...} | {"raises": True, "exception": name} | {"missing": why}."""
        call = vector["call"]
        op = getattr(self, "op_" + call["op"], None)
        if op is None:
            raise BadVector(f"unknown op {call['op']}")
        store = None
        self.reset()
        try:
            store = self.make_store(vector["construct"].get("store"))
            now = parse_dt(call.get("current_time"))
            with self.at(now, store):
                value = op(vector["construct"], call, now, store)
            return {"value": value}
        except (MissingName, NotImplementedError) as e:
            return {"missing": f"{type(e).__name__}: {e}"}
        except BadVector:
            raise
        except Exception as e:
            return {"raises": True, "exception": type(e).__name__, "message": str(e)[:300]}
        finally:
            if store is not None:
                self.close_instance(store)

    def matches(self, expect, got):
        """Does the outcome agree with the recorded one?"""
        if "missing" in got:
            return False
        if expect.get("raises"):
            if not got.get("raises"):
                return False
            name, want = got["exception"], expect["exception"]
            if self.exact_exceptions:
                return name == want
            if name in ("AttributeError", "NameError", "UnboundLocalError", "RecursionError"):
                return name == want  # an accident, not a validation
            if name == "TypeError" and want != "TypeError":
                return not any(s in got["message"] for s in ("unexpected keyword", "positional argument"))
            return True
        if "value" not in got or "value" not in expect:
            return False
        if self.exact_exceptions:
            return got["value"] == expect["value"]
        return relax(got["value"]) == relax(expect["value"])

    # ------------------------------------------------- ops on one definition
    def _def(self, construct):
        return self.build(construct["def"])

    def keys(self, d, now, store):
        got = self.attr(d, "get_partition_keys")(current_time=now, dynamic_partitions_store=store)
        return [str(k) for k in got]

    def op_partition_keys(self, c, call, now, store):
        return self.keys(self._def(c), now, store)

    def op_partition_keys_digest(self, c, call, now, store):
        return digest(self.keys(self._def(c), now, store))

    def _plain(self, key):
        return None if key is None else str(key)

    def op_first_key(self, c, call, now, store):
        return self._plain(self.attr(self._def(c), "get_first_partition_key")())

    def op_last_key(self, c, call, now, store):
        return self._plain(self.attr(self._def(c), "get_last_partition_key")())

    def op_next_key(self, c, call, now, store):
        return self._plain(self.attr(self._def(c), "get_next_partition_key")(call["key"]))

    def op_num_partitions(self, c, call, now, store):
        return self.attr(self._def(c), "get_num_partitions")()

    def op_has_key(self, c, call, now, store):
        return bool(self.attr(self._def(c), "has_partition_key")(self.build(call["key"])))

    def op_time_window(self, c, call, now, store):
        return window(self.attr(self._def(c), "time_window_for_partition_key")(call["key"]))

    def op_first_window(self, c, call, now, store):
        return window(self.attr(self._def(c), "get_first_partition_window")())

    def op_last_window(self, c, call, now, store):
        return window(self.attr(self._def(c), "get_last_partition_window")())

    def op_next_window(self, c, call, now, store):
        f = self.attr(self._def(c), "get_next_partition_window")
        return window(f(parse_dt(call["dt"]), respect_bounds=call["respect_bounds"]))

    def op_prev_window(self, c, call, now, store):
        f = self.attr(self._def(c), "get_prev_partition_window")
        return window(f(parse_dt(call["dt"]), respect_bounds=call["respect_bounds"]))

    def op_keys_in_range(self, c, call, now, store):
        rng = self.need("PartitionKeyRange")(start=call["start"], end=call["end"])
        return [str(k) for k in self.attr(self._def(c), "get_partition_keys_in_range")(rng)]

    def op_keys_in_window(self, c, call, now, store):
        tw = self.need("TimeWindow")(parse_dt(call["start"]), parse_dt(call["end"]))
        return list(self.attr(self._def(c), "get_partition_keys_in_time_window")(tw))

    def op_key_for_timestamp(self, c, call, now, store):
        f = self.attr(self._def(c), "get_partition_key_for_timestamp")
        return f(parse_dt(call["timestamp"]).timestamp(), end_closed=call["end_closed"])

    def op_get_key(self, c, call, now, store):
        return self.attr(self._def(c), "get_partition_key")(self.build(call["value"]))

    def op_subset_at_times(self, c, call, now, store):
        """The same keys made into a subset at several moments, in one process, in that order."""
        d, out = self._def(c), []
        for text in call["times"]:
            with self.at(parse_dt(text), store):
                subset = self.subset(d, call["keys"])
                out.append(sorted(map(str, self.attr(subset, "get_partition_keys")())))
        return out

    def op_attributes(self, c, call, now, store):
        d, out = self._def(c), {}
        for name in call["names"]:
            v = self.attr(d, name)
            v = iso(v) if isinstance(v, dt.datetime) else v
            out[name] = v.value if hasattr(v, "value") else v  # enums
        return out

    def op_cron_schedule(self, c, call, now, store):
        return self.attr(self._def(c), "get_cron_schedule")(**call["args"])

    def op_equal(self, c, call, now, store):
        return bool(self._def(c) == self.build(c["other"]))

    def op_construct(self, c, call, now, store):
        """Only ever expected to raise, or to succeed (value true)."""
        self.build(c["object"])
        return True

    def op_validate_def(self, c, call, now, store):
        """What attaching the definition to an asset checks."""
        self.attr(self._def(c), "validate_partition_definition")()
        return True

    # ------------------------------------------------------------ multi ops
    def op_multi_key(self, c, call, now, store):
        k = self.need("MultiPartitionKey")(call["keys_by_dimension"])
        back = pickle.loads(pickle.dumps(k))
        return {
            "key": str(k),
            "keys_by_dimension": dict(self.attr(k, "keys_by_dimension")),
            "is_str": isinstance(k, str),
            "equals_plain_str": k == str(k),
            "pickle_round_trip": dict(self.attr(back, "keys_by_dimension")),
        }

    def op_multi_dimensions(self, c, call, now, store):
        """Every key of the definition, as keys_by_dimension."""
        keys = self.attr(self._def(c), "get_partition_keys")(current_time=now, dynamic_partitions_store=store)
        return [dict(self.attr(k, "keys_by_dimension")) for k in keys]

    def op_multi_from_str(self, c, call, now, store):
        k = self.attr(self._def(c), "get_partition_key_from_str")(call["key"])
        return {"key": str(k), "keys_by_dimension": dict(self.attr(k, "keys_by_dimension"))}

    def op_multi_with_dimension_value(self, c, call, now, store):
        f = self.attr(self._def(c), "get_multipartition_keys_with_dimension_value")
        return [str(k) for k in f(call["dimension"], call["key"])]

    # ---------------------------------------------------------- mapping ops
    def _pair(self, c):
        down = self.build(c["downstream"])
        up = down if c["upstream"] == "self" else self.build(c["upstream"])
        mapping = self.build(c["mapping"])
        if mapping is None:
            mapping = self.infer_mapping(None, down, up)
        return down, up, mapping

    def op_upstream(self, c, call, now, store):
        down, up, mapping = self._pair(c)
        subset = None if call["keys"] is None else self.subset(down, call["keys"])
        keys, lost = self.map_upstream(mapping, subset, down, up, now, store)
        return {"keys": sorted(map(str, keys)), "nonexistent": sorted(map(str, lost))}

    def op_downstream(self, c, call, now, store):
        down, up, mapping = self._pair(c)
        subset = self.subset(up, call["keys"])
        return sorted(map(str, self.map_downstream(mapping, subset, up, down, now, store)))

    def op_default_mapping(self, c, call, now, store):
        return type(self._pair(c)[2]).__name__

    def op_validate_mapping(self, c, call, now, store):
        down, up, mapping = self._pair(c)
        self.attr(mapping, "validate_partition_mapping")(up, down)
        return True

    # ---------------------------------------------------------- dynamic ops
    def op_store_script(self, c, call, now, store):
        """Run steps against a fresh instance; an exception ends up in its step's result."""
        instance = self.new_instance()
        defs = {k: self.build(v) for k, v in c.get("defs", {}).items()}
        out = []
        try:
            with self.at(now, instance):
                for step in call["steps"]:
                    try:
                        out.append(self._store_step(instance, defs, now, *step))
                    except (MissingName, NotImplementedError, BadVector):
                        raise
                    except Exception as e:
                        out.append({"raises": True, "exception": type(e).__name__})
        finally:
            self.close_instance(instance)
        return out

    def _store_step(self, instance, defs, now, verb, *a):
        if verb == "add":
            self.attr(instance, "add_dynamic_partitions")(a[0], a[1])
        elif verb == "delete":
            self.attr(instance, "delete_dynamic_partition")(a[0], a[1])
        elif verb == "has":
            return bool(self.attr(instance, "has_dynamic_partition")(a[0], a[1]))
        elif verb == "list":
            return list(self.attr(instance, "get_dynamic_partitions")(a[0]))
        elif verb == "def_keys":
            return self.keys(defs[a[0]], now, instance)
        elif verb == "def_has":
            return bool(self.attr(defs[a[0]], "has_partition_key")(a[1]))
        elif verb == "def_first_last_count":
            d = defs[a[0]]
            return [
                self._plain(self.attr(d, "get_first_partition_key")()),
                self._plain(self.attr(d, "get_last_partition_key")()),
                self.attr(d, "get_num_partitions")(),
            ]
        elif verb == "def_range":
            rng = self.need("PartitionKeyRange")(start=a[1], end=a[2])
            return [str(k) for k in self.attr(defs[a[0]], "get_partition_keys_in_range")(rng)]
        else:
            raise BadVector(verb)
        return None

    # --------------------------------------------------------------- io ops
    def make_asset(self, spec, seen):
        """HOOK: one @asset from {"key","partitions_def","ins","returns"}; records what it got."""
        name = "/".join(spec["key"])

        def compute(context, **inputs):
            seen[name] = {k: self._loaded(v) for k, v in inputs.items()}
            kind = spec.get("returns", "token")
            if kind == "none":
                return None
            if kind == "dict":
                return {"who": name}
            if spec.get("partitions_def") is None:
                return name
            return f"{name}@{context.partition_key}"

        compute.__name__ = spec["key"][-1]
        if spec.get("returns") == "nothing":  # a body annotated "-> None"
            compute.__annotations__["return"] = None
        ins = {}
        for arg, i in spec.get("ins", {}).items():
            kw = {"key": self.need("AssetKey")(i["key"])}
            if i.get("mapping") is not None:
                kw["partition_mapping"] = self.build(i["mapping"])
            if i.get("metadata"):
                kw["metadata"] = i["metadata"]
            ins[arg] = self.need("AssetIn")(**kw)
        kw = {"ins": ins} if ins else {}
        kw["name"] = spec["key"][-1]
        if len(spec["key"]) > 1:
            kw["key_prefix"] = spec["key"][:-1]
        if spec.get("partitions_def") is not None:
            kw["partitions_def"] = self.build(spec["partitions_def"])
        return self.need("asset")(**kw)(compute)

    def _loaded(self, v):
        if isinstance(v, dict):
            return {"dict": {str(k): x for k, x in sorted(v.items())}}
        return {"value": v}

    def files(self, base):
        found = {}
        for root, dirs, names in os.walk(base):
            for n in names:
                path = os.path.join(root, n)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, base).replace(os.sep, "/")] = pickle.load(f)
        return dict(sorted(found.items()))

    def op_materialize(self, c, call, now, store):
        """Materialise step by step into a temporary folder; report inputs seen and files."""
        base = tempfile.mkdtemp(prefix="vectors")
        instance = self.new_instance()
        out = []
        try:
            with self.frozen(now):
                for step in call["steps"]:
                    out.append(self._io_step(c, step, base, instance))
        finally:
            self.close_instance(instance)
            shutil.rmtree(base, ignore_errors=True)
        return out

    def _io_step(self, c, step, base, instance):
        if "add_dynamic" in step:
            name, keys = step["add_dynamic"]
            self.attr(instance, "add_dynamic_partitions")(name, keys)
            return None
        seen = {}
        try:
            assets = [self.make_asset(c["assets"][a], seen) for a in step["assets"]]
            chosen = [assets[step["assets"].index(a)] for a in step["select"]]
            kw = {"resources": {"io_manager": self.need("FilesystemIOManager")(base_dir=base)}}
            if step.get("partition_key") is not None:
                kw["partition_key"] = self.build(step["partition_key"])
            kw.update(self.materialize_options())
            ok = self.need("materialize")(assets, selection=chosen, instance=instance, **kw).success
        except (MissingName, NotImplementedError, BadVector):
            raise
        except Exception as e:
            return {"raises": True, "exception": type(e).__name__, "files": self.files(base)}
        return {"success": bool(ok), "inputs": seen, "files": self.files(base)}
