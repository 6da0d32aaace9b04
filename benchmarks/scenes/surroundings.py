"""What all scenes need: a number and a hand at random, and from their ink to a picture."""

import math
from typing import NamedTuple

import numpy as np
from golden_pages import photo
from page_table import dark_on_light, half_in_shadow, lit_from_one_side
from PIL import ImageOps

from scenes.hands import Hand

INKS = ((15, 15, 20), (25, 35, 110), (20, 60, 150), (130, 25, 30), (70, 70, 75), (20, 80, 50))

PAPERS = ((255, 255, 255), (255, 250, 238), (246, 238, 214), (236, 242, 250), (240, 240, 236))


class Scene(NamedTuple):
    image: object  # PIL
    label: str  # the digits, with a slash between rows
    written: str | None = None  # with its signs, if it has any


def number(random, least, most):
    """Return a number of `least` to `most` digits, as text."""
    return "".join(map(str, random.integers(0, 10, random.integers(least, most + 1))))


def spread(random, least, most):
    """Return a random number whose logarithm is spread evenly."""
    return math.exp(random.uniform(math.log(least), math.log(most)))


def some_hand(random, examples, heights=(20, 300), pens=(0.05, 0.16)):
    """Return a hand of MNIST's digits or pen strokes; heights in pixels, pens in heights."""
    height = spread(random, *heights)
    pen = height * spread(random, *pens)
    is_mnist = examples is not None and random.random() < 0.5
    if is_mnist:
        pen = height * random.uniform(0.09, 0.17)
    spacing = random.uniform(0.1, 0.4)
    return Hand(random, height, max(1.2, pen), examples if is_mnist else None, spacing=spacing)


def some_number(random, examples, least=1, most=5):
    """Return a number, as text, with its hand; long numbers are smaller."""
    text = number(random, least, most)
    largest = 300 if len(text) == 1 else 140
    return text, some_hand(random, examples, (20, largest))


def margined(ink, random, least=0.1, most=1.0):
    """Return ink with paper around it: each margin in units of the ink's height."""
    margins = len(ink) * random.uniform(least, most, (2, 2))
    return np.pad(ink, np.rint(margins).astype(int))


def picture(grey, random, height, noise=0.02):
    """Return grey as a photograph or scan of ink `height` pixels high, half of them in colour."""
    blur = random.uniform(0.1, min(1.3, height / 50))
    image = photo(grey, random, random.uniform(0, noise), blur)
    if random.random() < 0.5:
        return image
    ink, paper = INKS[random.integers(len(INKS))], PAPERS[random.integers(len(PAPERS))]
    return ImageOps.colorize(image, ink, paper)


def lit(ink, random):
    """Return dark ink on paper in one of several lights, as grey."""
    kinds = (dark_on_light, dark_on_light, lit_from_one_side, half_in_shadow)
    return kinds[random.integers(len(kinds))](ink, random)


def on_paper(ink, random, height, least=0.15, most=1.0):
    return picture(lit(margined(ink, random, least, most), random), random, height)


def either_polarity(ink, random):
    """Return ink as grey, dark on light or light on dark."""
    grey = dark_on_light(ink, random)
    return grey if random.random() < 0.5 else 1 - grey
