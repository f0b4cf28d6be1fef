from __future__ import annotations

import random
import sys
import unicodedata
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ipyassets.assets.keys import AssetKey
from ipyassets.storage.paths import are_plain, escaped, original, owner, partition_path

ROOT = PurePosixPath("/root/storage")
TEXTS = st.text(min_size=1, max_size=40)
# The bar joins dimensions, so it is in the key of several dimensions, and nowhere else.
KEYS = st.one_of(st.just(""), TEXTS)
ASSETS = st.lists(TEXTS, min_size=1, max_size=3).map(AssetKey)


def address(asset: AssetKey | str, key: str | None, *, portable: bool = False) -> str:
    path = partition_path(ROOT, AssetKey(asset) if isinstance(asset, str) else asset, key, portable=portable)
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    ("asset", "key", "expected"),
    [
        ("flights", "2013-01-01", "flights/2013-01-01"),
        ("mp", "red|2024-01-01", "mp/red/2024-01-01"),
        ("hourly", "2024-01-01-05:00", "hourly/2024-01-01-05:00"),
        ("hourly", "2024-11-03T01:00:00-0400", "hourly/2024-11-03T01:00:00-0400"),
        ("origins", "2013-01-01|EWR", "origins/2013-01-01/EWR"),
        ("summary", None, "summary"),
        ("cities", "São Paulo", "cities/São Paulo"),
        ("data.csv", "v1.0", "data.csv/v1.0"),
    ],
)
def test_a_plain_key_has_the_plain_path_of_dagster(asset, key, expected):
    assert address(asset, key) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("/a", "%2Fa"),
        ("%2Fa", "%252Fa"),
        ("x/y", "x%2Fy"),
        ("back\\slash", "back%5Cslash"),
        ("new\nline", "new%0Aline"),
        ("half \ud800", "half %ED%A0%80"),
        ("e\u0301", "e%CC%81"),
        ("\u202etxt", "%E2%80%AEtxt"),
    ],
)
def test_what_a_file_name_should_not_hold_is_escaped(key, expected):
    assert address("x", key) == f"x/{expected}"


@pytest.mark.parametrize(
    ("key", "plain", "portable"),
    [
        ("nul", "nul", "%6Eul"),
        ("com1.txt", "com1.txt", "%63om1.txt"),
        ("com¹", "com¹", "%63om¹"),
        ("\N{LATIN SMALL LETTER DOTLESS I}", "\N{LATIN SMALL LETTER DOTLESS I}", "%C4%B1"),
        ("ends with a dot.", "ends with a dot.", "ends with a dot%2E"),
        ("trail ", "trail ", "trail%20"),
        ("a:b?", "a:b?", "a%3Ab%3F"),
        ('"<*>"', '"<*>"', "%22%3C%2A%3E%22"),
    ],
)
def test_what_only_some_file_systems_refuse_is_escaped_there(key, plain, portable):
    assert address("x", key) == f"x/{plain}"
    assert address("x", key, portable=True) == f"x/{portable}"


def test_the_parts_of_an_asset_key_are_folders():
    assert address(AssetKey(["p1", "p2", "a"]), "2013-01-01") == "p1/p2/a/2013-01-01"
    assert address(AssetKey(["a/b", "c"]), None) == "a%2Fb/c"


def test_dimensions_that_are_written_alike_are_apart():
    assert address("m", "p/q|r") == "m/p%2Fq/r"
    assert address("m", "p|q/r") == "m/p/q%2Fr"


def test_a_long_key_keeps_its_beginning_and_a_hash_of_all_of_it():
    one, other = address("x", "a" * 299 + "b"), address("x", "a" * 299 + "c")
    assert one != other
    assert one.startswith("x/aaaaaaaa")
    assert len(one) < 202


@cache
def hostile() -> list[str]:
    """10,000 texts of random characters from all of Unicode, and the nastiest known ones."""
    source = random.Random(20130101)
    names = [
        "con",
        "CON",
        "aux.txt",
        "a",
        "A",
        "x",
        "x/y",
        "ß",
        "ss",
        "SS",
        chr(0x17F),
        "é",
        "e\u0301",
        "İ",
        "i\u0307",
        "a" * 300,
    ]
    names += [
        "a" * 299 + "B",
        "a" * 299 + "b",
        "..",
        ".",
        "...",
        "../x",
        "/",
        "\\",
        " ",
        " a",
        "a ",
        "a.",
        "%",
        "%41",
        "%-",
    ]
    names += ["a%~b", "a%^1", "%value", "\0", "\x7f", "~", "-rf", "$HOME", "K", "\u212a"]
    for _ in range(10_000):
        names.append("".join(chr(source.randrange(sys.maxunicode + 1)) for _ in range(source.randrange(1, 60))))
    return list(dict.fromkeys(names))


