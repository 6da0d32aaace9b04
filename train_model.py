#!/usr/bin/env python3
"""Train a network on MNIST, on synthetic digits, or further on your own pictures."""

import shlex
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from digits import UserError
from digits.command_line import (
    MODEL,
    PRETRAINED,
    SYNTHETIC_MODEL,
    Parser,
    add_data,
    in_help,
    run,
    say,
    whole_number,
)
from digits.files import locked, printable, shown, user_path
from digits.network.recipes import DEFAULT, RECIPES, SETTINGS

SEED = 1
OTHER_SYNTHETIC = 15_000  # digits for --own without MNIST
MAX_FALL = 0.001  # of validation accuracy: a model that falls by more is not saved

EXAMPLES = """\
  python train_model.py
  python train_model.py --recipe fast --output models/fast.h5
  python train_model.py --data Downloads/mnist.npz
  python train_model.py --dataset generated
  python train_model.py --resume
  python train_model.py --own my_digits"""


def main():
    arguments = parse()
    if arguments.list_recipes:
        return list_recipes()
    if arguments.own:
        return teach(arguments)
    with ExitStack() as lock:
        output, training, validation = load_data(arguments, lock)
        record, state = take_recipe(arguments, output, training, validation)
        announce(record)
        with checkpoint_of(output) as path:
            build, train, save = import_training()
            network = build(record)
            record = train(network, record, training, validation, path, state)
            save(network, record, output)
        report(record, output)
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_settings(parser)
    parser.add_argument("--list-recipes", action="store_true", help="print the recipes and exit")
    add_data(parser, "; or a folder of pictures with labels, as for --own")
    add_dataset(parser)
    add_output(parser)
    add_own(parser)
    arguments = parser.parse_args()
    if arguments.data and arguments.dataset == "generated":
        parser.error("--dataset generated needs no --data: leave one of them out")
    require_fitting(arguments, parser)
    return arguments


def require_fitting(arguments, parser):
    """End the script in a sentence if an option does not go with --own, or needs it."""
    of_recipe = {name: getattr(arguments, name) for name in ("recipe", "epochs", "batch_size")}
    without = {**of_recipe, "resume": arguments.resume or None}
    needing = {"model": arguments.model, "force": arguments.force or None}
    for name, value in (without if arguments.own else needing).items():
        if value is not None:
            what = "does not go with" if arguments.own else "is for"
            parser.error(f"--{name.replace('_', '-')} {what} --own: leave it out")


def add_own(parser):
    parser.add_argument(
        "--own",
        type=user_path,
        metavar="FOLDER",
        help="train a model further on your own pictures, with their labels in names like"
        " 7_kitchen.jpg, in subfolders 0 to 9, or in a labels.csv",
    )
    parser.add_argument(
        "--model",
        type=user_path,
        metavar="FILE",
        help=f"with --own, the model to start from (default: {in_help(PRETRAINED)})",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help=f"with --own, save the model even if validation accuracy falls by more than"
        f" {100 * MAX_FALL:g} points",
    )


def add_dataset(parser):
    parser.add_argument(
        "--dataset",
        choices=("auto", "mnist", "generated"),
        default="auto",
        help="mnist, or generated: synthetic digits drawn from pen strokes; auto is mnist if it"
        " can be found or downloaded",
    )


def add_output(parser):
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="FILE",
        help=f"the .h5 file to write (default: {in_help(MODEL)}, or {SYNTHETIC_MODEL.name} beside"
        " it for synthetic digits)",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="resume the training of that model from its checkpoint",
    )


def add_settings(parser):
    """Add the settings of a training; one that is not given is None, so that --resume can tell."""
    parser.add_argument(
        "--recipe",
        choices=RECIPES,
        metavar="NAME",
        help=f"the network and its training; --list-recipes shows all (default: {DEFAULT})",
    )
    helps = {
        "epochs": "number of epochs (default: the recipe's)",
        "batch_size": "number of images in a batch (default: the recipe's)",
        "seed": f"random seed (default: {SEED})",
    }
    for name, limits in SETTINGS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=whole_number(*limits), metavar="N", help=helps[name])


