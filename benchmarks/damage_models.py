#!/usr/bin/env python3
"""Damage model files at random, load them, and count the outcomes: some minutes.

Whatever a file holds, its network answers or it is refused in a sentence. A file with which
anything else is done, or that takes over 10 seconds or 500 MB or has a line written to stderr that
is not this program's, stays in the folder named first, and the exit status is 1.
"""

import json
import subprocess
import sys
import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path

import h5py

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # of which python -I knows neither

from damaging import HOSTILE, add_count_and_seed, damaged, read_all

from digits import UserError
from digits.command_line import PRETRAINED, Parser, run
from digits.network import checkpoint, predictor
from digits.network.model_safety import NeedsTrustError

EXAMPLES = """\
  python benchmarks/damage_models.py
  python benchmarks/damage_models.py 20000 --seed 2"""

MAKE = """
import sys
from pathlib import Path
import numpy as np
from digits.network import checkpoint
from digits.network.tensorflow_start import import_tensorflow
import_tensorflow()
import keras
from keras import layers
folder = Path(sys.argv[1])
parts = [layers.Conv2D(4, 3, strides=2, activation="relu"), layers.MaxPooling2D(),
         layers.BatchNormalization(), layers.SeparableConv2D(4, 3), layers.LeakyReLU(),
         layers.Dropout(0.2), layers.Flatten(), layers.Dense(10, activation="softmax")]
sequential = keras.Sequential([keras.Input((28, 28, 1)), *parts])
pixels = keras.Input((28, 28, 1))
values = [layers.Conv2D(2, 5, strides=3)(pixels) for _ in range(2)]
values = layers.Concatenate()([layers.Add()(values), *values])
functional = keras.Model(pixels, layers.Dense(10)(layers.GlobalAveragePooling2D()(values)))
for ending in (".h5", ".keras"):
    sequential.save(folder / f"sequential{ending}")
    functional.save(folder / f"functional{ending}")
history = {name: [0.5, 0.6] for name in ("accuracy", "loss", "val_accuracy", "val_loss")}
record = {"recipe": "fast", "epochs": 3, "batch_size": 64, "seed": 1, "seconds": 9,
          "history": history}
state = [np.ones((3, 3), np.float32), np.int64(5), np.ones(4, np.float32)]
checkpoint.save(sequential, record, state, folder / "net.unfinished.h5")
"""
WHOLE = {
    "one that ships": PRETRAINED.name,
    "sequential, .h5": "sequential.h5",
    "sequential, .keras": "sequential.keras",
    "functional, .h5": "functional.h5",
    "functional, .keras": "functional.keras",
    "unfinished": "net.unfinished.h5",
}
DESCRIBED = {"description": "sequential.h5", "of branches": "functional.h5"}
KINDS = (*WHOLE, *DESCRIBED)
NUMBERS = (*HOSTILE, -1, 10**9, 2**63, 1e308, 0.5)
STRANGE = (*NUMBERS, None, True, "", "x" * 999, [], {}, [[]], [10**9] * 2)


def main():
    return read_all(damaged_model, outcome, parse())


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_count_and_seed(parser, 2000)
    return parser.parse_args()


@cache
def whole_models():
    """Return the bytes of undamaged models by name; Keras makes them in another process."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", MAKE, folder], check=True, cwd=ROOT)
        made = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return {PRETRAINED.name: PRETRAINED.read_bytes(), **made}


def damaged_model(number, random, folder):
    """Write a damaged model to a folder, and return its path."""
    kind = KINDS[number % len(KINDS)]
    name = WHOLE.get(kind) or DESCRIBED[kind]
    path, whole = folder / name, whole_models()[name]
    path.write_bytes(damaged(whole, random) if kind in WHOLE else whole)
    if kind in DESCRIBED:
        with h5py.File(path, "r+") as file:
            described = json.loads(file.attrs["model_config"])
            for _ in range(random.integers(1, 4)):
                put_strange(described, random)
            file.attrs["model_config"] = json.dumps(described)
    return path


def put_strange(described, random):
    """Replace a random part of a description with a hostile value, or with another part of it."""
    found = list(places(described))
    holder, key = found[random.integers(len(found))]
    others = [other[name] for other, name in found]
    pool = STRANGE if random.random() < 0.8 else others
    holder[key] = deepcopy(pool[random.integers(len(pool))])


def places(value):
    """Yield each container in a value, at any depth, with each of its keys."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def outcome(path):
    """Return the outcome for the model at `path`: read, or the way in which it is refused."""
    try:
        if path.name.endswith(".unfinished.h5"):
            checkpoint.load(path, {})
        else:
            predictor.load(path)
    except NeedsTrustError:
        return "needs trust"
    except UserError as error:
        return "damaged" if "damaged" in str(error) else "refused"
    return "read"


if __name__ == "__main__":
    run(main)
