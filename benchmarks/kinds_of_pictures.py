#!/usr/bin/env python3
"""Draw labelled pictures of the kinds that the picture reader finds hard, into a folder.

They are drawn by the project: its pen strokes, Pillow's font, and MNIST's test digits where they
are on this machine. The folder's labels.csv has the columns file, label, written (the number with
its signs), kind and scene; `evaluate_model.py --own FOLDER --by kind` reads it. The same seed
draws the same folder.
"""

import csv
import io
import math
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / each) for each in ("", "benchmarks", "tests/page")]

from scenes import KINDS

from digits.command_line import Parser, add_data, run, say, show_progress, whole_number
from digits.data import mnist
from digits.files import printable, shown, user_path, whole_file

COLUMNS = ("file", "label", "written", "kind", "scene")
SHARES = {"pairs": 1.25, "pages": 0.1}  # of the count: 250 pairs to 200 pictures, and 20 pages
LOSSY = 0.4  # the share of pictures, of those that are not black and white, saved as JPEG

EXAMPLES = """\
  python benchmarks/kinds_of_pictures.py my_kinds
  python benchmarks/kinds_of_pictures.py my_kinds --count 20 --kinds signs gaps
  python evaluate_model.py --own my_kinds --by kind"""


def main():
    arguments = parse()
    examples = test_digits(arguments.data)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    counts = {kind: count_of(kind, arguments.count) for kind in arguments.kinds}
    rows = []
    for kind, count in counts.items():
        for n in range(count):
            rows.append(drawn(arguments.folder, kind, n, arguments.seed, examples))
            show_progress("drawing", len(rows), sum(counts.values()))
    write_labels(arguments.folder / "labels.csv", rows)
    print(printable(f"{len(rows):,} pictures of {len(counts)} kinds in {shown(arguments.folder)}"))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument("folder", type=user_path, metavar="FOLDER", help="a folder, new or not")
    count, seed = whole_number(1, 10_000), whole_number(0, 2**32 - 1)
    parser.add_argument(
        "--count",
        type=count,
        default=200,
        metavar="N",
        help="the pictures of each kind; a quarter more of pairs, and a tenth of pages",
    )
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=KINDS,
        default=list(KINDS),
        metavar="KIND",
        help="which kinds",
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="the random seed")
    add_data(parser)
    return parser.parse_args()


def test_digits(data):
    """Return MNIST's test images, or None where they are not on this machine."""
    path = data or os.environ.get("MNIST_PATH")
    if path or mnist.cache_path().exists():
        return mnist.load("test", data)
    say("without MNIST's test images: all digits are pen strokes; --data PATH names them")
    return None


def count_of(kind, count):
    return math.ceil(SHARES.get(kind, 1) * count)


def drawn(folder, kind, n, seed, examples):
    """Draw the picture `n` of a kind into a folder, and return its row of the labels."""
    random = np.random.default_rng([seed, n, *kind.encode()])
    draw = KINDS[kind][n % len(KINDS[kind])]
    scene = draw(random, examples)
    content, ending = encoded(scene.image, random)
    path = folder / f"{kind}_{n:03}_{draw.__name__}{ending}"
    path.write_bytes(content)
    written = scene.label if scene.written is None else scene.written
    return path.name, scene.label, written, kind, draw.__name__


def encoded(image, random):
    """Return a picture as the bytes of a file, and the file's ending."""
    content = io.BytesIO()
    if random.random() > LOSSY or set(image.convert("L").getextrema()) == {0, 255}:
        image.save(content, "PNG")
        return content.getvalue(), ".png"
    image.save(content, "JPEG", quality=int(random.integers(60, 96)))
    return content.getvalue(), ".jpg"


def write_labels(path, rows):
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


if __name__ == "__main__":
    run(main)
