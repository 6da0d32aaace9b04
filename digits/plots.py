"""Figures. Every `draw_` function draws on the axes that it is given; a script saves and shows."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import fill

import numpy as np

from digits import UserError
from digits.files import printable, whole_file
from digits.metrics import confidence

# Of Okabe and Ito's palette, which colour-blind people can tell apart too.
BLUE, ORANGE, RED, GREY = "#0072B2", "#E69F00", "#D55E00", "#767676"

FORMATS = (".png", ".jpg", ".pdf", ".svg")
DOTS_PER_INCH = 120
DRAWING_SECONDS = 0.3  # for a window to draw itself
SCREEN = ("DISPLAY", "WAYLAND_DISPLAY")  # Windows and macOS have neither


def new_figure(width, height, window=False):
    """Return a figure, its size in inches: one for a window, or one only to be saved."""
    import_matplotlib()
    if window:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=(width, height), layout="constrained")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def window_available():
    if sys.platform not in ("win32", "darwin") and not any(map(os.environ.get, SCREEN)):
        return False
    from digits.command_line import stderr_held_back

    with stderr_held_back():  # toolkits and Wayland print why they cannot
        return has_toolkit()


def has_toolkit():
    """True if the backend that matplotlib is set to, or finds by itself, can open windows."""
    import_matplotlib()
    import matplotlib.pyplot as plt
    from matplotlib.backends import BackendFilter, backend_registry

    backend = plt.get_backend().lower()
    if backend not in backend_registry.list_builtin(BackendFilter.INTERACTIVE):
        return False
    try:
        plt.switch_backend(backend)
    except (ImportError, RuntimeError):  # its toolkit is not installed, or has no screen
        return False
    return True


def require_window(instead="run it without --show"):
    if not window_available():
        raise UserError(f"no screen or no toolkit to open a window with: {instead}")


def require_figure_name(path):
    if path.suffix.lower() not in FORMATS:
        endings = ", ".join(FORMATS)
        raise UserError(f"cannot save a figure as {path}: its name must end in one of {endings}")


def save(figure, path):
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=DOTS_PER_INCH)


def show(wait=True):
    """Show all figures made for a window; with `wait`, return when the user has closed them."""
    import matplotlib.pyplot as plt

    plt.show(block=wait)
    if not wait:
        plt.pause(DRAWING_SECONDS)


def close_windows():
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def draw_image(ax, image, title="", colour="black"):
    """Draw an image, uint8 grey (h, w) or colour (h, w, 3), without axes."""
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)  # a colour image brings its own
    ax.set_title(title, color=colour, fontsize="medium", parse_math=False)
    ax.set_axis_off()


def draw_confidences(ax, probabilities):
    """Draw the ten confidences, (10,) from 0 to 1, as bars."""
    colours = [BLUE if digit == probabilities.argmax() else GREY for digit in range(10)]
    bars = ax.barh(range(10), 100 * np.asarray(probabilities), color=colours)
    ax.bar_label(bars, map(confidence, probabilities), padding=3, fontsize="small")
    ax.set(xlim=(0, 125), xticks=range(0, 101, 25), yticks=range(10))
    ax.set(xlabel="confidence (%)", ylabel="digit")
    ax.invert_yaxis()


def draw_answer(axes, answer):
    """Draw an `Answer` on three axes: picture, network input, least confident digit."""
    colour = RED if answer.label is not None and not answer.is_right else "black"
    name = printable(Path(answer.source).name)
    draw_reading(axes, answer, f"{shortened(name)}\n{fill(answer.words, 44)}", colour)
    if not answer.rows:
        return
    axes[1].set_title("what the network saw", fontsize="medium")
    draw_confidences(axes[2], answer.least_confident.probabilities)
    if len(answer.digits) > 1:
        axes[2].set_title(
            f"least confident digit, {answer.least_confident.predicted}", fontsize="medium"
        )


def draw_reading(axes, answer, title, colour="black"):
    """Draw an `Answer` on two axes: the picture, and the network's input."""
    if answer.image is not None:
        draw_image(axes[0], answer.image, title, colour)
        draw_boxes(axes[0], answer)
    if answer.rows:
        draw_image(axes[1], digits_image(answer.rows), answer.written)


def shortened(name, most=28):
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 :]}"


def draw_boxes(ax, answer):
    """Draw a box around each digit and mark of a picture; a test image needs none."""
    if answer.label is not None:
        return
    is_single = len(answer.digits) + len(answer.marks) == 1
    for digit in answer.digits:
        name = "" if is_single else str(digit.predicted)
        draw_box(ax, np.divide(digit.box, answer.scale), name, ORANGE)
    for mark in answer.marks:
        draw_box(ax, np.divide(mark.box, answer.scale), mark.sign, BLUE)


def draw_box(ax, box, name, colour):
    """Draw a box, left, top, right, bottom in pixels of the image, with its name above it."""
    left, top, right, bottom = box
    corners = [left, right, right, left, left], [top, top, bottom, bottom, top]
    ax.plot(*corners, color=colour, linewidth=1, scalex=False, scaley=False)
    ax.text(left, top, name, color=colour, va="bottom", weight="bold")


def digits_image(rows):
    """Return `answers.Row`s as one image of their digits, uint8; black where a row is shorter."""
    longest = max(len(row.digits) for row in rows)
    image = np.zeros((28 * len(rows), 28 * longest), np.uint8)
    for n, row in enumerate(rows):
        images = np.hstack([digit.image for digit in row.digits])
        image[28 * n : 28 * (n + 1), : images.shape[1]] = images
    return image


def answers_figure(answers, window=False):
    figure = new_figure(9, 3 * len(answers), window)
    for row, answer in zip(np.atleast_1d(figure.subfigures(len(answers))), answers, strict=True):
        draw_answer(row.subplots(1, 3), answer)
    return figure


def import_matplotlib():
    """Import and return matplotlib, which an `$MPLBACKEND` that is not installed must not end.

    Jupyter sets the variable to its own backend, and child processes inherit it.
    """
    if "matplotlib" not in sys.modules:
        import logging
        import warnings

        backend = os.environ.pop("MPLBACKEND", None)
        import matplotlib

        logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports on its font cache
        warnings.filterwarnings("ignore", "Glyph")  # the font lacks letters of some file names
        if backend:
            os.environ["MPLBACKEND"] = backend
            with suppress(ValueError):  # no such backend
                matplotlib.rcParams["backend"] = backend
    return sys.modules["matplotlib"]