def list_recipes():
    for name, recipe in RECIPES.items():
        print(
            f"{name:16} {recipe.epochs:2} epochs, {recipe.batch_size:3} a batch: {recipe.summary}"
        )
    return 0


def load_data(arguments, lock):
    """Return the path of the model to write, and its training and validation images.

    The path is locked by `lock`, an `ExitStack`, and checked before data is sought.
    """
    synthetic_wanted = wants_synthetic(arguments)
    output = arguments.output or (SYNTHETIC_MODEL if synthetic_wanted else MODEL)
    reserve(output, arguments.resume, lock)
    mnist = None if synthetic_wanted else find_data(arguments)
    if mnist:
        return (output, *mnist)
    if not (synthetic_wanted or arguments.output):
        lock.close()  # MODEL is for MNIST
        output = SYNTHETIC_MODEL
        reserve(output, arguments.resume, lock)
    return (output, *generate_digits(output))


def wants_synthetic(arguments):
    """True with --dataset generated, or for a bare --resume if only that model has a checkpoint."""
    from digits.network import checkpoint

    bare = arguments.resume and not (arguments.output or arguments.data)
    if bare and arguments.dataset == "auto" and not checkpoint.path_of(MODEL).is_file():
        return checkpoint.path_of(SYNTHETIC_MODEL).is_file()
    return arguments.dataset == "generated"


def reserve_model(output, lock):
    """Lock a model's path. Raises UserError unless the model can be written."""
    from digits.network import model_file

    lock.enter_context(locked(output))
    model_file.require_place(output)


def reserve(output, resume, lock):
    """Lock a model's path. Raises UserError unless the model and its checkpoint can be written."""
    from digits.network import checkpoint

    reserve_model(output, lock)
    checkpoint.require_place(checkpoint.path_of(output), resume)


def find_data(arguments):
    """Return training and validation images, or None, and say so, if there is no MNIST."""
    from digits.data import mnist
    from digits.network import predictor
    from digits.own import labels, lessons

    if arguments.data and labels.has_labels(arguments.data):
        found = lessons.lessons_of(arguments.data, predictor.load(PRETRAINED))
        return mnist.split(lessons.as_data(found))
    try:
        return mnist.load_training(arguments.data)
    except mnist.NotFoundError as error:
        if arguments.dataset == "mnist":
            raise
        say(f"{error}. Training on synthetic digits instead, drawn from pen strokes.")
        return None


def generate_digits(output):
    """Return synthetic training and validation images for a model at `output`.

    Raises UserError if a model trained on MNIST is there.
    """
    from digits.data import mnist, synthetic
    from digits.network import model_file

    if model_file.data_of(output) == mnist.MNIST:
        raise UserError(
            f"{shown(output)} was trained on MNIST and is not overwritten by a model trained on"
            " synthetic digits: name another place with --output"
        )
    say(f"generating {synthetic.IMAGES:,} synthetic digits")
    return synthetic.load_training()


def take_recipe(arguments, output, training, validation):
    """Return the record of the training that is asked for, and the arrays to resume it from."""
    from digits.data import mnist
    from digits.network import checkpoint

    asked = {name: getattr(arguments, name) for name in ("recipe", *SETTINGS)}
    data = {
        "data": training.name,
        "training_images": len(training.images),
        "validation_images": len(validation.images),
        "checksum": mnist.checksum(training.images, training.labels)[:12],
    }
    if arguments.resume:
        return checkpoint.load(checkpoint.path_of(output), {**asked, **data})
    return {**new_settings(asked, training.name), **data}, ()


def new_settings(asked, data):
    """Return the settings of a training: those asked for and, for None, the recipe's own."""
    from digits.data import synthetic

    given = {"recipe": DEFAULT} | {name: each for name, each in asked.items() if each is not None}
    recipe = RECIPES[given["recipe"]]
    own = {"epochs": recipe.epochs, "batch_size": recipe.batch_size, "seed": SEED}
    options = given | ({"dataset": "generated"} if data == synthetic.NAME else {})
    words = [f"--{name.replace('_', '-')} {value}" for name, value in options.items()]
    return {"command": " ".join(["python train_model.py", *words]), **own, **given}


