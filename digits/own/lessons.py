"""What a network can learn from the user's pictures: images of digits, with their labels."""

from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.command_line import say
from digits.data import mnist
from digits.files import shown
from digits.own import results
from digits.own.results import Result
from digits.page import pictures, pipeline

NAME, SEED = "your own pictures", 1


class Lesson(NamedTuple):
    """What a network can learn from a picture."""

    result: Result  # as it was read
    images: np.ndarray  # uint8 (n, 28, 28)
    labels: np.ndarray  # uint8 (n,)


def lessons_of(folder, predict):
    """Return the `Lesson` of each readable picture of digits in a labelled folder.

    What cannot be used is said. Raises UserError if nothing can.
    """
    found = results.of_folder(folder, predict)
    for each in found:
        if not each.label:
            say(f"{shown(each.picture.path)}: not used, its label is empty; write its digits there")
    found = [lesson(each) for each in found if each.label]
    for each in found:
        if not len(each.images):
            say(f"{shown(each.result.picture.path)}: not used, {why_unused(each.result)}")
    if not any(len(each.images) for each in found):
        raise UserError(
            f"no picture in {shown(folder)} can be used: write digits large and apart, and name"
            " each picture after them"
        )
    return found


def lesson(result):
    """Return the `Lesson` of a picture: its digits, if they were found in the right number.

    A single digit that was read as two, or as none, is all of the picture's ink.
    """
    images, labels = [digit.image for digit in result.answer.digits], result.true_digits
    if not result.has_right_lengths:
        is_single = len(labels) == 1 and len(images) <= 2
        images = all_ink(result.picture.path) if is_single else []
    images = np.array(images, np.uint8).reshape(-1, 28, 28)
    return Lesson(result, images, np.array(labels[: len(images)], np.uint8))


def all_ink(path):
    """Return a list of the image of all ink in a picture that holds one digit; or of none."""
    image = pipeline.only_digit(pictures.load(path))
    return [] if image is None else [image]


def why_unused(result):
    found = f"it is read as {result.answer.text}, but labelled {result.label}"
    return result.answer.error or f"{found}: the lengths of the rows differ"


def together(lessons):
    """Return all images, uint8 (n, 28, 28), and labels, uint8 (n,), of some lessons."""
    images = np.concatenate([each.images for each in lessons])
    return images, np.concatenate([each.labels for each in lessons])


def as_data(lessons):
    """Return the digits of lessons as `mnist.Examples` in random order, always the same.

    Raises UserError if there is a digit that none of them has.
    """
    images, labels = together(lessons)
    order = np.random.default_rng(SEED).permutation(len(labels))
    missing = [str(digit) for digit in range(10) if digit not in labels]
    if missing:
        raise UserError(
            f"no usable picture of {', '.join(missing)}: data needs each digit; --own trains an"
            " existing model further with those there are"
        )
    return mnist.Examples(images[order], labels[order], NAME)
