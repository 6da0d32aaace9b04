#!/usr/bin/env python3
"""Score a trained network on MNIST's test images, and plot how it got there."""

import json
import sys

from digits.command_line import ROOT, Parser, add_data, add_model, run
from digits.files import require_writable, shown, user_path

EXAMPLES = """\
  python evaluate_model.py
  python evaluate_model.py --model models/fast.h5 --output-dir reports/fast
  python evaluate_model.py --json > scores.json"""


def main():
    arguments = parse()
    from digits import mnist, model_file, plots, scores  # after parsing: --help needs no NumPy

    if arguments.show:
        plots.require_window()
    require_writable(arguments.output_dir / "confusion_matrix.png")
    record = model_file.training_record(arguments.model)
    predict = model_file.predictor(arguments.model)
    test = mnist.load("test", arguments.data)
    probabilities = predict(test.images)
    summary = scores.summary(test.labels, probabilities)
    print(json.dumps(summary) if arguments.json else scores.report(summary, test.name))
    figures = plots.evaluation_figures(record, test, probabilities, summary, arguments.show)
    save(figures, arguments.output_dir)
    if arguments.show:
        plots.show()
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_model(parser)
    add_data(parser)
    parser.add_argument(
        "--output-dir",
        type=user_path,
        default=shown(ROOT / "reports"),
        metavar="FOLDER",
        help="where the figures go",
    )
    parser.add_argument("--show", action="store_true", help="show the figures in windows, too")
    parser.add_argument("--json", action="store_true", help="print the scores as one JSON object")
    return parser.parse_args()


def save(figures, folder):
    """Save the figures, a dict by their names, as PNG files in `folder`, and say so."""
    from digits import plots

    for name, figure in figures.items():
        plots.save(figure, folder / f"{name}.png")
    print(f"figures in {shown(folder)}: {', '.join(figures)}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