@pytest.mark.parametrize("portable", [False, True])
def test_ten_thousand_hostile_keys_have_different_names_inside_the_folder(portable):
    keys = [key.replace("|", "/") for key in hostile()]
    keys = list(dict.fromkeys(keys))
    found = [address("x", key, portable=portable) for key in keys]
    assert len(set(found)) == len(keys)
    for name in found:
        folder, _, last = name.partition("/")
        assert folder == "x"
        assert "/" not in last
        assert last not in ("", ".", "..")
        assert len(last.encode()) <= 255


def test_names_of_the_portable_kind_differ_on_a_file_system_that_ignores_case_and_composition():
    found = [address("x", key, portable=True) for key in dict.fromkeys(key.replace("|", "/") for key in hostile())]
    folded = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) for name in found}
    assert len(folded) == len(found)
    assert not any(set(name) & set('<>:"|?*\\') for name in found)


@pytest.mark.parametrize("portable", [False, True])
def test_names_can_be_read_back_unless_they_were_shortened(portable):
    for key in hostile():
        name = escaped(key, portable=portable)
        assert original(name) == (None if "%~" in name else key)


@given(st.lists(st.tuples(ASSETS, KEYS), min_size=2, max_size=2, unique_by=lambda pair: (pair[0].parts, pair[1])))
def test_different_partitions_have_different_addresses_unless_one_asset_key_begins_with_the_other(pairs):
    (asset, key), (other_asset, other_key) = pairs
    shorter, longer = sorted((asset.parts, other_asset.parts), key=len)
    assume(shorter == longer or longer[: len(shorter)] != shorter)
    assert address(asset, key) != address(other_asset, other_key)


@given(ASSETS, KEYS, st.booleans())
def test_an_address_is_below_the_root_and_says_whose_it_is(asset, key, portable):
    path = PurePosixPath(address(asset, key, portable=portable))
    assert ".." not in path.parts
    assert not path.is_absolute()
    assume("%~" not in str(path))
    assert owner(path, {asset, AssetKey("another")}) == (asset, key)


def test_an_address_belongs_to_the_known_asset_with_the_longest_key():
    assets = {AssetKey("pp"), AssetKey(["pp", "q"])}
    assert owner(PurePosixPath("pp/q"), assets) == (AssetKey(["pp", "q"]), "")
    assert owner(PurePosixPath("pp/q/a/b"), assets) == (AssetKey(["pp", "q"]), "a|b")
    assert owner(PurePosixPath("pp/r/a"), assets) == (AssetKey("pp"), "r|a")


def test_an_address_of_no_known_asset_is_taken_for_that_of_a_key_of_one_part():
    assert owner(PurePosixPath("pp/q/a")) == (AssetKey("pp"), "q|a")


def test_an_address_that_is_nobodys_has_no_owner():
    for name in ("a%~0123/b", "x/%zz", "p%", "x/%FF", "%-/x", ""):
        assert owner(PurePosixPath(name)) is None


def test_a_displaced_value_belongs_to_the_partition_it_lies_in():
    assert owner(PurePosixPath("x/a/%value")) == (AssetKey("x"), "a")


@given(
    st.lists(st.one_of(TEXTS, st.sampled_from(["2013-01-01", "EWR", "con", "", "nul", "a_b"])), max_size=6),
    st.booleans(),
)
def test_texts_taken_for_plain_are_their_own_names(texts, portable):
    if are_plain(texts, portable=portable):
        assert [escaped(text, portable=portable) for text in texts] == texts


def test_ordinary_keys_are_taken_for_plain():
    assert are_plain(["2013-01-01", "2013-01-02-05:00", "EWR"])
    assert are_plain(["2013-01-01"], portable=True)
    assert not are_plain(["EWR"], portable=True)


@pytest.mark.parametrize("key", ["x", "2013-01-01", "ü", "a b", "..", "a" * 300, "%value", "con", "\u202e", "\ud800"])
def test_the_operating_system_takes_every_name(tmp_path, key):
    path = partition_path(tmp_path, AssetKey("x"), key)
    path.parent.mkdir()
    path.write_bytes(b"")
    assert [each.name for each in Path(tmp_path / "x").iterdir()] == [path.name]
