"""Scenes in which dark or light may be ink: crops, bitmaps, borders, boards and lights."""

import numpy as np
from golden_pages import blank, cloudy, photo, put, scan
from page_table import slope
from PIL import Image, ImageOps

from scenes.figures import segment_row
from scenes.hands import row
from scenes.surroundings import (
    Scene,
    either_polarity,
    margined,
    number,
    picture,
    some_hand,
    some_number,
)


def tight_crop(random, examples):
    """A digit cut out just around its ink."""
    label = number(random, 1, 1)
    hand = some_hand(random, examples, (28, 120), (0.08, 0.2))
    ink = np.pad(hand.digit(int(label)), random.integers(0, 4, (2, 2)))
    return Scene(picture(either_polarity(ink, random), random, hand.height), label)


def thick_strokes(random, examples):
    """A digit by a thick marker or brush, with little paper around it."""
    label = number(random, 1, 1)
    hand = some_hand(random, None, (40, 250), (0.2, 0.3))
    ink = margined(hand.digit(int(label)), random, 0.04, 0.2)
    return Scene(picture(either_polarity(ink, random), random, hand.height), label)


def bitmap(random, examples):
    """A bitmap of 32×32 pixels in black and white, which the digit fills to its edges."""
    label = number(random, 1, 1)
    ink = some_hand(random, examples, (60, 60), (0.08, 0.22)).digit(int(label))
    return Scene(black_and_white(fitted(ink, 32, random), random), label)


def fitted(ink, side, random):
    """Return ink that fills a square of `side` pixels, half of the time in its breadth, too."""
    height, width = ink.shape
    size = np.rint(np.array([width, height]) * side / max(height, width)).astype(int)
    if random.random() < 0.5 and width > 0.5 * height:
        size[:] = side
    large = np.asarray(Image.fromarray(ink).resize(size.clip(1), Image.Resampling.BOX))
    page = blank(side, side)
    put(page, large, (side - size[0]) // 2, (side - size[1]) // 2)
    return page


def black_and_white(ink, random):
    mask = ink > 0.4
    return scan(mask if random.random() < 0.5 else ~mask)


def white_border(random, examples):
    """A grey or dark page on a scanner: the scan is white around it, on some sides at least."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random, 0.2, 0.8)
    grey = random.uniform(0.4, 0.8) * (1 - random.uniform(0.5, 0.9) * ink)
    if random.random() < 0.5:
        grey = random.uniform(0.1, 0.3) + random.uniform(0.3, 0.6) * ink
    image = picture(grey, random, hand.height)
    sides = random.integers(3, 5 + len(ink) // 4, 4) * (random.random(4) < 0.8)
    return Scene(ImageOps.expand(image, tuple(map(int, sides)), "white"), text)


def blackboard(random, examples):
    """Chalk on a board that was wiped, in its frame or not."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random)
    board = random.uniform(0.15, 0.35) + 0.05 * slope(ink.shape, random)
    board = board + random.uniform(0.01, 0.05) * cloudy(ink.shape, len(ink) // 4 + 4, random)
    chalk = np.clip(0.85 + 0.2 * cloudy(ink.shape, 2, random), 0.3, 1) * ink
    grey = board + chalk * random.uniform(0.35, 0.65)
    if random.random() < 0.4:
        grey[: random.integers(3, 4 + len(ink) // 6)] = random.uniform(0.5, 0.8)
    image = photo(grey, random, 0.015, random.uniform(0.2, min(1, hand.height / 60)))
    tint = [(8, 30, 20), (0, 0, 0), (20, 22, 28)][random.integers(3)]
    return Scene(ImageOps.colorize(image, tint, (250, 252, 245)), text)


def lights(random, examples):
    """Glowing digits, or a display, on a dark desk with things on it."""
    if random.random() < 0.5:
        text, hand = some_number(random, examples, 1, 4)
        ink, height = row(text, hand), hand.height
    else:
        text, height = number(random, 1, 5), random.uniform(24, 120)
        ink = segment_row(text, height, random)
    ink = margined(ink, random, 0.4, 1.2)
    glow = np.asarray(photo(ink, random, 0, height / random.uniform(8, 20)), np.float32) / 255
    desk = random.uniform(0.04, 0.15) + 0.02 * cloudy(ink.shape, len(ink) // 5 + 3, random)
    things = furnished(ink, random)
    grey = np.maximum(desk + things, np.maximum(random.uniform(0.6, 1) * ink, 0.5 * glow))
    image = photo(grey, random, 0.02, min(1.0, height / 50))
    colour = [(255, 70, 50), (90, 255, 120), (120, 190, 255), (255, 255, 250)][random.integers(4)]
    return Scene(ImageOps.colorize(image, (0, 0, 0), (255, 255, 255), colour), text)


def furnished(ink, random):
    """Return dim things at the edges of a page of ink, as grey to add: books, cables, a rim."""
    grey, (height, width) = np.zeros_like(ink), ink.shape
    used = np.flatnonzero((ink > 0.1).any(axis=1))
    for top, bottom in ((0, used[0] * 0.7), (used[-1] + 0.3 * (height - used[-1]), height)):
        if bottom - top > 4 and random.random() < 0.7:
            left, right = sorted(random.integers(0, width, 2))
            grey[int(top) : int(bottom), left:right] = random.uniform(0.08, 0.35)
    return grey


def tight_grey(random, examples):
    """A small grey picture that its digit, thick, fills to the edges."""
    label, side = number(random, 1, 1), random.integers(28, 65)
    ink = some_hand(random, examples, (2 * side, 2 * side), (0.12, 0.24)).digit(int(label))
    page = fitted(ink, side, random)
    return Scene(photo(either_polarity(page, random), random, 0.01, 0.4), label)


def tight_binary(random, examples):
    """The same in black and white."""
    label, side = number(random, 1, 1), random.integers(28, 65)
    ink = some_hand(random, examples, (2 * side, 2 * side), (0.1, 0.24)).digit(int(label))
    return Scene(black_and_white(fitted(ink, side, random), random), label)
