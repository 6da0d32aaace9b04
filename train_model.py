#!/usr/bin/env python3
"""Train a network on MNIST and save it, with its history, as models/mnist_cnn.h5."""

import sys

from digits.command_line import MODEL, Parser, add_data, run, whole_number
from digits.files import shown, user_path
from digits.networks import DEFAULT, RECIPES

EXAMPLES = """\
  python train_model.py
  python train_model.py --recipe fast --output models/fast.h5
  python train_model.py --data Downloads/mnist.npz"""


def main():
    arguments = parse()
    if arguments.list_recipes:
        return list_recipes()
    from digits import mnist, model_file  # after parsing: --help has no use for NumPy

    model_file.require_place(arguments.output)
    training, validation = mnist.load_training(arguments.data)
    announce(arguments.recipe, training, validation)
    from digits.quiet import import_tensorflow  # after the checks: it takes seconds

    import_tensorflow()
    from digits.training import train

    network, record = train(
        arguments.recipe,
        training,
        validation,
        epochs=arguments.epochs,
        batch_size=arguments.batch_size,
        seed=arguments.seed,
    )
    model_file.save(network, record, arguments.output)
    report(record, arguments.output)
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    positive = whole_number(1, 1_000_000)
    parser.add_argument("--recipe", choices=RECIPES, default=DEFAULT, help="network and training")
    parser.add_argument("--list-recipes", action="store_true", help="print them, and exit")
    parser.add_argument("--epochs", type=positive, metavar="N", help="instead of the recipe's own")
    parser.add_argument(
        "--batch-size", type=positive, metavar="N", help="instead of the recipe's own"
    )
    parser.add_argument(
        "--seed", type=whole_number(0, 2**32 - 1), default=1, metavar="N", help="decides all chance"
    )
    add_data(parser)
    parser.add_argument(
        "--output", type=user_path, default=shown(MODEL), metavar="FILE", help="the .h5 to write"
    )
    return parser.parse_args()


def list_recipes():
    """Print a line per recipe, and return the exit status."""
    for name, recipe in RECIPES.items():
        print(f"{name:10} {recipe.epochs:2} epochs, {recipe.batch_size} a batch: {recipe.summary}")
    return 0


def announce(recipe, training, validation):
    """Say what is about to happen: TensorFlow needs seconds before its first line."""
    print(
        f"training '{recipe}' on {len(training.images):,} images of {training.name},"
        f" validating on {len(validation.images):,} others",
        file=sys.stderr,
    )


def report(record, path):
    """Print what came of the training."""
    from digits.scores import accuracy_with_misses

    images = record["validation_images"]
    misses = round((1 - record["history"]["val_accuracy"][-1]) * images)
    print(f"validation accuracy {accuracy_with_misses(misses, images)}")
    print(f"trained in {record['seconds']:.0f} s, saved as {shown(path)}")


if __name__ == "__main__":
    run(main)
