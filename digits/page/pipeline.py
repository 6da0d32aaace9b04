"""A picture → the answer: the steps from a file to the digits in it, one after another."""

from contextlib import suppress

import numpy as np

from digits import NoDigitError, UserError
from digits.files import first_line, shown
from digits.page import pictures
from digits.page.answers import Answer, Digit, status_of
from digits.page.ink import ink_of, likely_polarities
from digits.page.reading import Classifier, as_one_digit, as_rows, most_probable
from digits.page.segments import NotDigitsError, digit_parts

NO_INK = "nothing stands out from the paper; more contrast, or more paper around it, may help"
NO_DIGIT = "what stands out looks like none; crop away what is not the digit"
FAILED = "reading it failed"


def answer_to_picture(path, predict):
    """Return the `Answer` to a picture file. Whatever is wrong with the file is in the answer."""
    return guarded(shown(path), lambda: pictures.load(path), predict)


def answer_to_drawing(image, predict):
    """Return the `Answer` to a drawing, a PIL image."""
    return guarded("drawing", lambda: image, predict)


def guarded(source, load, predict):
    """Return the `Answer` to the picture that `load` returns, a PIL image.

    A failure that nobody foresaw is an answer, too, so that one picture never ends a folder.
    """
    try:
        return answer_to(load(), source, predict)
    except UserError as error:
        return Answer(source, "unreadable", error=str(error))
    except Exception as error:  # noqa: BLE001 - a fault of this program, or of a library
        what = f"{type(error).__name__}: {first_line(error)}"
        sentence = f"{FAILED} ({what}); please report this, with the picture"
        return Answer(source, "unreadable", error=sentence)


def answer_to(picture, source, predict):
    """Return the `Answer` to a PIL image as of `pictures.load`."""
    image = pictures.for_display(picture)
    try:
        rows = digits_in(picture, predict)
    except NoDigitError as error:
        return Answer(source, "no-digit", image, error=f"no digit found: {error}")
    scale = picture.info.get("reduced", 1) * picture.width / image.shape[1]
    return Answer(source, status_of(rows), image, rows, scale)


def digits_in(picture, predict):
    """Return rows of `Digit`s, from the top, in a PIL image as of `pictures.load`.

    `predict` takes uint8 (n, 28, 28) to probabilities, float32 (n, 10). Boxes are in pixels of the
    file. Raises NoDigitError if there are none.
    """
    grey = pictures.grey(picture)  # float32 (h, w), 0 black to 1 white
    inks = [ink for polarity in likely_polarities(grey) if (ink := ink_of(polarity))]
    readings = []
    for ink in inks:  # dark on light, light on dark, or both
        with suppress(NotDigitsError):
            parts = digit_parts(ink)
            classifier = Classifier(ink, predict)
            readings.append(as_rows(parts, classifier))
            if parts.may_be_one_digit():
                readings.append(as_one_digit(parts, classifier))
    rows = most_probable(readings)
    if not rows:
        raise NoDigitError(NO_DIGIT if inks else NO_INK)
    return in_pixels_of_file(rows, picture, grey.shape)


def in_pixels_of_file(rows, picture, shape):
    """Return rows of `Digit`s with boxes in pixels of the file, not of grey (h, w) as before."""
    reduced = picture.info.get("reduced", 1)
    scale = [reduced * side / n for side, n in zip(picture.size, shape[::-1], strict=True)]
    return [[digit._replace(box=scaled(digit.box, scale)) for digit in row] for row in rows]


def scaled(box, scale):
    return tuple(np.rint(np.multiply(box, 2 * scale)).astype(int).tolist())


def answer_to_test_image(index, examples, predict):
    """Return the `Answer` to a test image."""
    image = examples.images[index]
    source = f"{examples.name} test image {index}"
    rows = [[Digit(image, (0, 0, 28, 28), predict(image[np.newaxis])[0])]]
    return Answer(source, status_of(rows), image, rows, label=int(examples.labels[index]))


def require_index(index, examples):
    """Raise UserError unless there is a test image of that index."""
    last = len(examples.images) - 1
    if not 0 <= index <= last:
        raise UserError(f"no test image {index}: the index goes from 0 to {last}")
