#!/usr/bin/env python3
"""Damage the example pictures at random, read them, and count what becomes of them.

Whatever a file holds, the reader answers it or refuses it in a sentence; anything else ends this
script with a traceback, and the file that did it stays in the folder named first.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits import pictures
from digits.command_line import Parser, add_model, run, whole_number

EXAMPLES = """\
  python tools/damage_pictures.py
  python tools/damage_pictures.py 20000 --seed 2"""

MOST_BYTES = 40  # that are changed in one file
SHARE_CUT = 0.3  # of the files end too soon


def main():
    arguments = parse()
    from digits import answers, model_file

    predict = model_file.predictor(arguments.model, arguments.trust)
    random = np.random.default_rng(arguments.seed)
    counts, slowest, folder = Counter(), 0.0, Path(tempfile.mkdtemp())
    print(f"one after another in {folder}", file=sys.stderr)
    for _ in range(arguments.count):
        path = damaged_example(random, folder)
        started = time.perf_counter()
        counts[answers.of_picture(path, predict).status] += 1
        slowest = max(slowest, time.perf_counter() - started)
        path.unlink()
    folder.rmdir()
    for status, count in counts.most_common():
        print(f"{status:10} {count:6,}")
    print(f"the slowest took {slowest:.2f} s")
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    count, seed = whole_number(1, 1_000_000), whole_number(0, 2**32 - 1)
    parser.add_argument("count", type=count, nargs="?", default=2000, metavar="N", help="pictures")
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="decides all chance")
    add_model(parser)
    return parser.parse_args()


def damaged_example(random, folder):
    """Return the path of a new file in `folder`: an example with some of its bytes changed."""
    examples = pictures.at(ROOT / "examples")
    picture = examples[random.integers(len(examples))]
    path = folder / f"damaged{picture.suffix}"
    path.write_bytes(damaged(picture.read_bytes(), random))
    return path


def damaged(whole, random):
    """Return bytes of which some are others, and now and then the end is missing."""
    content = np.frombuffer(whole, np.uint8).copy()
    places = random.integers(0, len(whole), random.integers(1, MOST_BYTES + 1))
    content[places] = random.integers(0, 256, len(places))
    cut = random.integers(1, len(whole)) if random.random() < SHARE_CUT else len(whole)
    return content[:cut].tobytes()


if __name__ == "__main__":
    run(main)