def announce(record):
    """Say what is trained: TensorFlow needs seconds before its first line."""
    from digits.network import checkpoint

    new, done = RECIPES[record["recipe"]].synthetic, checkpoint.epochs_done(record)
    images = f"{record['training_images']:,} images of {record['data']}"
    if new.total:
        images += (
            f" and, per epoch, {new.total - new.non_digits:,} synthetic digits and"
            f" {new.non_digits:,} non-digits"
        )
    again = ", whose synthetic images are made again first" if new.total else ""
    say(
        f"training '{record['recipe']}' on {images};"
        f" validating on {record['validation_images']:,} other images"
        + (f"; resuming after {done} of {record['epochs']} epochs{again}" if done else "")
    )


def import_training():
    """Return the functions that build, train and save a network; TensorFlow takes seconds."""
    from digits.network.tensorflow_start import import_tensorflow

    import_tensorflow()
    from digits.network import model_file, training

    return training.build, training.train, model_file.save


@contextmanager
def checkpoint_of(output):
    """Yield the path of a model's checkpoint, which is deleted when the block ends well.

    An error or Ctrl-C in the block gets a message that says what --resume can continue.
    """
    from digits.network import checkpoint

    path = checkpoint.path_of(output)
    try:
        yield path
    except checkpoint.ChangedError:
        raise
    except (KeyboardInterrupt, UserError) as end:
        message = "; ".join(filter(None, [str(end), checkpoint.described(path)]))
        raise type(end)(message) from end
    path.unlink(missing_ok=True)


def report(record, path):
    """Print the result of the training, and what to do with it."""
    from digits.metrics import accuracy_with_misses

    scored = accuracy_with_misses(record["validation_misses"], record["validation_images"])
    print(f"validation accuracy {scored}")
    report_saved(record, path)


def report_saved(record, path):
    option = "" if path == MODEL else f" --model {printable(shlex.quote(shown(path)))}"
    print(f"trained in {record['seconds']:.0f} s, saved as {printable(shown(path))}")
    print(f"next: python evaluate_model.py{option}, or python predict_image.py{option} PICTURE")


def teach(arguments):
    """Train a model further on the user's own pictures."""
    from digits.own import models, report

    path, output = arguments.model or PRETRAINED, arguments.output or MODEL
    with ExitStack() as lock:
        reserve_model(output, lock)
        record, lessons = read_lessons(path, arguments)
        others, validation = other_digits(arguments)
        say(report.of_lessons(lessons, others.name))
        _, _, save = import_training()
        from digits.own import teaching

        network, record, after = teaching.teach(path, record, lessons, others, validation)
        print(report.of_teaching([each.result for each in lessons], after, record))
        models.require_kept(record, output, 1 if arguments.force else MAX_FALL)
        save(network, record, output)
    report_saved(record, output)
    return 0


def read_lessons(path, arguments):
    """Return the record of the training of the model at `path`, and what it can learn."""
    from digits.own import lessons, models

    predict = models.load_start(path)
    seed = SEED if arguments.seed is None else arguments.seed
    new = {"command": command_of(arguments), "seed": seed}
    return {**predict.record, **new}, lessons.lessons_of(arguments.own, predict)


def command_of(arguments):
    """Return the command that repeats a training on own pictures."""
    names = ("own", "model", "data", "dataset", "seed")
    given = [(name, getattr(arguments, name)) for name in names]
    options = [f"--{k} {shlex.quote(str(v))}" for k, v in given if v not in (None, "auto")]
    return " ".join(["python train_model.py", *options])


def other_digits(arguments):
    """Return training and validation images of digits that must not be forgotten."""
    from digits.data import synthetic

    found = None if arguments.dataset == "generated" else find_data(arguments)
    if found is None:
        say(f"generating {OTHER_SYNTHETIC:,} synthetic digits")
    return found or synthetic.load_training(OTHER_SYNTHETIC)


if __name__ == "__main__":
    run(main)
