"""Synthetic digits, drawn from pen strokes: a data set with no file and no download.

A writing style of `pen_strokes` is varied as a writer does, drawn with a round pen of changing
pressure (`pen`), and brought to MNIST's form. So are printed digits (`printed`) and non-digits
(`non_digits`), which are added to the data in each epoch.
"""

from itertools import chain, islice

import numpy as np

from digits.command_line import with_progress
from digits.data import mnist, pen_strokes
from digits.data import non_digits as non_digit_kinds
from digits.data.mnist_form import as_mnist
from digits.data.pen import curve, handwritten, strokes
from digits.data.printed import printed

__all__ = ["curve", "digits", "handwritten", "load_training", "non_digits", "per_epoch", "strokes"]

NAME = "synthetic digits"
IMAGES, SEED = 36_000, 1  # of the data set of that name
NON_DIGIT = 10  # the label of a non-digit


def load_training(count=IMAGES):
    """Return training and validation images of the synthetic data set, two `mnist.Examples`."""
    pairs = with_progress(inked_digits(count, SEED), "generating", count)
    return mnist.split(mnist.Examples(*in_mnist_form(pairs, count), NAME))


def per_epoch(epochs, counts, seed):
    """Yield the images, uint8 (n, 28, 28), and labels, uint8 (n,), of each epoch in turn.

    `counts` is a `recipes.Synthetic`. The images of an epoch are made when they are asked for.
    """
    kinds = [
        (counts.digits, inked_digits(epochs * counts.digits, seed)),
        (counts.rare_digits, inked_rare_digits(epochs * counts.rare_digits, seed)),
        (counts.printed, inked_printed_digits(epochs * counts.printed, seed)),
        (counts.non_digits, inked_non_digits(epochs * counts.non_digits, seed)),
    ]
    for _ in range(epochs):
        new = chain.from_iterable(islice(pairs, count) for count, pairs in kinds)
        yield in_mnist_form(new, counts.total)


def digits(count, seed):
    """Return images, uint8 (count, 28, 28), and labels, uint8 (count,), in random order.

    There are as many of each digit, and the same seed gives the same images.
    """
    return in_mnist_form(inked_digits(count, seed), count)


def non_digits(count, seed):
    """Return images, uint8 (count, 28, 28), of all kinds in `non_digits.SHARES`."""
    return in_mnist_form(inked_non_digits(count, seed), count)[0]


def in_mnist_form(pairs, count):
    """Return `count` pairs of ink, uint8 (h, w), and a label as arrays in MNIST's form."""
    images, labels = np.empty((count, 28, 28), np.uint8), np.empty(count, np.uint8)
    for n, (ink, label) in zip(range(count), pairs, strict=True):
        images[n], labels[n] = as_mnist(ink.astype(np.float32)), label
    return images, labels


def inked_digits(count, seed):
    """Yield the ink of digits, uint8 (h, w), and their labels."""
    random = np.random.default_rng([seed, 0])
    for label in random.permutation(np.resize(np.arange(10, dtype=np.uint8), count)):
        styles = pen_strokes.DIGITS[label]
        yield handwritten(styles[random.choice(len(styles))], random), label


def inked_rare_digits(count, seed):
    """Yield the same in the writing styles that MNIST lacks, each as likely."""
    random = np.random.default_rng([seed, 2])
    rare = [(label, style) for label, styles in pen_strokes.RARE.items() for style in styles]
    for label, style in random.choice(np.array(rare, np.uint8), count):
        yield handwritten(pen_strokes.DIGITS[label][style], random), label


def inked_printed_digits(count, seed):
    """Yield the ink of printed digits, uint8 (h, w), and their labels."""
    random = np.random.default_rng([seed, 3])
    for label in random.integers(0, 10, count, np.uint8):
        yield printed(label, random), label


def inked_non_digits(count, seed):
    random = np.random.default_rng([seed, 1])
    shares = non_digit_kinds.SHARES
    for kind in random.choice(list(shares), count, p=list(shares.values())):
        yield kind(random), NON_DIGIT
