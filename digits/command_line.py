"""How every script meets the terminal: its parser, its exit status, its last words."""

import argparse
import os
import sys
from pathlib import Path

from digits.errors import UserError
from digits.files import reason, shown

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "mnist_cnn.h5"

PACKAGES = {"numpy", "PIL", "h5py", "matplotlib", "tensorflow", "keras"}


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that shows defaults and examples, and fails in one sentence."""

    def __init__(self, description, examples):
        super().__init__(
            description=description,
            epilog=f"examples:\n{examples}",
            formatter_class=HelpFormatter,
        )

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help shows what it takes\n")


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Defaults behind each option, description and examples as they are written."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=26, width=80)

    def _get_help_string(self, action):
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def add_data(parser):
    """Add `--data`, which every script takes."""
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="MNIST as an .npz or a folder of its four IDX files; without it, $MNIST_PATH, then"
        " Keras's cache, then a download into that cache",
    )


def add_model(parser):
    """Add `--model`, which every script takes that predicts."""
    parser.add_argument(
        "--model",
        type=Path,
        default=shown(MODEL),
        metavar="FILE",
        help="the .h5 of a trained network",
    )


def run(main):
    """Call `main`, which returns an exit status, and exit: 0, 2 for what the user can mend, or 130.

    Whatever else goes wrong is a programming error and stays a traceback.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # a name may hold what the terminal cannot
    sys.exit(status_of(main))


def status_of(main):
    """Return the exit status of `main`, having said in one sentence what went wrong."""
    try:
        status = main()
        sys.stdout.flush()
        return status
    except UserError as error:
        return complain(error)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in PACKAGES:
            raise
        return complain(missing_package(error.name))
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough, as `| head` has
        drop_output()
        return 0
    except OSError as error:
        if error.filename is not None:
            return complain(f"{shown(error.filename)}: {reason(error)}; check the path")
        drop_output()  # only a stream has no name
        return complain(f"cannot write the output: {reason(error)}; send it elsewhere")


def complain(sentence):
    """Print one sentence on stderr and return exit status 2."""
    print(sentence, file=sys.stderr)
    return 2


def missing_package(name):
    """Return the sentence for a package that this Python does not have."""
    requirements = shown(ROOT / "requirements.txt")
    return f"{name} is not installed: run {sys.executable} -m pip install -r {requirements}"


def drop_output():
    """Point stdout nowhere, so that Python's own flush at exit cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
