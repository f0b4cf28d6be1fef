from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ipyassets.errors import InvalidMessageError, OutdatedDrawingError
from ipyassets.events import State
from ipyassets.jupyter.protocol import Drawing, decode, decode_selection, encode, encode_selection, parse
from ipyassets.partitions.spans import Spans

CONTRACT = Path(__file__).parent.parent / "contract"
RUN_LENGTH = json.loads((CONTRACT / "states_rle.json").read_text())
UP = json.loads((CONTRACT / "up.json").read_text())


def named(cases):
    return pytest.mark.parametrize("case", cases, ids=[case["name"] for case in cases])


def values(case):
    codes, counts = zip(*case["runs"], strict=True) if case["runs"] else ((), ())
    return np.repeat(np.array(codes, np.uint8), np.array(counts, np.int64))


def drawing(message, length):
    return Drawing("delays", message.get("fingerprint", ""), length)


def test_the_contract_numbers_the_states_as_python_does():
    assert RUN_LENGTH["states"] == {str(state): int(state) for state in State}


@named(RUN_LENGTH["encode"])
def test_values_are_written_as_the_contract_has_them(case):
    assert encode(values(case)).hex() == case["encoded"]


@named(RUN_LENGTH["encode"] + RUN_LENGTH["decode_only"])
def test_text_is_read_as_the_contract_has_it(case):
    expected = values(case)
    assert decode(bytes.fromhex(case["encoded"]), len(expected)).tolist() == expected.tolist()


@named(RUN_LENGTH["invalid"])
def test_text_that_the_contract_calls_invalid_is_refused(case):
    with pytest.raises(InvalidMessageError):
        decode(bytes.fromhex(case["encoded"]), case["length"])


@given(arrays.arrays(np.uint8, st.integers(0, 600), elements=st.integers(0, 9), fill=st.integers(0, 9)))
def test_what_is_encoded_decodes_to_the_same_and_is_never_longer_than_raw(states):
    text = encode(states)
    assert decode(text, len(states)).tolist() == states.tolist()
    assert len(text) <= len(states) + 1


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(1, 3_000_000)), max_size=8))
def test_long_runs_survive(runs):
    case = {"runs": runs}
    assert np.array_equal(decode(encode(values(case)), len(values(case))), values(case))


@given(st.binary(max_size=60), st.integers(0, 200))
def test_any_bytes_are_read_or_refused(text, length):
    with contextlib.suppress(InvalidMessageError):
        assert len(decode(text, length)) == length


def test_a_length_beyond_all_memory_is_refused_before_it_is_believed():
    with pytest.raises(InvalidMessageError, match="365"):
        decode(bytes.fromhex("0106ffffffffffffff7f"), 365)


def test_states_of_a_million_partitions_with_few_faults_are_a_few_bytes():
    states = np.full(1_000_000, State.FRESH, np.uint8)
    states[::10_000] = State.FAILED
    assert len(encode(states)) < 600


def test_a_selection_survives_and_nothing_selected_is_no_bytes():
    spans = Spans.of([(0, 31), (59, 90)])
    assert decode_selection(encode_selection(spans, 365), 365) == spans
    assert encode_selection(Spans.empty(), 365) == b""


def test_a_mask_of_states_is_refused():
    with pytest.raises(InvalidMessageError, match="value 6"):
        decode_selection(encode(np.full(31, State.FRESH, np.uint8)), 31)


@named(UP["cases"])
def test_each_message_of_the_contract_is_understood(case):
    message = case["message"]
    buffers = [memoryview(bytes.fromhex(each)) for each in case["buffers"]]
    intent = parse(message, buffers, drawing(message, case.get("length", 365)))
    assert intent.kind == message["kind"]
    if "selected" in case:
        (spans, *_) = intent.arguments
        assert isinstance(spans, Spans)
        assert len(spans) == case["selected"]
    else:
        assert list(intent.arguments) == [message[name] for name in ("text", "index", "serial") if name in message]


@named(UP["invalid"])
def test_each_message_that_the_contract_calls_invalid_is_refused(case):
    message = case["message"]
    with pytest.raises(InvalidMessageError):
        parse(message, [bytes.fromhex(each) for each in case["buffers"]], drawing(message, case.get("length", 365)))


def test_a_message_about_another_space_is_refused_by_the_name_of_the_asset():
    with pytest.raises(OutdatedDrawingError, match="the partitions of delays have changed"):
        parse({"kind": "cancel", "fingerprint": "old"}, [], Drawing("delays", "new", 365))


@pytest.mark.parametrize("index", [-1, 365, True, 3.0, None])
def test_only_a_partition_of_the_bar_can_be_described(index):
    with pytest.raises(InvalidMessageError):
        parse({"kind": "describe", "fingerprint": "d", "index": index}, [], Drawing("delays", "d", 365))


def test_an_intent_calls_the_method_of_its_kind():
    called = []

    class Target:
        def describe(self, index):
            called.append(index)

    parse({"kind": "describe", "fingerprint": "d", "index": 33}, [], Drawing("delays", "d", 365)).carry_out(Target())  # type: ignore[arg-type]  # one of its methods is enough here
    assert called == [33]
