#!/usr/bin/env python3
"""Score a trained network on MNIST's test images, and plot how it got there."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from digits import UserError
from digits.command_line import ROOT, Parser, add_data, add_model, model_or_default, run, say
from digits.files import printable, require_writable, shown, user_path

EXAMPLES = """\
  python evaluate_model.py
  python evaluate_model.py --model models/fast.h5 --output-dir reports/fast
  python evaluate_model.py --model models/pretrained.h5 models/fast.h5
  python evaluate_model.py --robustness
  python evaluate_model.py --json > scores.json"""


def main():
    arguments = parse()
    from digits import plots
    from digits.data import mnist
    from digits.evaluation import evaluation  # after parsing: --help needs no NumPy

    if arguments.show:
        plots.require_window()
    require_writable(arguments.output_dir / f"confusion_matrix.{arguments.format}")
    models = {
        name: evaluation.load(path, arguments.trust)
        for name, path in named(arguments.model or [model_or_default(None)]).items()
    }
    test = mnist.load("test", arguments.data)
    if arguments.robustness:
        say("making images worse in nine ways, which takes a minute or two")
    evaluations = {
        name: evaluation.evaluated(model, test, arguments.robustness)
        for name, model in models.items()
    }
    tell(evaluations, test, arguments.json)
    figures = figures_of(evaluations, test, arguments.show)
    save(figures, arguments.output_dir, arguments.format)
    if arguments.show:
        plots.show()
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_model(parser, nargs="+")
    add_data(parser)
    parser.add_argument(
        "--robustness", action="store_true", help="score it on images made worse in nine ways, too"
    )
    parser.add_argument(
        "--output-dir",
        type=user_path,
        default=shown(ROOT / "reports"),
        metavar="FOLDER",
        help="where the figures go",
    )
    parser.add_argument(
        "--format", choices=("png", "svg"), default="png", help="what the figures are saved as"
    )
    parser.add_argument("--show", action="store_true", help="show the figures in windows, too")
    parser.add_argument("--json", action="store_true", help="print the scores as one JSON object")
    return parser.parse_args()


def named(paths):
    """Return the paths by the models' names: the files', or whole paths where those are alike.

    Raises UserError if one is named twice.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise UserError("one model is named twice behind --model: name each once")
    stems = [path.stem for path in paths]
    names = [
        stem if stems.count(stem) == 1 else str(path)
        for stem, path in zip(stems, paths, strict=True)
    ]
    return dict(zip(names, paths, strict=True))


def with_printable_names(evaluations):
    """Return evaluations by names without control characters, which a file's name may hold."""
    return {printable(name): each for name, each in evaluations.items()}


def tell(evaluations, test, as_json):
    """Print the scores: of one model at length, of several side by side."""
    from digits.evaluation import report

    evaluations = evaluations if as_json else with_printable_names(evaluations)
    summaries = {name: each.summary for name, each in evaluations.items()}
    only = next(iter(summaries.values())) if len(summaries) == 1 else None
    probabilities = {name: each.probabilities for name, each in evaluations.items()}
    compared = report.comparisons(test.labels, probabilities)
    if as_json:
        print(json.dumps(only or {"models": summaries, "comparisons": compared}))
    elif only:
        print(report.of_model(only, test.name))
    else:
        print(report.of_models(summaries, compared, test.name))


def figures_of(evaluations, test, window):
    """Return the figures, by name: of one model all, of several those that compare them."""
    from digits.evaluation import figures

    if len(evaluations) > 1:
        evaluations = with_printable_names(evaluations)
        records = {name: each.model.record for name, each in evaluations.items()}
        summaries = {name: each.summary for name, each in evaluations.items()}
        return figures.of_models(records, summaries, window)
    ((model, probabilities, summary),) = evaluations.values()
    return figures.of_model(model.record, test, model.predict, probabilities, summary, window)


def save(figures, folder, ending):
    """Save the figures, a dict by their names, in `folder`, and say so."""
    from digits import plots

    for name, figure in figures.items():
        plots.save(figure, folder / f"{name}.{ending}")
    say(f"figures in {shown(folder)}: {', '.join(figures) or 'none'}")


if __name__ == "__main__":
    run(main)
