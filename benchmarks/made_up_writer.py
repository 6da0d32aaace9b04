#!/usr/bin/env python3
"""Draw pictures of one made-up writer, whose 4 looks like a 9, and whose 7 looks like a 1.

Two folders hold pictures named after their labels, of the digits 1, 4, 7 and 9: `learn`, for
`train_model.py --own`, and `test`, for `evaluate_model.py --own`. The same seed draws the same.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np
from PIL import Image

from digits.command_line import Parser, run, whole_number
from digits.data import pen
from digits.files import printable, shown, user_path, whole_file

WRITER = {  # as in `digits.data.pen_strokes`
    1: "10,0 10,100",
    4: "46,4 20,6 4,28! 54,32; 46,4! 46,100",
    7: "0,22 8,8 22,2! 6,100",
    9: "50,14 26,0 4,22 22,46 50,28 52,8 52,60 30,100 4,88",
}
UNSTEADY = 1.6  # pixels, standard deviation: of a stroke's points; a digit is 100 high
SLANTED, DEVIATIONS = 0.06, (0.05, 0.04, 0.06)  # one writer varies less than `pen`'s many
THINNEST, THICKEST = 4, 6  # pixels: the pen's radius
MARGIN, INK, PAPER = 40, 40, 235  # pixels; grey levels

EXAMPLES = """\
  python benchmarks/made_up_writer.py my_writer
  python evaluate_model.py --own my_writer/test
  python train_model.py --own my_writer/learn --output models/writer.h5
  python evaluate_model.py --own my_writer/test --model models/writer.h5"""


def main():
    arguments = parse()
    random = np.random.default_rng(arguments.seed)
    for part, count in (("learn", arguments.learn), ("test", arguments.test)):
        for digit, style in WRITER.items():
            for n in range(count):
                save(page(written(style, random)), arguments.folder / part / f"{digit}_{n:03}.png")
    print(printable(f"pictures in {shown(arguments.folder)}: learn, test"))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument("folder", type=user_path, metavar="FOLDER", help="a folder, new or not")
    for name, default in (("learn", 10), ("test", 50)):
        parser.add_argument(
            f"--{name}",
            type=whole_number(1, 1_000),
            default=default,
            metavar="N",
            help=f"pictures of each digit in the folder {name}",
        )
    parser.add_argument(
        "--seed", type=whole_number(0, 2**32 - 1), default=1, metavar="N", help="random seed"
    )
    return parser.parse_args()


def written(style, random):
    """Return a digit of this writer as ink, uint8 (h, w)."""
    matrix = np.array(pen.posture(random, SLANTED, DEVIATIONS))
    curves = [
        pen.curve(points + random.normal(0, UNSTEADY, points.shape), corners) @ matrix.T
        for points, corners in pen.strokes(style)
    ]
    scale = pen.HEIGHT / np.ptp(np.concatenate(curves), axis=0).max()
    radius = random.uniform(THINNEST, THICKEST)
    return pen.drawn([pen.dots(each * scale, radius, random) for each in curves])


def page(ink):
    """Return ink on light paper, a PIL image."""
    darkness = np.pad(ink, MARGIN) / 255
    return Image.fromarray(np.rint(PAPER + darkness * (INK - PAPER)).astype(np.uint8))


def save(image, path):
    with whole_file(path) as partial:
        image.save(partial)


if __name__ == "__main__":
    run(main)
