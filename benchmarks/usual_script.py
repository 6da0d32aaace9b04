#!/usr/bin/env python3
"""Read labelled pictures as the usual script does: shrink each to 28×28 and invert it.

The same network as the project's, and the same table as `evaluate_model.py --own`.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np

from digits import UserError
from digits.command_line import Parser, add_model, model_or_default, run
from digits.files import shown, user_path
from digits.network import predictor
from digits.own import report, results
from digits.page import answers, pictures

EXAMPLES = """\
  python benchmarks/usual_script.py my_pictures
  python benchmarks/usual_script.py my_pictures --by style"""


def main():
    arguments = parse()
    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    found = results.of_folder(arguments.folder, predict, arguments.by, usual_answer)
    print(report.kinds_table(results.summary(found)))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "folder", type=user_path, metavar="FOLDER", help="a folder of pictures and their labels"
    )
    parser.add_argument("--by", metavar="COLUMN", help="the column of labels.csv to count by")
    add_model(parser)
    return parser.parse_args()


def usual_answer(path, predict):
    """Return the usual script's `Answer`: all of the picture is one digit in dark ink."""
    try:
        picture = pictures.load(path)
    except UserError as error:
        return answers.Answer(shown(path), "unreadable", error=str(error))
    image = 255 - np.asarray(picture.convert("L").resize((28, 28)))
    digit = answers.Digit(image, (0, 0, *picture.size), predict(image[np.newaxis])[0])
    return answers.Answer(shown(path), "ok", rows=[answers.Row([digit])])


if __name__ == "__main__":
    run(main)
