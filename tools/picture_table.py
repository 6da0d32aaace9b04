#!/usr/bin/env python3
"""Read a folder of labelled pictures, and print how many are read right.

The folder holds a labels.csv with the columns file and label, and any others. The label is the
picture's digits, with a slash between rows; it is empty for a picture without digits.
"""

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits import UserError
from digits.command_line import Parser, add_model, model_or_default, run
from digits.files import printable, require_writable, shown, user_path

LABELS = "labels.csv"
CONFIDENT = 0.9  # a non-digit read with more confidence counts as wrong
MOST_DRAWN = 60  # misses in the figure

EXAMPLES = """\
  python tools/picture_table.py my_pictures
  python tools/picture_table.py my_pictures --by style --misses misses.png
  python tools/picture_table.py my_pictures --usual"""


@dataclass
class Result:
    path: Path
    label: str
    kind: str
    answer: object  # an `answers.Answer`

    @property
    def is_right(self):
        """True if all digits are right, or, without digits, if none is read with confidence."""
        if self.label:
            return self.answer.text == self.label
        return not self.answer.digits or self.answer.confidence <= CONFIDENT

    @property
    def is_declined(self):
        """True if there are digits, and the answer is "not sure" or "no digit found"."""
        return bool(self.label) and self.answer.status != "ok"


def main():
    arguments = parse()
    from digits import plots
    from digits.network import predictor
    from digits.page import pipeline

    if arguments.misses:
        plots.require_figure_name(arguments.misses)
        require_writable(arguments.misses)
    rows = labelled(arguments.folder, arguments.by)
    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    answer = usual_answer if arguments.usual else pipeline.answer_to_picture
    results = [Result(*row, answer(row[0], predict)) for row in rows]
    for line in table(results):
        print(printable(line))
    misses = [each for each in results if not each.is_right or each.is_declined]
    for miss in misses:
        read = f"{miss.label or 'no digit'}, read as {miss.answer.words}"
        print(printable(f"{shown(miss.path)}: {read}"))
    if arguments.misses and misses:
        plots.save(misses_figure(misses[:MOST_DRAWN]), arguments.misses)
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "folder", type=user_path, metavar="FOLDER", help=f"a folder with a {LABELS}"
    )
    parser.add_argument("--by", metavar="COLUMN", help="the column to group the pictures by")
    parser.add_argument(
        "--misses", type=user_path, metavar="FILE", help="save a figure of the misses"
    )
    parser.add_argument(
        "--usual",
        action="store_true",
        help="read the pictures as the usual script does: shrink each to 28×28 and invert it",
    )
    add_model(parser)
    return parser.parse_args()


def labelled(folder, column):
    """Return a path, a label and a kind for each row of the labels."""
    path = folder / LABELS
    if not path.is_file():
        raise UserError(f"no {shown(path)}: a table with the columns file and label is needed")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, restval=""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot read {shown(path)}: save it as a CSV in UTF-8") from error
    wanted = {"file", "label", *([column] if column else [])}
    if not rows or not wanted <= rows[0].keys():
        raise UserError(
            f"{shown(path)} lacks rows, or one of the columns {', '.join(sorted(wanted))}"
        )
    return [(folder / row["file"], row["label"].strip(), kind_of(row, column)) for row in rows]


def kind_of(row, column):
    """Return the row's value in the column, else its kind by the number of digits."""
    if column and row[column]:
        return row[column]
    return {0: "no digit", 1: "one digit"}.get(len(row["label"].strip()), "several digits")


def usual_answer(path, predict):
    """Return the usual script's `Answer`: all of the picture is one digit in dark ink."""
    import numpy as np

    from digits.page import answers, pictures

    try:
        picture = pictures.load(path)
    except UserError as error:
        return answers.Answer(shown(path), "unreadable", error=str(error))
    image = 255 - np.asarray(picture.convert("L").resize((28, 28)))
    digit = answers.Digit(image, (0, 0, *picture.size), predict(image[np.newaxis])[0])
    return answers.Answer(shown(path), "ok", pictures.for_display(picture), [answers.Row([digit])])


def table(results):
    kinds = defaultdict(list)
    for each in results:
        kinds[each.kind].append(each)
    yield "| kind | pictures | right | share | not sure, or no digit found |"
    yield "|---|---|---|---|---|"
    for kind, group in kinds.items():
        right = sum(each.is_right for each in group)
        declined = sum(each.is_declined for each in group)
        share = f"{100 * right / len(group):.1f} %"
        yield f"| {kind} | {len(group)} | {right} | {share} | {declined} |"


def misses_figure(misses):
    """Return a figure of each picture, with the network's input beside it."""
    from digits import plots

    columns = 4
    height = -(-len(misses) // columns)
    figure = plots.new_figure(4 * columns, 2.4 * height)
    axes = figure.subplots(height, 2 * columns, squeeze=False).reshape(-1, 2)
    for pair in axes:
        for ax in pair:
            ax.set_axis_off()
    for pair, miss in zip(axes, misses, strict=False):
        plots.draw_reading(pair, miss.answer, f"is {miss.label or 'no digit'}")
    return figure


if __name__ == "__main__":
    run(main)
