#!/usr/bin/env python3
"""Put MNIST's test digits on simulated pages, and print how many are read as without the page.

The reference is the model's prediction for the test image itself, right or wrong.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits.command_line import Parser, add_data, add_model, model_or_default, run, whole_number

EXAMPLES = """\
  python benchmarks/page_table.py
  python benchmarks/page_table.py --count 100 --data mnist.npz"""

QUARTER_TURN = {0x0112: 6}  # EXIF: shown after a quarter turn to the right


def main():
    arguments = parse()
    from digits.data import mnist
    from digits.network import predictor
    from digits.page import pipeline

    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    images = mnist.load("test", arguments.data).images[: arguments.count]
    expected = predict(images).argmax(axis=1)
    print("| page | digits | read as without it | share |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        for number, kind in enumerate(KINDS):
            random, kept = np.random.default_rng([arguments.seed, number]), 0
            for image, digit in zip(images, expected, strict=True):
                page = KINDS[kind](placed(image, random), random)
                save(page, path, kind == "sideways", random)
                kept += pipeline.answer_to_picture(path, predict).text == str(digit)
            print(f"| {kind} | {len(images):,} | {kept:,} | {100 * kept / len(images):.1f} % |")
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    count, seed = whole_number(1, 10_000), whole_number(0, 2**32 - 1)
    parser.add_argument(
        "--count", type=count, default=1000, metavar="N", help="the digits per kind of page"
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="the random seed")
    add_model(parser)
    add_data(parser)
    return parser.parse_args()


def placed(image, random):
    """Return the ink, 0 to 1, of a page (h, w) with the image, uint8 (28, 28), somewhere on it."""
    side = 28 * int(random.integers(4, 13))
    height, width = (side * random.uniform(1.3, 3, 2)).astype(int)
    page = np.zeros((height, width), np.float32)
    top, left = random.integers(0, height - side + 1), random.integers(0, width - side + 1)
    large = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    page[top : top + side, left : left + side] = np.asarray(large, np.float32) / 255
    return page


def save(grey, path, sideways, random):
    """Save grey values, 0 to 1, with a photograph's noise and blur; `sideways` by EXIF."""
    noise = random.normal(0, 0.01, grey.shape)
    values = np.clip(255 * (grey + noise), 0, 255).astype(np.uint8)
    picture = Image.fromarray(values).filter(ImageFilter.GaussianBlur(0.7))
    exif = Image.Exif()
    if sideways:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif.update(QUARTER_TURN)
    picture.save(path, quality=90, exif=exif)


def dark_on_light(ink, random):
    """Return grey values, 0 to 1; so do the functions of the other kinds."""
    return random.uniform(0.7, 1) * (1 - random.uniform(0.5, 0.9) * ink)


def light_on_dark(ink, random):
    return 1 - dark_on_light(ink, random)


def lit_from_one_side(ink, random):
    return dark_on_light(ink, random) * (1 - random.uniform(0.3, 0.7) * slope(ink.shape, random))


def half_in_shadow(ink, random):
    edge = (slope(ink.shape, random) - random.uniform(0.3, 0.7)) * 600 / random.uniform(2, 15)
    return dark_on_light(ink, random) * (1 - 0.45 / (1 + np.exp(-edge)))


def ruled(ink, random, squared=False):
    rows, columns = np.indices(ink.shape)
    tilt, gap = random.uniform(-0.05, 0.05), random.uniform(0.15, 0.4) * ink.shape[0]
    width = max(1.5, 0.007 * ink.shape[0])
    lines = (rows + tilt * columns + random.uniform(0, gap)) % gap < width
    if squared:
        lines |= (columns - tilt * rows + random.uniform(0, gap)) % gap < width
    return dark_on_light(np.maximum(ink, random.uniform(0.2, 0.5) * lines), random)


def slope(shape, random):
    """Return a linear gradient from 0 to 1 across a page, in a random direction."""
    rows, columns = np.indices(shape)
    angle = random.uniform(0, 2 * np.pi)
    rise = np.cos(angle) * columns / shape[1] + np.sin(angle) * rows / shape[0]
    return (rise - rise.min()) / np.ptp(rise)


KINDS = {
    "dark on light": dark_on_light,
    "light on dark": light_on_dark,
    "lit from one side": lit_from_one_side,
    "half in shadow": half_in_shadow,
    "ruled": ruled,
    "squared": lambda ink, random: ruled(ink, random, squared=True),
    "sideways": dark_on_light,
}


if __name__ == "__main__":
    run(main)
