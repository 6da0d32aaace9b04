#!/usr/bin/env python3
"""Name the digit in a picture, or in one of MNIST's test images."""

# The picture that is read when none is named: put your own here, and run this file again.
# A path that does not start at the root is taken from this file's folder.
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
from digits.command_line import ROOT, Parser, add_data, add_model, complain, run, say
from digits.files import printable, require_writable, user_path

EXAMPLES = """\
  python predict_image.py                   the picture named at its top
  python predict_image.py seven.jpg scans/  pictures, and folders of them
  python predict_image.py --index 0 17      test images
  python predict_image.py --interactive     one after another, as typed
  python predict_image.py --draw            what you draw with the mouse"""

MOST_DRAWN = 8  # answers in one figure
LONGEST_LINE = 10_000  # characters that are typed: more are no path


def main():
    arguments = parse()
    from digits import plots
    from digits.network import model_file  # after parsing: --help has no use for NumPy

    if arguments.save:
        plots.require_figure_name(arguments.save)
        require_writable(arguments.save)
    if arguments.draw:
        plots.require_window("name a picture instead")
    predict = model_file.predictor(arguments.model, arguments.trust)
    if arguments.interactive:
        return converse(arguments, predict)
    answers, status = tell(asked(arguments, predict), arguments.json)
    draw(answers, arguments)
    return status


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "pictures", type=user_path, nargs="*", metavar="PICTURE", help="or a folder"
    )
    parser.add_argument("--index", type=int, nargs="+", metavar="N", help="of a test image")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--interactive", action="store_true", help="ask again and again")
    mode.add_argument("--draw", action="store_true", help="open a window to draw digits in")
    add_model(parser)
    add_data(parser)
    parser.add_argument(
        "--show",
        action=argparse.BooleanOptionalAction,
        help="show the answer in a window (default: for one picture, where there is a screen)",
    )
    parser.add_argument(
        "--save",
        type=user_path,
        metavar="FILE",
        help=f"save what --show shows: {MOST_DRAWN} answers at the most",
    )
    parser.add_argument("--json", action="store_true", help="print an object per picture")
    arguments = parser.parse_args()
    if (arguments.interactive or arguments.draw) and (arguments.pictures or arguments.index):
        parser.error("--interactive and --draw get what they read from you: name nothing")
    return arguments


def asked(arguments, predict):
    """Yield the `Answer` to each test image and picture that the arguments name, or a drawing."""
    from digits.page import pictures, pipeline

    if arguments.draw:
        from digits import drawing

        yield from drawing.answers_to_drawing(
            lambda page: pipeline.answer_to_drawing(page, predict)
        )
        return

    if arguments.index:
        from digits.data import mnist

        examples = mnist.load("test", arguments.data)
        for index in arguments.index:
            pipeline.require_index(index, examples)
        for index in arguments.index:
            yield pipeline.answer_to_test_image(index, examples, predict)
    named = arguments.pictures or ([] if arguments.index else [ROOT / user_path(IMAGE_PATH)])
    for path in named:
        for picture in pictures.files_at(path):
            yield pipeline.answer_to_picture(picture, predict)


def tell(answers, as_json):
    """Print each answer as it comes, and return the first that can be drawn, and the exit status.

    That there is no answer goes to stderr. Only what is drawn is kept: a folder may hold thousands.
    """
    drawable, status = [], 0
    for answer in answers:
        if as_json:
            print(json.dumps(answer.as_json()), flush=True)
        elif not answer.error:
            print(printable(f"{answer.source}: {answer.words}"), flush=True)
        if answer.error:
            say(f"{answer.source}: {answer.words}")
            status = 2
        elif len(drawable) < MOST_DRAWN:
            drawable.append(answer)
    return drawable, status


def draw(answers, arguments, wait=True):
    """Show and save the answers as the arguments say; with `wait`, until the window is closed."""
    from digits import plots

    is_one = len(answers) == 1 and not (arguments.json or arguments.draw)
    wanted = arguments.show or (arguments.show is None and is_one)
    if arguments.show:
        plots.require_window()
    show = wanted and plots.window_available()
    if not answers or not (show or arguments.save):
        return
    figure = plots.answers_figure(answers, window=show)
    if arguments.save:
        plots.save(figure, arguments.save)
    if show:
        plots.show(wait)


def converse(arguments, predict):
    """Answer each index and path that is typed, until an empty line, and return the exit status."""
    from digits import plots

    for line in iter(typed, ""):
        is_index = line.isdecimal() and len(line) < 10 and not Path(line).exists()
        arguments.index = [int(line)] if is_index else []
        try:
            arguments.pictures = [] if is_index else [typed_path(line)]
            answers, _ = tell(asked(arguments, predict), arguments.json)
            plots.close_windows()
            draw(answers, arguments, wait=False)
        except UserError as error:
            complain(error)
    return 0


def typed():
    """Ask, and return a line without the space around it, empty at the end of the input."""
    with suppress(OSError):  # nobody reads the question
        print("test image or picture (Enter to stop): ", end="", file=sys.stderr, flush=True)
    try:
        line = input() if sys.stdin.isatty() else sys.stdin.readline(LONGEST_LINE)
    except (EOFError, OSError):  # of what is open for writing alone, say
        return ""
    return line.strip() if len(line) < LONGEST_LINE else ""


def typed_path(line):
    """Return the path in a line, also when dragging a file to the terminal quoted it."""
    try:
        words = [] if user_path(line).exists() or os.name == "nt" else shlex.split(line)
    except (OSError, ValueError):  # a name too long, a quotation mark too few
        words = []
    return user_path(words[0] if len(words) == 1 else line.strip("\"'"))


if __name__ == "__main__":
    run(main)
