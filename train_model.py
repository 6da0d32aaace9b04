#!/usr/bin/env python3
"""Train a network on MNIST, or on drawn digits, and save it with its history."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from digits import UserError
from digits.command_line import (
    GENERATED_MODEL,
    MODEL,
    Parser,
    add_data,
    in_help,
    run,
    say,
    whole_number,
)
from digits.files import locked, printable, require_writable, shown, user_path
from digits.network.recipes import DEFAULT, RECIPES, SETTINGS

SEED = 1

EXAMPLES = """\
  python train_model.py
  python train_model.py --recipe fast --output models/fast.h5
  python train_model.py --data Downloads/mnist.npz
  python train_model.py --dataset generated
  python train_model.py --resume"""


def main():
    arguments = parse()
    if arguments.list_recipes:
        return list_recipes()
    if not is_generated(arguments):
        output = arguments.output or MODEL
        with locked(output):
            place = require_places(output, arguments.resume)  # before data is sought
            found = mnist_training(arguments)
            if found or arguments.output:
                return trained(arguments, output, place, found or drawn_training(output))
    output = arguments.output or GENERATED_MODEL
    with locked(output):
        place = require_places(output, arguments.resume)
        return trained(arguments, output, place, drawn_training(output))


def trained(arguments, output, place, data):
    """Train the model `output` on training and validation images, and return the exit status."""
    record, state = planned(arguments, *data, place)
    announce(record)
    report(completed(record, data, state, place, output), output)
    return 0


def completed(record, data, state, place, output):
    """Train, save the model at `output`, remove what was kept at `place`, and return its record."""
    from digits.network import checkpoint, model_file
    from digits.network.tensorflow_start import (
        import_tensorflow,  # after the checks: it takes seconds
    )

    import_tensorflow()
    from digits.network.training import train

    try:
        network, record = train(record, *data, place, state)
        model_file.save(network, record, output)
    except checkpoint.ChangedError:
        raise
    except (KeyboardInterrupt, UserError) as end:
        raise type(end)(with_what_is_kept(end, place)) from end
    place.unlink(missing_ok=True)
    return record


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_settings(parser)
    parser.add_argument("--list-recipes", action="store_true", help="print them, and exit")
    add_data(parser)
    parser.add_argument(
        "--dataset",
        choices=("auto", "mnist", "generated"),
        default="auto",
        help="MNIST, or digits drawn from pen strokes; auto is MNIST where it can be had",
    )
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="FILE",
        help=f"the .h5 to write (default: {in_help(MODEL)}, or {GENERATED_MODEL.name} beside it"
        " for generated digits)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the unfinished training of that .h5"
    )
    arguments = parser.parse_args()
    if arguments.data and arguments.dataset == "generated":
        parser.error("--dataset generated needs no --data: leave one of them out")
    return arguments


def add_settings(parser):
    """Add what a training's record keeps; None is not asked for, so that --resume can tell."""
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        metavar="NAME",
        help=f"network and training, of those that --list-recipes names (default: {DEFAULT})",
    )
    helps = dict.fromkeys(SETTINGS, "instead of the recipe's own")
    helps["seed"] = f"decides all chance (default: {SEED})"
    for name, limits in SETTINGS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=whole_number(*limits), metavar="N", help=helps[name])


def list_recipes():
    """Print a line per recipe, and return the exit status."""
    for name, recipe in RECIPES.items():
        print(
            f"{name:16} {recipe.epochs:2} epochs, {recipe.batch_size:3} a batch: {recipe.summary}"
        )
    return 0


def is_generated(arguments):
    """Return whether it is known, before MNIST is sought, that drawn digits are to be trained on.

    A bare --resume goes on with the one training there is to go on with, whichever its data.
    """
    from digits.network import checkpoint

    bare = arguments.resume and not (arguments.output or arguments.data)
    if bare and arguments.dataset == "auto" and not checkpoint.place(MODEL).is_file():
        return checkpoint.place(GENERATED_MODEL).is_file()
    return arguments.dataset == "generated"


