"""Finds the names of the results that an output holds, so that a later plan leaves them theirs."""

import re
from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import replace

from tasks.planning.listing import Listing
from tasks.planning.names import folded, full_name, stem
from tasks.planning.naming import Finished, SharedInProduct
from tasks.records.sidecar import Sidecar, load_sidecars
from tasks.storage import Storage

_IN_FULL = re.compile(r"(.+?~[0-9a-f]{12})(?:--.*)?", re.DOTALL)
"""A name in full, and what a comparison may add to it."""


def finished_names(output: Storage, contents: Listing, styles: Listing, backbones: Collection[str]) -> Finished:
    """The names in an output that decide what pairs are called: those of results, and of inputs that lie there.

    The folders of the backbones are listed. Sidecars are read only under names that several of the pictures share, or
    may share with pictures that are out of reach.

    Raises:
        StorageError: a folder cannot be listed.
    """
    results = _names_of_results(output, contents, styles, backbones)
    inputs = dict(_names_of_inputs(output, (contents, styles), backbones))
    return replace(results, owners={**results.owners, **inputs})


def _names_of_inputs(
    output: Storage, sides: Iterable[Listing], backbones: Iterable[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """The names of the inputs that lie where results are written: no result is written over them."""
    folders = [output.uri(name) for name in backbones]
    keys = (key for side in sides if side.uri in folders for key in side.all_keys() if "/" not in key)
    return ((folded(stem(key)), frozenset({key})) for key in keys)


def _names_of_results(output: Storage, contents: Listing, styles: Listing, backbones: Collection[str]) -> Finished:
    if not (keys := list(_sidecar_keys(output, backbones))):
        return Finished()
    shared = SharedInProduct(list(contents.all_keys()), list(styles.all_keys()))
    may_share_all = bool(contents.out_of_reach or styles.out_of_reach)
    in_full: set[str] = set()
    doubtful: list[tuple[str, str]] = []
    for key in keys:
        name = stem(key)
        if match := _IN_FULL.fullmatch(name):
            in_full.add(match[1])
        elif may_share_all or not shared.is_empty:
            doubtful += ((base, key) for base in _bases(name) if may_share_all or shared.includes_name(base))
    return Finished(in_full=frozenset(in_full), owners=_owners(output, doubtful, contents, styles))


def _sidecar_keys(output: Storage, backbones: Iterable[str]) -> Iterator[str]:
    folders = backbones if output.exists() else ()
    return (entry.key for name in folders for entry in output.list(f"{name}/") if entry.key.endswith(".json"))


def _bases(name: str) -> Iterator[str]:
    """The names of pairs that a result of that name may belong to: a comparison adds `--` and more to a pair's name."""
    yield from (name[: cut.start()] for cut in re.finditer("--", name))
    yield name


def _owners(
    output: Storage, doubtful: list[tuple[str, str]], contents: Listing, styles: Listing
) -> dict[str, frozenset[str]]:
    """Whose results these are: names in full, by the names of stems.

    Args:
        output: the output.
        doubtful: names of stems, each with the key of a sidecar.
        contents, styles: the pictures.
    """
    if not doubtful:
        return {}
    keys = frozenset(contents.all_keys()), frozenset(styles.all_keys())
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for (base, _), sidecar in zip(doubtful, load_sidecars(output, [key for _, key in doubtful]), strict=True):
        if isinstance(sidecar, Sidecar):
            content = _key(sidecar.row.content, contents.uri, keys[0])
            owners[folded(base)].add(full_name(content, _key(sidecar.row.style, styles.uri, keys[1])))
    return {base: frozenset(names) for base, names in owners.items()}


def _key(uri: str, folder: str, keys: Container[str]) -> str:
    """The key of a picture by its URI, or the URI if there is no such picture.

    Outside its folder, which may have moved, a picture is known by the longest end of its URI that is a key.
    """
    if uri.startswith(f"{folder}/"):
        return uri.removeprefix(f"{folder}/")
    parts = uri.split("/")
    return next((end for start in range(len(parts)) if (end := "/".join(parts[start:])) in keys), uri)
