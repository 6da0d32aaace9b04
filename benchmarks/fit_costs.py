#!/usr/bin/env python3
"""Fit the costs by which the reader splits and merges rows, on rows that the project draws.

The fitted costs make the true texts of the rows most probable: conditional maximum likelihood, as
of a semi-Markov random field (Sarawagi and Cohen, 2004). They are checked on other rows, of MNIST's
validation images; its test images are not used.
"""

import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / each) for each in ("", "benchmarks", "tests/page")]

from scenes.rows import SHARES

from digits.command_line import (
    Parser,
    add_data,
    add_model,
    model_or_default,
    run,
    show_progress,
    whole_number,
)
from digits.data import mnist
from digits.network import predictor
from digits.page import lattice, pictures, reading
from digits.page.ink import Polarity, ink_of
from digits.page.rows import rows_of_segments
from digits.page.segments import NotDigitsError, digit_parts

COSTS = (
    *("CONFIDENCE_WEIGHT", "MIN_PROBABILITY", "GAP_COST", "OMISSION_COST", "OTHER_COST"),
    *("SPLIT_COST", "SEAM_COST", "WIDE_ASPECT", "WIDTH_COST"),
)
STEPS = (0.7, 0.35, 0.17, 0.08)  # of a cost's natural logarithm
MIN_GAIN = 5e-4  # of the mean log likelihood: less is not worth another number
MIN_LIKELIHOOD = 1e-4  # one row that is read as something else must not outweigh all others
BINS = (0, 0.6, 0.9, 0.99, 1)  # of confidence

EXAMPLES = """\
  python benchmarks/fit_costs.py
  python benchmarks/fit_costs.py --model my_model.h5 --rows 300 --costs SPLIT_COST SEAM_COST"""


class DrawnRow(NamedTuple):
    kind: str  # its scene
    text: str  # what is written
    lattice: lattice.Lattice  # what it may be read as


class Result(NamedTuple):
    """How a row is read."""

    likelihood: float  # of the text that is written
    is_right: bool
    confidence: float


def main():
    arguments = parse()
    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    training, validation = mnist.load_training(arguments.data)
    rows = drawn_rows(arguments.rows, [arguments.seed, 0], training, predict)
    others = drawn_rows(arguments.rows // 2, [arguments.seed, 1], validation, predict)
    before = {name: getattr(lattice, name) for name in arguments.costs}
    after = fitted(before, lambda costs: mean_log_likelihood(results_of(rows, costs)))
    for costs, title in ((before, "before"), (after, "fitted")):
        print(f"{title}: {'  '.join(f'{name} {cost:.3g}' for name, cost in costs.items())}")
        print_summary("rows to fit", results_of(rows, costs))
        print_summary("other rows", results_of(others, costs))
    print_kinds(others, results_of(others, before), results_of(others, after))
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    count, seed = whole_number(20, 100_000), whole_number(0, 2**32 - 1)
    parser.add_argument(
        "--rows", type=count, default=600, metavar="N", help="rows to fit; half as many check them"
    )
    parser.add_argument(
        "--costs", nargs="+", choices=COSTS, default=COSTS, metavar="NAME", help="fit only these"
    )
    parser.add_argument("--seed", type=seed, default=1, metavar="N", help="the random seed")
    add_model(parser)
    add_data(parser)
    return parser.parse_args()


def drawn_rows(count, seed, examples, predict):
    """Return about `count` `DrawnRow`s; a picture that is not found to be of one row is none."""
    rows, total = [], sum(SHARES.values())
    for scene, share in SHARES.items():
        for n in range(round(count * share / total)):
            random = np.random.default_rng([*seed, n, *scene.__name__.encode()])
            image, text, _ = scene(random, examples)
            lattice = lattice_in(image, predict)
            rows += [DrawnRow(scene.__name__, text, lattice)] if lattice else []
            show_progress("drawing", len(rows), count)
    return rows


def lattice_in(image, predict):
    """Return the `Lattice` of the only row in a PIL image of dark ink, or None."""
    ink = ink_of(Polarity(pictures.grey(image, pictures.for_display(image)), 1.0))
    try:
        parts = digit_parts(ink)
    except NotDigitsError:
        return None
    classifier = reading.Classifier(ink, predict)
    found = rows_of_segments(parts, classifier)
    return lattice.lattice_of(found[0], parts, classifier) if len(found) == 1 else None


def fitted(costs, goodness):
    """Return the costs (name → value) of most goodness, by coordinate search with smaller steps."""
    costs, best = dict(costs), goodness(costs)
    for step in STEPS:
        names = list(costs)
        while names:  # a cost that moved the others is tried again
            name = names.pop(0)
            for factor in np.exp([step, -step]):
                while (found := goodness({**costs, name: costs[name] * factor})) > best + MIN_GAIN:
                    costs[name] *= factor
                    best, names = found, [each for each in costs if each != name]
    return costs


def results_of(rows, costs):
    """Return the `Result` of each row with some of the reader's costs changed."""
    before = {name: getattr(lattice, name) for name in costs}
    vars(lattice).update(costs)
    try:
        return [result_of(row) for row in rows]
    finally:
        vars(lattice).update(before)


def result_of(row):
    """Return a row's `Result`. Where its text is no path, it is what the confidence leaves."""
    paths = lattice.best_paths(row.lattice)
    read, texts = lattice.row_of(paths), [path.text for path in paths]
    confidence = read.confidence if read.digits else 0.0
    likelihood = 1 - confidence
    if row.text in texts:
        likelihood = lattice.probabilities_of(paths)[texts.index(row.text)]
    return Result(float(likelihood), read.text == row.text, confidence)


def mean_log_likelihood(results):
    return np.mean(np.log([max(each.likelihood, MIN_LIKELIHOOD) for each in results]))


def print_summary(title, results):
    """Print the likelihood, the share that is right, and how many are, by their confidence."""
    right = np.array([each.is_right for each in results])
    bins = np.digitize([each.confidence for each in results], BINS[1:-1])
    shares = [f"{right[bins == n].sum()} of {(bins == n).sum()}" for n in range(len(BINS) - 1)]
    limits = [f"{100 * low:.0f}-{100 * high:.0f} %" for low, high in pairwise(BINS)]
    print(f"  {title}: mean log likelihood {mean_log_likelihood(results):.4f}, ", end="")
    print(f"{right.sum()} of {len(right)} right; by confidence ", end="")
    print(", ".join(f"{limit}: {share}" for limit, share in zip(limits, shares, strict=True)))


def print_kinds(rows, before, after):
    """Print a Markdown table of the rows of each kind that are read right."""
    counts = defaultdict(lambda: np.zeros(3, int))
    for row, *results in zip(rows, before, after, strict=True):
        counts[row.kind] += [1, *(result.is_right for result in results)]
    print("\n| other rows | all | right before | right after |\n|---|---|---|---|")
    for kind, numbers in counts.items():
        print(f"| {kind} | {' | '.join(map(str, numbers))} |")


if __name__ == "__main__":
    run(main)
