"""Shared command-line code: parser, exit status, error messages, standard streams."""

import argparse
import faulthandler
import os
import sys
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.version_info < (3, 10):  # noqa: UP036  before code that older ones cannot parse
    version = sys.version.split()[0]
    print(f"this is Python {version}: run it with 3.10 or a newer one", file=sys.stderr)
    sys.exit(2)

from digits import UserError
from digits.files import exists, printable, reason, shown, user_path

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "mnist_cnn.h5"
SYNTHETIC_MODEL = MODEL.with_name("generated_cnn.h5")
PRETRAINED = MODEL.with_name("pretrained.h5")  # comes with the project

PROGRESS_STEP = 10  # items between two changes of a counter
PACKAGES = {"numpy", "PIL", "h5py", "matplotlib", "tensorflow", "keras"}


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that shows defaults and examples, and fails in one sentence."""

    def __init__(self, description, examples):
        epilog = f"examples:\n{examples}"
        super().__init__(description=description, epilog=epilog, formatter_class=HelpFormatter)

    def error(self, message):
        message = f"{self.prog}: {message}; {self.prog} --help shows what it takes"
        self.exit(2, f"{printable(message)}\n")

    def format_help(self):
        return "\n".join(map(printable, super().format_help().split("\n")))


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog):
        super().__init__(prog, max_help_position=26, width=80)

    def _get_help_string(self, action):
        has_default = action.default is not None and action.default is not False
        return super()._get_help_string(action) if has_default else action.help


def in_help(path):
    return shown(path).replace("%", "%%")  # argparse replaces %


def add_data(parser, more=""):
    parser.add_argument(
        "--data",
        type=user_path,
        metavar="PATH",
        help="MNIST: an .npz file, or a folder with its four IDX files (default: $MNIST_PATH, else"
        f" Keras's cache, else a download into that cache){more}",
    )


def whole_number(least, most):
    """Return a type for argparse: a whole number from `least` to `most`."""

    def parse(text):
        if not text.isdecimal() or len(text) > 19 or not least <= int(text) <= most:
            what = f"a whole number from {least} to {most:,}"
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return int(text)

    return parse


def add_model(parser, **settings):
    default = f"(default: {in_help(MODEL)} if you have trained one, else {in_help(PRETRAINED)})"
    parser.add_argument(
        "--model",
        type=user_path,
        metavar="FILE",
        help=f"a trained model, .h5 or .keras {default}",
        **settings,
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="let Keras load a model that NumPy cannot compute; only for a file from someone whom"
        " you trust",
    )


def model_or_default(path):
    """Return `path`, or else the user's own model, or else the pretrained one, which is said."""
    if path or exists(MODEL):
        return path or MODEL
    if exists(PRETRAINED):
        say(f"using {shown(PRETRAINED)}, which comes with the project")
    return PRETRAINED


def run(main):
    """Exit with the status that `main` returns, 2 after a UserError, 130 after Ctrl-C."""
    open_standard_streams()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries: with -W error they would end the script
        sys.exit(status_of(main))


def open_standard_streams():
    """Open closed standard streams on the null device, and let them print any file name.

    Otherwise the next file to be opened would get the number of a closed stream.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if not is_open(number):
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if hasattr(stream, "reconfigure"):  # IDLE's has not
            stream.reconfigure(errors=errors)


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def status_of(main):
    try:
        status = main()
        print(end="", flush=True)  # so that a full disk is noticed here
        return status
    except KeyboardInterrupt as interruption:
        say("")  # ends the line with ^C
        say(": ".join(filter(None, ["interrupted", str(interruption)])))
        return 130
    except BrokenPipeError:  # the reader has seen enough, as in `| head`
        drop_output()
        return 0
    except (UserError, ModuleNotFoundError, OSError) as error:
        return complain(explained(error))


def explained(error):
    """Return an error as one sentence; raise that of a missing module of our own."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    if error.filename is not None:
        return f"{shown(error.filename)}: {reason(error)}; check the path"
    if isinstance(error, FileNotFoundError):  # of os.getcwd
        return "the working folder has been deleted: go to one that is there"
    drop_output()
    return f"cannot write the output: {reason(error)}; send it elsewhere"


def say(sentence):
    """Print a sentence on stderr, without control characters."""
    with suppress(OSError):  # stderr cannot be written: the exit status still tells
        print(printable(sentence), file=sys.stderr, flush=True)


def show_progress(what, done, total):
    """Show on a terminal how far a long step is, on one line that each call writes anew."""
    if sys.stderr.isatty() and total:
        end = "\r" if done < total else "\n"  # what is printed next takes the line's place
        with suppress(OSError):
            print(f"{what} {100 * done // total:3} %", end=end, file=sys.stderr, flush=True)


def with_progress(items, what, total):
    """Yield the items, and show on a terminal how many of the `total` are done."""
    for done, item in enumerate(items, start=1):
        if done % PROGRESS_STEP == 0 or done == total:
            show_progress(what, done, total)
        yield item


def complain(sentence):
    say(sentence)
    return 2


def missing_package(error):
    name = (error.name or "").partition(".")[0]
    if name not in PACKAGES:
        raise error
    requirements = shown(ROOT / "requirements.txt")
    return f"{name} is not installed: run {sys.executable} -m pip install -r {requirements}"


def drop_output():
    """Point stdout at the null device: Python's flush at exit must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def stderr_to(other):
    """Point file descriptor 2, where C libraries write, at the descriptor `other` in this block.

    Yields a descriptor of what 2 was, on which a crash of the interpreter still reports; or None if
    2 was closed, and then it stays closed.
    """
    try:
        before = os.dup(2)
    except OSError:
        yield None
        return
    if sys.stderr:
        sys.stderr.flush()
    os.dup2(other, 2)
    is_reported = faulthandler.is_enabled()
    try:
        if not is_reported:
            faulthandler.enable(before)
        yield before
    finally:
        if not is_reported:
            faulthandler.disable()
        os.dup2(before, 2)
        os.close(before)


@contextmanager
def stderr_held_back():
    """Hold back what is written to stderr in this block, and show it if the block fails."""
    import tempfile  # which takes as long as all the rest here

    with tempfile.TemporaryFile() as held, stderr_to(held.fileno()) as terminal:
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
