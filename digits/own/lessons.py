"""What a network can learn from the user's pictures: images of digits, with their labels."""

from typing import NamedTuple

import numpy as np

from digits import UserError
from digits.command_line import say
from digits.data import mnist, synthetic
from digits.files import shown
from digits.own import results
from digits.own.results import Result
from digits.page import pictures, pipeline

NAME = "your own pictures"


class Lesson(NamedTuple):
    """What a network can learn from a picture."""

    result: Result  # as it was read
    images: np.ndarray  # uint8 (n, 28, 28)
    labels: np.ndarray  # uint8 (n,)


def lessons_of(folder, predict):
    """Return the `Lesson` of each readable picture in a labelled folder.

    What cannot be used is said. Raises UserError if nothing can.
    """
    found = [lesson(each) for each in results.of_folder(folder, predict)]
    for each in found:
        if each.result.label and not len(each.images):
            say(f"{shown(each.result.picture.path)}: not used, {why_unused(each.result)}")
    if not any(len(each.images) for each in found):
        raise UserError(
            f"no picture in {shown(folder)} can be used: write digits large and apart, and name"
            " each picture after them"
        )
    return found


def lesson(result):
    """Return the `Lesson` of a picture: its digits, if they were found in the right number.

    A single digit that was not found as one is all of the picture's ink. What is misread as a digit
    in a picture without digits is a non-digit.
    """
    images = [digit.image for digit in result.answer.digits]
    labels = result.true_digits if result.label else [synthetic.NON_DIGIT] * len(images)
    if result.label and not result.has_right_lengths:
        images = all_ink(result.picture.path) if len(labels) == 1 else []
        labels = labels[: len(images)]
    images = np.array(images, np.uint8).reshape(-1, 28, 28)
    return Lesson(result, images, np.array(labels, np.uint8))


def all_ink(path):
    """Return a list of the image of all ink in a picture that holds one digit; or of none."""
    image = pipeline.only_digit(pictures.load(path))
    return [] if image is None else [image]


def why_unused(result):
    found, true = len(result.answer.digits), len(result.true_digits)
    return result.answer.error or f"{found} digits are found, and its label has {true}"


def together(lessons):
    """Return all images, uint8 (n, 28, 28), and labels, uint8 (n,), of some lessons."""
    images = np.concatenate([each.images for each in lessons])
    return images, np.concatenate([each.labels for each in lessons])


def as_data(lessons, seed):
    """Return the digits of lessons as `mnist.Examples` in random order.

    Raises UserError if there is a digit that none of them has.
    """
    images, labels = together(lessons)
    digits = np.random.default_rng(seed).permutation(np.flatnonzero(labels != synthetic.NON_DIGIT))
    missing = [str(digit) for digit in range(10) if digit not in labels]
    if missing:
        raise UserError(
            f"no usable picture of {', '.join(missing)}: data needs each digit; --own trains an"
            " existing model further with those there are"
        )
    return mnist.Examples(images[digits], labels[digits], NAME)
