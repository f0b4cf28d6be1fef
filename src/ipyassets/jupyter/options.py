"""What the magics take, and the help page of each."""

from __future__ import annotations

import argparse
from inspect import cleandoc

from IPython.core.magic_arguments import MagicArgumentParser

from ipyassets.engine.plan import MODES

ON_ERROR = ("continue", "trim", "stop")


def _asset() -> MagicArgumentParser:
    parser = _parser(
        "%%asset NAME [options]",
        r"""
        Make an asset of this cell; nothing runs yet.

        The body runs once for each partition, and its last expression is the value that is stored. Names in
        it that are assets become inputs; `context` and `partition_key` are at hand. Shell commands and `%time`
        read what the body reads; %timeit and %prun, which do not, are refused. A heading that ends with a \
        goes on in the next line.

            %%asset delays --partitions days
            late = flights[flights.dep_delay > 15]
            late.groupby("origin").dep_delay.mean()
        """,
    )
    add = parser.add_argument
    add(
        "names",
        metavar="NAME",
        nargs="*",
        help="what the asset and its variable are called; a/b is key a/b, variable b",
    )
    add("--partitions", metavar="EXPR", help="its partitions definition")
    add("--deps", metavar="A,B", help="other assets it needs; or AssetDep(A, partition_mapping=...)")
    add("--description", metavar="TEXT", help="what it is; else the body's docstring")
    add("--code-version", metavar="TEXT", help="counts instead of the hash of the body")
    add("--group", metavar="NAME", help="the group it belongs to")
    add("--metadata", metavar="EXPR", help="a dict of facts about it")
    add("--with", dest="keywords", metavar="NAME=EXPR", action="append", default=[], help="another argument of @asset")
    return parser


def _materialize() -> MagicArgumentParser:
    parser = _parser(
        "%materialize ASSET ... [PARTITIONS] [options]",
        """
        Make partitions of assets here and now, and wait for them.

        Upstream partitions that are missing are made first. Without a selection, what is not fresh is made;
        `all` makes everything again. A body that fails makes the cell fail, so that %debug lands in it.
        Interrupt to cancel: what is finished stays.

            %materialize delays [2013-01-01...2013-01-31], 2013-02-14
        """,
    )
    add = parser.add_argument
    add("words", metavar="ASSET", nargs="*", help="assets, then partitions: a key, [a...b], 2013-02-*, missing, failed")
    add("--upstream", choices=MODES, default="missing", help="which upstream partitions run too (missing)")
    add("--on-error", choices=ON_ERROR, default="continue", help="what else runs after a failure (continue)")
    add("--dry-run", action="store_true", help="show what would run, and run nothing")
    add("--max-workers", metavar="N", type=int, help="run N bodies at a time, in threads")
    add("--executor", metavar="EXPR", help="threads, processes, or any concurrent.futures executor")
    add("--config", metavar="EXPR", help="values for bodies that take a config: {'ops': {'delays': {'above': 15}}}")
    add("--resources", metavar="EXPR", help="a dict of what bodies find in context.resources")
    add("--tags", metavar="EXPR", help="a dict of texts that are recorded with each partition")
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """A page that begins with what is typed."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=110)

    def add_usage(self, usage: str | None, actions: object, groups: object, prefix: str | None = None) -> None:
        """One line with what can be typed."""
        del prefix, actions, groups
        self.add_text(usage)


def _parser(usage: str, description: str) -> MagicArgumentParser:
    parser = MagicArgumentParser(usage.partition(" ")[0], usage, cleandoc(description), formatter_class=_Help)
    parser.color = False  # type: ignore[attr-defined]  # Python 3.14 would colour the page
    parser.add_argument("-h", "--help", action="store_true", help="show this page")
    return parser


ASSET = _asset()
MATERIALIZE = _materialize()
