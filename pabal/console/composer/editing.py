"""Changes of a message's structure: each is a word that a button of the form sends, e.g. `add:cards.0.buttons`."""

from __future__ import annotations

import copy
from typing import Any, Final

from pabal.console.composer.reading import Tree

#: What a new entry of a list, or a part that was absent, begins with.
BLANKS: Final[dict[str, Tree]] = {
    "buttons": {"kind": "WL"},
    "items": {},
    "cards": {},
    "coupon": {"kind": "won"},
    "video": {},
    "product": {},
    "intro": {},
    "more": {},
}


def change(tree: Tree, word: str) -> tuple[Tree, str]:
    """The tree after `add:<path>`, `remove:<path>`, `copy:<path>` or `move:<path>:<from>:<to>`; and the path that a
    person goes on with. Words that do not fit change nothing."""
    tree = copy.deepcopy(tree)
    verb, _, rest = word.partition(":")
    try:
        match verb:
            case "add":
                return tree, _add(tree, rest)
            case "remove":
                return tree, _remove(tree, rest)
            case "copy":
                return tree, _copy(tree, rest)
            case "move":
                path, old, new = rest.rsplit(":", 2)
                return tree, _move(tree, path, int(old), int(new))
    except (KeyError, IndexError, ValueError, TypeError):
        pass
    return tree, ""


def at(tree: Tree, path: str) -> Any:
    """What stands at a path of the tree. Raises KeyError, IndexError, ValueError."""
    here: Any = tree
    for step in path.split(".") if path else []:
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here


def _parent(tree: Tree, path: str) -> tuple[Any, str]:
    above, _, leaf = path.rpartition(".")
    return at(tree, above), leaf


def _add(tree: Tree, path: str) -> str:
    parent, leaf = _parent(tree, path)
    blank = copy.deepcopy(BLANKS[leaf])
    if leaf in ("buttons", "items", "cards"):
        if leaf == "cards" and path == "cards" and tree.get("layout") == "carousel_commerce":
            blank["product"] = {}
        entries = parent.setdefault(leaf, [])
        entries.append(blank)
        return f"{path}.{len(entries) - 1}"
    parent[leaf] = blank
    return path


def _remove(tree: Tree, path: str) -> str:
    parent, leaf = _parent(tree, path)
    if isinstance(parent, list):
        del parent[int(leaf)]
        above = path.rpartition(".")[0]
        return f"{above}.{min(int(leaf), len(parent) - 1)}" if parent else above
    del parent[leaf]
    return path


def _copy(tree: Tree, path: str) -> str:
    parent, leaf = _parent(tree, path)
    parent.insert(int(leaf) + 1, copy.deepcopy(parent[int(leaf)]))
    return f"{path.rpartition('.')[0]}.{int(leaf) + 1}"


def _move(tree: Tree, path: str, old: int, new: int) -> str:
    entries = at(tree, path)
    if not (0 <= old < len(entries) and 0 <= new < len(entries)):
        return f"{path}.{old}"
    entries.insert(new, entries.pop(old))
    return f"{path}.{new}"
