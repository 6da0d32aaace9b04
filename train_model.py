#!/usr/bin/env python3
"""Train a network on MNIST and save it, with its history, as models/mnist_cnn.h5."""

import sys

from digits.command_line import MODEL, Parser, add_data, run, whole_number
from digits.files import shown, user_path
from digits.networks import DEFAULT, RECIPES

SEED = 1

EXAMPLES = """\
  python train_model.py
  python train_model.py --recipe fast --output models/fast.h5
  python train_model.py --data Downloads/mnist.npz
  python train_model.py --resume"""


def main():
    arguments = parse()
    if arguments.list_recipes:
        return list_recipes()
    from digits import mnist, model_file, unfinished  # after parsing: --help has no use for NumPy

    model_file.require_place(arguments.output)
    place = unfinished.place(arguments.output)
    training, validation = mnist.load_training(arguments.data)
    record, state = planned(arguments, training, validation, place)
    announce(record, place)
    from digits.quiet import import_tensorflow  # after the checks: it takes seconds

    import_tensorflow()
    from digits.training import train

    try:
        network, record = train(record, training, validation, place, state)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*filter(None, [unfinished.described(place)])) from None
    model_file.save(network, record, arguments.output)
    place.unlink(missing_ok=True)
    report(record, arguments.output)
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_settings(parser)
    parser.add_argument("--list-recipes", action="store_true", help="print them, and exit")
    add_data(parser)
    parser.add_argument(
        "--output", type=user_path, default=shown(MODEL), metavar="FILE", help="the .h5 to write"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the unfinished training of that .h5"
    )
    return parser.parse_args()


def add_settings(parser):
    """Add what a training's record keeps; None is not asked for, so that --resume can tell."""
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        metavar="NAME",
        help=f"network and training, of those that --list-recipes names (default: {DEFAULT})",
    )
    for name, most in (("epochs", 1_000), ("batch-size", 1_000_000)):
        parser.add_argument(
            f"--{name}", type=whole_number(1, most), metavar="N", help="instead of the recipe's own"
        )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**32 - 1),
        metavar="N",
        help=f"decides all chance (default: {SEED})",
    )


def list_recipes():
    """Print a line per recipe, and return the exit status."""
    for name, recipe in RECIPES.items():
        print(
            f"{name:16} {recipe.epochs:2} epochs, {recipe.batch_size:3} a batch: {recipe.summary}"
        )
    return 0


def planned(arguments, training, validation, place):
    """Return the record of the training that is asked for, and the state to go on from."""
    from digits import unfinished

    asked = {name: getattr(arguments, name) for name in ("recipe", "epochs", "batch_size", "seed")}
    data = {
        "data": training.name,
        "training_images": len(training.images),
        "validation_images": len(validation.images),
    }
    if arguments.resume:
        return unfinished.load(place, {**asked, **data})
    given = {name: value for name, value in asked.items() if value is not None}
    recipe = RECIPES[given.setdefault("recipe", DEFAULT)]
    own = {"epochs": recipe.epochs, "batch_size": recipe.batch_size, "seed": SEED}
    return {"command": command(given), **own, **given, **data}, ()


def command(settings):
    """Return the line that starts a training of these settings."""
    options = [f"--{name.replace('_', '-')} {value}" for name, value in settings.items()]
    return " ".join(["python train_model.py", *options])


def announce(record, place):
    """Say what is about to happen: TensorFlow needs seconds before its first line."""
    from digits import unfinished

    there = unfinished.described(place)
    if "history" in record:
        print(f"{there}; going on", file=sys.stderr)
        return
    if there:
        print(f"{there}; this training replaces them after its first epoch", file=sys.stderr)
    print(
        f"training '{record['recipe']}' on {record['training_images']:,} images of"
        f" {record['data']}, validating on {record['validation_images']:,} others",
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
