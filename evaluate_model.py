#!/usr/bin/env python3
"""Evaluate trained models on MNIST's test images, or on your own pictures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from digits import UserError
from digits.command_line import ROOT, Parser, add_data, add_model, model_or_default, run, say
from digits.files import printable, require_writable, shown, user_path

EXAMPLES = """\
  python evaluate_model.py
  python evaluate_model.py --own my_digits
  python evaluate_model.py --model models/fast.h5 --output-dir reports/fast
  python evaluate_model.py --model models/pretrained.h5 models/fast.h5
  python evaluate_model.py --robustness
  python evaluate_model.py --json > metrics.json"""


def main():
    arguments = parse()
    from digits import plots
    from digits.evaluation import evaluation  # not for --help: it needs NumPy

    if arguments.show:
        plots.require_window()
    require_writable(arguments.output_dir / f"confusion_matrix.{arguments.format}")
    paths = by_name(arguments.model or [model_or_default(None)])
    models = {name: evaluation.load(path, arguments.trust) for name, path in paths.items()}
    evaluate = evaluate_on_own_pictures if arguments.own else evaluate_on_test_images
    save(evaluate(models, arguments), arguments.output_dir, arguments.format)
    if arguments.show:
        plots.show()
    return 0


def evaluate_on_test_images(models, arguments):
    """Print the metrics; return the figures by name."""
    from digits.data import mnist
    from digits.evaluation import evaluation, figures, report

    test = mnist.load("test", arguments.data)
    predictions = {name: evaluation.predict(model, test.images) for name, model in models.items()}
    summaries = {
        name: evaluation.score(model, predictions[name], test, arguments.robustness)
        for name, model in models.items()
    }
    write = report.as_json if arguments.json else report.as_text
    print(write(summaries, evaluation.comparisons(test.labels, predictions), test.name))
    return figures.of(models, test, predictions, summaries, arguments.show)


def evaluate_on_own_pictures(models, arguments):
    """Do the same for a folder of labelled pictures; the figures are of a single model alone."""
    from digits.own import figures, report, results

    found = {
        name: results.of_folder(arguments.own, model, arguments.by)
        for name, model in models.items()
    }
    print((report.as_json if arguments.json else report.as_text)(found))
    if len(models) > 1:
        return {}
    (model,), (found,) = models.values(), found.values()
    return figures.of(found, model, arguments.show)


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_model(parser, nargs="+")
    add_data(parser)
    add_own(parser)
    add_outputs(parser)
    arguments = parser.parse_args()
    if arguments.own and (arguments.data or arguments.robustness):
        parser.error("--own takes the place of MNIST: leave --data and --robustness out")
    if arguments.by and not arguments.own:
        parser.error("--by is for --own: leave it out")
    return arguments


def add_own(parser):
    parser.add_argument(
        "--own",
        type=user_path,
        metavar="FOLDER",
        help="evaluate on your own pictures instead, with their labels in names like"
        " 7_kitchen.jpg, in subfolders 0 to 9, or in a labels.csv",
    )
    parser.add_argument(
        "--by", metavar="COLUMN", help="with --own, count by this column of labels.csv"
    )


def add_outputs(parser):
    parser.add_argument(
        "--robustness",
        action="store_true",
        help="also measure the accuracy under nine corruptions, which takes a minute or two",
    )
    parser.add_argument(
        "--output-dir",
        type=user_path,
        default=shown(ROOT / "reports"),
        metavar="FOLDER",
        help="the folder for the figures",
    )
    parser.add_argument(
        "--format", choices=("png", "svg"), default="png", help="the figures' file format"
    )
    parser.add_argument("--show", action="store_true", help="also show the figures in windows")
    parser.add_argument("--json", action="store_true", help="print the metrics as one JSON object")


def by_name(paths):
    """Return each path by its file's name, or whole where two files' names are alike."""
    if len({path.resolve() for path in paths}) < len(paths):
        raise UserError("one model is named twice behind --model: name each once")
    stems = [path.stem for path in paths]
    return {printable(each.stem if stems.count(each.stem) == 1 else each): each for each in paths}


def save(figures, folder, ending):
    from digits import plots

    for name, figure in figures.items():
        plots.save(figure, folder / f"{name}.{ending}")
    say(f"figures in {shown(folder)}: {', '.join(figures) or 'none'}")


if __name__ == "__main__":
    run(main)
