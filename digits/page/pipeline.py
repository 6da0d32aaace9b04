"""A picture → the answer: load → grey → polarities → inks → parts → readings → rows → answer.

A picture in which a digit is not sure goes through it in all four turns.
"""

from contextlib import suppress
from dataclasses import replace

import numpy as np
from PIL.Image import Transpose

from digits import UserError
from digits.files import first_line, shown
from digits.page import pictures
from digits.page.answers import SURE_CONFIDENCE, Answer, Digit, Row, status_of
from digits.page.ink import ink_of, polarities
from digits.page.reading import (
    Classifier,
    as_one_digit,
    as_rows,
    likelier,
    mean_confidence,
    most_probable,
    with_explained_ink,
)
from digits.page.reasons import reason
from digits.page.segments import NotDigitsError, digit_parts, mnist_image

FAILED = "reading it failed"
TURNS = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}  # clockwise
MIN_TURNED_DIGITS = 3  # one or two may be others, turned, or no digits
FAR_SURER = 0.25  # of the doubt in the next best turn


def answer_to_image(picture, predict, source="picture"):
    """Return the `Answer` to a PIL image, as `pictures.load` returns it, or to it turned.

    `predict` takes uint8 (n, 28, 28) to probabilities, float32 (n, 10).
    """
    answer = answer_to_upright(picture, predict, source)
    if not answer.rows or has_sure_digits(answer):
        return answer
    turned = [
        replace(answer_to_upright(picture.transpose(turn), predict, source), turned=degrees)
        for degrees, turn in TURNS.items()
    ]
    best, *others = sorted(turned, key=doubt)
    is_number = len(best.digits) >= MIN_TURNED_DIGITS
    least_doubt = min(doubt(each) for each in (answer, *others))
    return best if is_number and doubt(best) < FAR_SURER * least_doubt else answer


def has_sure_digits(answer):
    """Whether each digit is sure; a doubtful mark is no reason to turn the page."""
    return answer.least_confident.confidence >= SURE_CONFIDENCE


def doubt(answer):
    """Return the mean doubt in an answer's digits, 0 to 1."""
    return 1 - mean_confidence(answer.rows) if answer.rows else 1.0


def answer_to_upright(picture, predict, source):
    """Return the `Answer` to an upright PIL image: the pipeline."""
    image = pictures.for_display(picture)  # uint8 (h, w, 3)
    grey = pictures.grey(picture, image)  # float32 (h, w), 0 black to 1 white
    rows, columns = pictures.page_in(grey)
    page, corner = grey[rows, columns], (columns.start or 0, rows.start or 0)
    found = rows_of(inks_of(page), predict)
    rows = in_pixels_of_file(found, corner, file_scale(picture, grey.shape))
    if not rows:
        return Answer(source, "no-digit", image, error=reason(page))
    return Answer(source, status_of(rows), image, rows, file_scale(picture, image.shape)[0])


def inks_of(grey):
    """Yield the `Ink`s of grey, dark on light and light on dark, the more probable first."""
    for polarity in polarities(grey):
        if ink := ink_of(polarity):
            yield ink


def rows_of(inks, predict):
    """Return the `Row`s that the `Ink`s are most probably read as.

    The second ink is not read if it cannot win, however much of it would be explained.
    """
    readings = []
    for ink in inks:
        readings.extend(readings_of(ink, predict))
        if any(reading.is_beyond_doubt for reading in readings):
            break
    return most_probable(readings)


def readings_of(ink, predict):
    """Yield the likelier `Reading` of an `Ink`, as rows or as one digit; none if it holds none."""
    with suppress(NotDigitsError):
        parts = digit_parts(ink)
        classifier = Classifier(ink, predict)
        rows = with_explained_ink(as_rows(parts, classifier), parts)
        if not parts.whole:
            yield rows
            return
        whole = with_explained_ink(as_one_digit(parts, classifier), parts)
        yield likelier(rows, whole)


def only_digit(picture):
    """Return all ink of a PIL image that is known to hold one digit, uint8 (28, 28), or None."""
    grey = pictures.grey(picture, pictures.for_display(picture))
    for ink in inks_of(grey[pictures.page_in(grey)]):
        with suppress(NotDigitsError):
            if whole := digit_parts(ink).whole:
                return mnist_image(ink, whole)
    return None


def in_pixels_of_file(rows, corner, scale):
    """Return rows with all boxes in pixels of the file, not of a page whose corner is given."""

    def scaled(items):
        boxes = [(np.tile(corner, 2) + item.box) * np.tile(scale, 2) for item in items]
        return [item._replace(box=rounded(box)) for item, box in zip(items, boxes, strict=True)]

    return [row._replace(digits=scaled(row.digits), marks=scaled(row.marks)) for row in rows]


def file_scale(picture, shape):
    """Return how many pixels of the file, horizontally and vertically, one of (h, w) stands for."""
    return picture.info.get("reduced", 1) * np.array(picture.size) / shape[1::-1]


def rounded(values):
    return tuple(np.rint(values).astype(int).tolist())


def answer_to_picture(path, predict):
    """Return the `Answer` to a picture file. Whatever is wrong with the file is in the answer."""
    return guarded(lambda: pictures.load(path), predict, shown(path))


def answer_to_drawing(image, predict):
    """Return the `Answer` to a drawing, a PIL image."""
    return guarded(lambda: image, predict, "drawing")


def guarded(load, predict, source):
    """Return the `Answer` to the PIL image that `load` returns, whatever fails on the way."""
    try:
        return answer_to_image(load(), predict, source)
    except UserError as error:
        return Answer(source, "unreadable", error=str(error))
    except Exception as error:  # noqa: BLE001 - a fault of this program, or of a library
        what = f"{type(error).__name__}: {first_line(error)}"
        sentence = f"{FAILED} ({what}); please report this, with the picture"
        return Answer(source, "unreadable", error=sentence)


def answer_to_test_image(index, examples, predict):
    """Return the `Answer` to a test image."""
    image = examples.images[index]
    source = f"{examples.name} test image {index}"
    rows = [Row([Digit(image, (0, 0, 28, 28), predict(image[np.newaxis])[0])])]
    return Answer(source, status_of(rows), image, rows, label=int(examples.labels[index]))


def require_index(index, examples):
    """Raise UserError unless there is a test image of that index."""
    last = len(examples.images) - 1
    if not 0 <= index <= last:
        raise UserError(f"no test image {index}: the index goes from 0 to {last}")
