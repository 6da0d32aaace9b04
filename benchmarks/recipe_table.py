#!/usr/bin/env python3
"""Train every recipe, and print the README's table: two hours on two cores.

train_model.py trains each network in a process of its own; Keras alone scores it on MNIST's test
images. A network that is in the folder already is not trained again, and a checkpoint is resumed:
after a change of a recipe, delete its networks there.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median, stdev

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits.command_line import Parser, add_data, run
from digits.files import shown, user_path
from digits.network.recipes import RECIPES

SEEDS = 3
ONE_SEED = {"record", "two-convolutions"}  # the longest, apart from the yardstick
YARDSTICK = "three-blocks"  # whose time the others' is a share of
QUICK_IMAGES = 2_400

EXAMPLES = """\
  python benchmarks/recipe_table.py
  python benchmarks/recipe_table.py --quick
  python benchmarks/recipe_table.py --recipes fast three-blocks"""


def main():
    arguments = parse()
    recipes = arguments.recipes or RECIPES
    if not arguments.quick:
        options = ["--data", arguments.data] if arguments.data else []
        return measure(recipes, SEEDS, arguments.folder, arguments.data, options)
    with tempfile.TemporaryDirectory() as temporary:
        data = few_images(arguments.data, Path(temporary) / "few.npz")
        options = ["--data", data, "--epochs", "2", "--batch-size", "64"]
        return measure(recipes, 1, Path(temporary), data, options)


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, metavar="NAME", help="train only these"
    )
    parser.add_argument(
        "--folder",
        type=user_path,
        default=shown(ROOT / "reports" / "recipes"),
        help="the folder for the networks",
    )
    parser.add_argument(
        "--quick", action="store_true", help="train for two epochs on few images, and keep nothing"
    )
    add_data(parser)
    return parser.parse_args()


def few_images(data, path):
    """Save the first of MNIST's images, as an .npz at `path`, and return it."""
    import numpy as np

    from digits.data import mnist

    arrays = {}
    for part in ("train", "test"):
        some = mnist.load(part, data)
        arrays |= {f"x_{part}": some.images[:QUICK_IMAGES], f"y_{part}": some.labels[:QUICK_IMAGES]}
    np.savez_compressed(path, **arrays)
    return path


def measure(recipes, seeds, folder, data, options):
    """Train and score the recipes, print a row of the table for each, and return an exit status.

    Seed after seed, so that what slows the machine down for a while slows all.
    """
    from digits.data import mnist

    test = mnist.load("test", data)  # first: without it the training would be for nothing
    plan = [(name, seed) for seed in range(1, seeds + 1) for name in recipes]
    paths = {name: [] for name in recipes}
    for name, seed in plan:
        if seed == 1 or name not in ONE_SEED:
            paths[name].append(folder / f"{name}-{seed}.h5")
            train(name, seed, paths[name][-1], options)
    scores = {name: [score(path, test) for path in paths[name]] for name in recipes}
    print("\n".join([*HEAD, *(row(name, scores) for name in recipes)]))
    return 0


def train(name, seed, path, options):
    """Train a network, unless it has been, and exit as train_model.py did if it could not."""
    if path.exists():
        return
    process = subprocess.Popen(command(name, seed, path, options), stdout=sys.stderr)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.wait()  # it ends after a batch, and says where its checkpoint is
        raise
    if status:
        sys.exit(status)


def command(name, seed, path, options):
    """Return the command that trains a network on MNIST, or resumes its training."""
    from digits.network import checkpoint

    resume = ["--resume"] if checkpoint.path_of(path).exists() else []
    settings = ["--dataset", "mnist", "--recipe", name, "--seed", str(seed), "--output", path]
    return [sys.executable, ROOT / "train_model.py", *settings, *options, *resume]


def score(path, test):
    """Return the test misses, the test images, the seconds of training and the weights."""
    from digits.network import model_file
    from digits.network.tensorflow_start import import_tensorflow

    import_tensorflow()
    import keras

    network = keras.models.load_model(path)
    accuracy = network.evaluate(test.images[..., None], test.labels, 500, verbose=0)[1]
    images = len(test.labels)
    seconds = model_file.training_record(path)["seconds"]
    return round((1 - accuracy) * images), images, seconds, network.count_params()


HEAD = [
    f"| recipe | reported | test accuracy | wrong | seconds | of {YARDSTICK}' time | weights |",
    "|---|---|---|---|---|---|---|",
]


def row(name, scores):
    """Return a recipe's row of the Markdown table, from the scores of all, by name."""
    misses, images, seconds, weights = zip(*scores[name], strict=True)
    accuracies = [100 * (1 - wrong / of) for wrong, of in zip(misses, images, strict=True)]
    deviation = f" ± {stdev(accuracies):.2f}" if len(accuracies) > 1 else ""
    cells = [
        f"`{name}`",
        RECIPES[name].reported or "–",
        f"{mean(accuracies):.2f}{deviation} %",
        ", ".join(map(str, misses)),
        f"{median(seconds):,.0f}",
        share(seconds, scores.get(YARDSTICK)),
        f"{weights[0]:,}",
    ]
    return f"| {' | '.join(cells)} |"


def share(seconds, yardstick):
    """Return the time as a share of the yardstick's, if that was measured."""
    if not yardstick:
        return "–"
    return f"{median(seconds) / median(each[2] for each in yardstick):.2f}"


if __name__ == "__main__":
    run(main)
