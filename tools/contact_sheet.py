#!/usr/bin/env python3
"""Draw a sheet of synthetic digits and non-digits, with MNIST's digits if asked for."""

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits.command_line import Parser, add_data, run, whole_number
from digits.files import printable, require_writable, shown, user_path

EXAMPLES = """\
  python tools/contact_sheet.py
  python tools/contact_sheet.py --beside-mnist --output sheet.png"""

EACH = 12  # images of a digit, in a row


def main():
    arguments = parse()
    from digits import plots
    from digits.data import mnist, synthetic

    plots.require_figure_name(arguments.output)
    require_writable(arguments.output)
    sheets = {"Synthetic digits": by_digit(*synthetic.digits(10 * EACH, arguments.seed))}
    if arguments.beside_mnist:
        training, _ = mnist.load_training(arguments.data)
        sheets[training.name] = by_digit(training.images, training.labels)
    non_digits = synthetic.non_digits(10 * EACH, arguments.seed)
    sheets["Non-digits"] = non_digits.reshape(10, EACH, 28, 28)
    figure = plots.new_figure(5 * len(sheets), 4.6)
    for ax, (title, images) in zip(figure.subplots(1, len(sheets)), sheets.items(), strict=True):
        draw_images(ax, images, title)
    plots.save(figure, arguments.output)
    print(printable(f"saved as {shown(arguments.output)}"))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    seed = whole_number(0, 2**32 - 1)
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="random seed")
    parser.add_argument(
        "--output",
        type=user_path,
        default=shown(ROOT / "docs" / "synthetic_digits.png"),
        metavar="FILE",
        help="the figure to write",
    )
    parser.add_argument("--beside-mnist", action="store_true", help="show MNIST's digits, too")
    add_data(parser)
    return parser.parse_args()


def by_digit(images, labels):
    """Return the first images of each digit, (10, `EACH`, 28, 28), a row per digit.

    Where there are fewer, the row ends in blanks.
    """
    rows = np.zeros((10, EACH, 28, 28), np.uint8)
    for digit in range(10):
        chosen = images[labels == digit][:EACH]
        rows[digit, : len(chosen)] = chosen
    return rows


def draw_images(ax, images, title):
    """Draw images, uint8 (rows, columns, 28, 28), side by side."""
    ax.imshow(np.block([list(row) for row in images]), cmap="gray")
    ax.set_title(title)
    ax.set_axis_off()


if __name__ == "__main__":
    run(main)