def mnist_training(arguments):
    """Return MNIST's training and validation images, or None, which is said, without MNIST."""
    from digits.data import mnist

    try:
        return mnist.load_training(arguments.data)
    except mnist.NotFoundError as error:
        if arguments.dataset == "mnist":
            raise
        say(f"{error}. Until then, digits drawn from pen strokes must do.")
        return None


def drawn_training(output):
    """Return generated training and validation images, for a model at `output`.

    Raises UserError if there is a model trained on MNIST, which is worth more.
    """
    from digits.data import mnist, synthetic
    from digits.network import model_file

    if model_file.data_of(output) == mnist.MNIST:
        raise UserError(
            f"{shown(output)} was trained on MNIST, which generated digits are no match for:"
            " name another place with --output"
        )
    say(f"drawing {synthetic.IMAGES:,} digits")
    return synthetic.load_training()


def require_places(output, resume):
    """Return where a training of the model `output` is kept while it is unfinished.

    Raises UserError unless there is room for both, and nothing unfinished would be lost.
    """
    from digits.network import checkpoint, model_file

    place = checkpoint.place(output)
    model_file.require_place(output)
    require_writable(place)
    if resume:
        checkpoint.require(place)
        return place
    kept = checkpoint.described(place)
    if kept:
        raise UserError(f"{kept}; delete it to start anew")
    return place


def planned(arguments, training, validation, place):
    """Return the record of the training that is asked for, and the state to go on from."""
    from digits.data import mnist
    from digits.network import checkpoint

    asked = {name: getattr(arguments, name) for name in ("recipe", "epochs", "batch_size", "seed")}
    data = {
        "data": training.name,
        "training_images": len(training.images),
        "validation_images": len(validation.images),
        "checksum": mnist.checksum(training.images, training.labels)[:12],
    }
    if arguments.resume:
        return checkpoint.load(place, {**asked, **data})
    return {**new(asked, training.name), **data}, ()


def new(asked, data):
    """Return the settings of a training, of those asked for and, for None, the recipe's own."""
    given = {"recipe": DEFAULT} | {name: each for name, each in asked.items() if each is not None}
    recipe = RECIPES[given["recipe"]]
    own = {"epochs": recipe.epochs, "batch_size": recipe.batch_size, "seed": SEED}
    return {"command": command(given, data), **own, **given}


def command(settings, data):
    """Return the line that starts a training of these settings, on MNIST or on drawn digits."""
    from digits.data import synthetic

    if data == synthetic.NAME:
        settings = {**settings, "dataset": "generated"}
    options = [f"--{name.replace('_', '-')} {value}" for name, value in settings.items()]
    return " ".join(["python train_model.py", *options])


def announce(record):
    """Say what is about to happen: TensorFlow needs seconds before its first line."""
    recipe = RECIPES[record["recipe"]]
    images = [f"{record['training_images']:,} images of {record['data']}"]
    drawn = recipe.drawn
    if drawn.images:
        new = f"{drawn.digits + drawn.rare:,} drawn digits and {drawn.none:,} of no digit"
        images += [f"{new}, new ones {when_new(record['epochs'])}, which are drawn first"]
    done = len(record["history"]["loss"]) if "history" in record else 0
    say(
        f"training '{record['recipe']}' on {', '.join(images)},"
        f" validating on {record['validation_images']:,} others"
        + (f", after {done} of {record['epochs']} epochs" if done else "")
    )


def when_new(epochs):
    """Return in words in which of a training's epochs its drawn images are new."""
    from digits.data.synthetic import MOST_EPOCHS

    return "each epoch" if epochs <= MOST_EPOCHS else f"in each of the first {MOST_EPOCHS} epochs"


def with_what_is_kept(end, place):
    """Return the last words of a training that ended early, and what remains of it."""
    from digits.network import checkpoint

    return "; ".join(filter(None, [str(end), checkpoint.described(place)]))


def report(record, path):
    """Print what came of the training."""
    from digits.metrics import accuracy_with_misses

    scored = accuracy_with_misses(record["validation_misses"], record["validation_images"])
    print(f"validation accuracy {scored}")
    print(printable(f"trained in {record['seconds']:.0f} s, saved as {shown(path)}"))


if __name__ == "__main__":
    run(main)
