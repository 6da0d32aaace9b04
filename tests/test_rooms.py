"""The rooms of the library: imports lead one way, from the scripts down to the ground floor."""

import ast

import pytest
from conftest import ROOT

GROUND = {"__init__", "command_line", "drawing", "files", "metrics", "plots"}
BELOW = {
    "ground": set(),
    "data": {"ground"},
    "network": {"ground", "data"},
    "page": {"ground", "data"},
    "evaluation": {"ground", "data", "network", "page"},
    "own": {"ground", "data", "network", "page", "evaluation"},
}
MODULES = sorted((ROOT / "digits").rglob("*.py"))


def room_of(module):
    """Return the room of a module's dotted name, "digits.page.ink", say."""
    _, first, *_ = [*module.split("."), "__init__"]
    return first if first in BELOW else "ground"


def imported(path):
    """Return the dotted names of what a file imports of this library, wherever it does so."""
    froms = (each for each in ast.walk(ast.parse(path.read_text())) if hasattr(each, "module"))
    names = [f"{each.module}.{name.name}" for each in froms for name in each.names]
    return [name for name in names if name.startswith("digits")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_room_imports_from_itself_and_from_the_rooms_below(path):
    own = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    assert {room_of(name) for name in imported(path)} <= BELOW[own] | {own}


def loaded_with(module):
    """Return the modules that are imported as soon as a module is."""
    path = ROOT / f"{module.replace('.', '/')}.py"
    if not path.is_file():
        return set()
    tops = [each for each in ast.parse(path.read_text()).body if hasattr(each, "module")]
    names = [f"{each.module}.{name.name}" for each in tops for name in each.names]
    names += [each.module for each in tops]
    found = {name for name in names if name.startswith("digits.")}
    return found.union({module}, *map(loaded_with, found))


def test_training_does_not_load_the_numpy_engine():
    assert "digits.network.checkpoint" in loaded_with("digits.network.training")
    assert "digits.network.numpy_network" not in loaded_with("digits.network.training")


def test_ground_floor_is_small():
    assert {path.stem for path in (ROOT / "digits").glob("*.py")} == GROUND
