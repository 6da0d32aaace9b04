#!/usr/bin/env python3
"""Name the digit in a picture, or in one of MNIST's test images."""

# The picture to read: put the path of your own here, and run this file again.
# A relative path starts in the folder of this file.
IMAGE_PATH = r"examples/pencil_7.jpg"

import argparse
import json
import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python -I leaves it out

from digits import UserError
from digits.command_line import (
    ROOT,
    Parser,
    add_data,
    add_model,
    complain,
    model_or_default,
    run,
    say,
)
from digits.files import exists, printable, require_writable, shown, user_path

EXAMPLES = """\
  python predict_image.py                   the picture named at its top
  python predict_image.py seven.jpg scans/  pictures, and folders of them
  python predict_image.py --index 0 17      test images
  python predict_image.py --interactive     one after another, as typed
  python predict_image.py --draw            what you draw with the mouse"""

MOST_SHOWN = 8  # answers in one figure
LONGEST_LINE = 10_000  # characters of a typed line: a longer one is no path


def main():
    arguments = parse()
    require_outputs(arguments)
    from digits.network import predictor  # after parsing: --help needs no NumPy

    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    if arguments.interactive:
        return converse(arguments, predict)
    first_answers, status = print_answers(asked_answers(arguments, predict), arguments.json)
    show_answers(first_answers, arguments)
    return status


def parse():
    parser = Parser(__doc__, EXAMPLES)
    add_inputs(parser)
    add_model(parser)
    add_data(parser)
    add_outputs(parser)
    arguments = parser.parse_args()
    if (arguments.interactive or arguments.draw) and (arguments.pictures or arguments.index):
        parser.error("--interactive and --draw ask you for input: leave out pictures and --index")
    return arguments


def add_inputs(parser):
    parser.add_argument(
        "pictures", type=user_path, nargs="*", metavar="PICTURE", help="a picture, or a folder"
    )
    parser.add_argument(
        "--index",
        type=int,
        nargs="+",
        metavar="N",
        help="the index of an MNIST test image, 0 to 9999",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--interactive", action="store_true", help="ask for one index or path after another"
    )
    mode.add_argument("--draw", action="store_true", help="open a window to draw digits in")


def add_outputs(parser):
    parser.add_argument(
        "--show",
        action=argparse.BooleanOptionalAction,
        help="show the answer in a window (default: for one picture, where there is a screen)",
    )
    parser.add_argument(
        "--save",
        type=user_path,
        metavar="FILE",
        help=f"save the figure of the first {MOST_SHOWN} answers, as PNG, JPEG, PDF or SVG",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per picture")


def require_outputs(arguments):
    """Raise UserError, before anything is read, if an answer could not be saved or drawn."""
    from digits import plots

    if arguments.save:
        plots.require_figure_name(arguments.save)
        require_writable(arguments.save)
    if arguments.draw:
        plots.require_window("name a picture instead")


def asked_answers(arguments, predict):
    """Yield the `Answer` to each test image, picture or drawing that the command line asks for."""
    if arguments.draw:
        yield from answers_to_drawing(predict)
    elif arguments.index or arguments.pictures:
        if arguments.index:
            yield from answers_to_test_images(arguments.index, arguments.data, predict)
        yield from answers_to_pictures(arguments.pictures, predict)
    else:
        yield from answers_to_pictures([ROOT / user_path(IMAGE_PATH)], predict)


def answers_to_drawing(predict):
    from digits import drawing
    from digits.own.filing import Filing
    from digits.page import pipeline

    filing = Filing()

    def read(page):
        filing.offer("drawing.png", drawing.as_png(page))
        return pipeline.answer_to_drawing(page, predict)

    return drawing.answers_to_drawing(read, lambda label: f"filed as {shown(filing.file(label))}")


def answers_to_test_images(indices, data, predict):
    from digits.data import mnist
    from digits.page import pipeline

    examples = mnist.load("test", data)
    for index in indices:
        pipeline.require_index(index, examples)
    for index in indices:
        yield pipeline.answer_to_test_image(index, examples, predict)


def answers_to_pictures(paths, predict):
    """Yield the `Answer` to each picture that a path names: a folder stands for its pictures."""
    from digits.page import pictures, pipeline

    for path in paths:
        for picture in pictures.files_at(path):
            yield pipeline.answer_to_picture(picture, predict)


def print_answers(answers, as_json):
    """Print each answer as it comes; return the first ones, to be shown, and the exit status."""
    first, status = [], 0
    for answer in answers:
        if as_json:
            print(json.dumps(answer.as_json()), flush=True)
        elif not answer.error:
            print(printable(f"{answer.source}: {answer.words}"), flush=True)
        if answer.error:
            say(f"{answer.source}: {answer.words}")
            status = 2
        elif len(first) < MOST_SHOWN:
            first.append(answer)
    return first, status


def show_answers(answers, arguments, wait=True):
    """Show and save a figure of the answers, if asked to; `wait` until its window is closed."""
    from digits import plots

    if arguments.show:
        plots.require_window()
    is_one = len(answers) == 1 and not (arguments.json or arguments.draw)
    is_wanted = is_one if arguments.show is None else arguments.show
    in_window = is_wanted and plots.window_available()
    if not answers or not (in_window or arguments.save):
        return
    figure = plots.answers_figure(answers, window=in_window)
    if arguments.save:
        plots.save(figure, arguments.save)
    if in_window:
        plots.show(wait)


def converse(arguments, predict):
    from digits.own.filing import Filing

    filing = Filing()
    for line in iter(lambda: typed_line(filing), ""):
        try:
            if line.startswith("=") and not exists(Path(line)):
                say_filed(filing.file(line[1:].strip()))
            else:
                filing.forget()
                show_one(answers_to_line(line, arguments.data, predict, filing), arguments)
        except UserError as error:
            complain(error)
    return 0


def show_one(answers, arguments):
    """Print the answers to a typed line, and show them in place of those before."""
    from digits import plots

    first, _ = print_answers(answers, arguments.json)
    plots.close_windows()
    show_answers(first, arguments, wait=False)


def answers_to_line(line, data, predict, filing):
    """Return the `Answer`s to a typed line: an index, unless there is a file of that name.

    A single picture is offered to be filed.
    """
    from digits.page import pictures

    if line.isdecimal() and len(line) < 10 and not Path(line).exists():
        return answers_to_test_images([int(line)], data, predict)
    paths = pictures.files_at(typed_path(line))
    if len(paths) == 1:
        filing.offer_file(paths[0])
    return answers_to_pictures(paths, predict)


def say_filed(path):
    folder = shlex.quote(shown(path.parent))
    say(f"filed as {shown(path)}; python train_model.py --own {folder} learns from it")


def typed_line(filing):
    told = "=7 files it as a 7; " if filing.name else ""
    with suppress(OSError):  # nobody can see the question
        question = f"{told}test image or picture (Enter to stop): "
        print(question, end="", file=sys.stderr, flush=True)
    try:
        line = input() if sys.stdin.isatty() else sys.stdin.readline(LONGEST_LINE)
    except (EOFError, OSError):  # OSError: stdin is open for writing only
        return ""
    return line.strip() if len(line) < LONGEST_LINE else ""


def typed_path(line):
    """Return the path in a line, without the quotes that dragging a file to a terminal adds."""
    try:
        words = [] if user_path(line).exists() or os.name == "nt" else shlex.split(line)
    except (OSError, ValueError):  # the name is too long, or a quote is not closed
        words = []
    return user_path(words[0] if len(words) == 1 else line.strip("\"'"))


if __name__ == "__main__":
    run(main)
