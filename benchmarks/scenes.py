"""What people photograph or scan, drawn by the project: the pictures of each kind, with labels.

A scene takes a random generator and MNIST's test digits, or None, and returns a `Scene`.
`kinds_of_pictures.py` writes them into a folder.
"""

import math
from typing import NamedTuple

import numpy as np
from golden_pages import blank, cloudy, grid, photo, put, scan, sign, strokes
from handwriting import (
    Hand,
    enlarged,
    joined,
    printed,
    pushed,
    row,
    rows,
    serif,
    seven_segments,
    slanted,
    spaced,
    touching,
)
from page_table import dark_on_light, half_in_shadow, lit_from_one_side, slope
from PIL import Image, ImageOps

from digits.data import synthetic

INKS = ((15, 15, 20), (25, 35, 110), (20, 60, 150), (130, 25, 30), (70, 70, 75), (20, 80, 50))
PAPERS = ((255, 255, 255), (255, 250, 238), (246, 238, 214), (236, 242, 250), (240, 240, 236))
SIGNED = (  # "d" is a digit
    *("-d", "-dd", "-ddd", "d.d", "dd.d", "d.dd", "d,d", "dd,dd", "-d.d", "-d,dd", "d/d", "dd/dd"),
    *("dd/dd/dddd", "d/d/dd", "dd.dd.dddd", "dd:dd", "d:dd", "ddd-ddd", "dd-dd-dddd", "+dd", "d+d"),
    *("dd%", "d.d%", "€dd", "€d.dd", "$d.dd", "£dd", "ddd€", "d,ddd", "dd-d"),
)
ONE_WAY_UP = "347"  # digits that are none when upside down
LINES = (
    "The house by the river was built in spring",
    "and has a garden with old trees.",
    "Birds sing there every morning before work,",
    "people walk along the water to the mill,",
    "Robert, Lisa and Otto look at the boats;",
    "OPEN - SOLD OUT - NO LOANS",
    "this bill shows oil, soil and glass:",
    "go so far, guess the size, ask the boss",
)
# Writing styles of this benchmark alone, 100 high, as `pen_strokes` has those of the training.
HANDS = (
    ("28,4 6,30 4,76 28,98 52,80 54,30 34,2 12,10", "46,10 30,2 6,24 4,70 22,98 48,90 58,50 44,8"),
    (
        "0,46 16,26 30,0! 20,100",
        "2,72! 30,0! 36,100",
        "0,36! 20,0! 18,98; 0,100 40,97",
        "4,34 14,18 22,0! 16,60 20,96 32,100",
        "0,62! 22,30 30,2! 24,54 26,100",
        "0,26 20,2! 14,50 16,100",
    ),
    ("4,24 10,4 36,0 48,20 34,52 0,98! 30,88 62,98", "0,12 30,2 46,22 24,66 2,98 22,90 56,100"),
    ("0,8 36,2! 14,40 40,50 46,78 22,100 0,88", "6,14 34,0 40,24 16,46 50,64 38,96 2,94"),
    (
        "20,0 4,52! 54,48; 44,20 36,100",
        "10,4 0,46 26,58 50,40! 56,2! 46,100",
        "34,0 0,64! 50,66; 34,44 30,100",
    ),
    (
        "14,2! 8,42! 40,40 48,74 24,100 0,94; 14,2 60,6",
        "50,2 18,6 10,40 44,58 34,96 0,96",
        "16,0! 12,44 44,46 46,90 6,100; 24,2 66,-8",
    ),
    (
        "30,0 10,42 2,80 12,99 26,92 26,80 14,78 4,88",
        "50,4 20,32 4,78 16,100 34,92 30,78 12,82",
        "16,0 4,50 4,88 18,100 32,90 24,76 6,84",
        "60,2 26,26 2,70 10,98 40,94 44,76 24,72",
    ),
    (
        "0,10! 46,4! 20,100",
        "2,2! 0,14; 2,6! 50,4 30,50 22,100; 8,52 48,48",
        "0,14 14,4 30,12 52,2! 40,46 34,98",
    ),
    (
        "50,10 26,0 8,20 30,46 52,74 30,100 6,80 22,54 50,28",
        "44,16 20,0 8,24 46,70 28,100 4,78 30,44 56,4",
        "30,46 10,24 30,0 48,22 4,80 30,100 52,78 28,48",
        "56,2 20,24 18,36 44,70 24,100 4,82 26,52 58,18",
    ),
    (
        "46,12 18,4 4,30 24,46 48,10! 44,60 40,100",
        "40,0 6,22 20,48 50,20 52,2! 46,56 20,100 0,92",
        "48,8 10,10 8,40 46,34! 50,4! 60,100",
    ),
)


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


# From ink to a picture.


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


# polarity


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


# signs


def signed(random, examples):
    """A number with a minus, a point, a slash or another sign."""
    pattern = SIGNED[random.integers(len(SIGNED))]
    text = "".join(number(random, 1, 1) if each == "d" else each for each in pattern)
    hand = some_hand(random, examples, (26, 120 if len(text) < 6 else 70), (0.06, 0.14))
    image = on_paper(row(text, hand), random, hand.height)
    return Scene(image, "".join(filter(str.isdigit, text)), text)


def dirty(random, examples):
    """A number without a sign, and dots of dirt, the larger ones where no point would be."""
    text = number(random, 1, 5)
    hand = some_hand(random, examples, (26, 110), (0.06, 0.14))
    ink = margined(row(text, hand), random, 0.2, 0.8)
    height, width = ink.shape
    for _ in range(random.integers(2, 8)):
        place = random.uniform(0, [width - 8, height - 8])
        largest = 1.1 if place[1] < height / 2 else 0.5
        size = max(1.0, hand.pen * random.uniform(0.25, largest))
        path = random.normal(0, size / 3, (random.integers(1, 4), 2))
        spot = random.uniform(0.5, 1) * strokes([path], size)
        if is_free(ink, spot, place):
            put(ink, spot, *place)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def is_free(ink, spot, place):
    """Whether there is no ink where a spot would be put, and two pixels around it."""
    left, top = np.rint(place).astype(int)
    around = ink[max(top - 2, 0) :, max(left - 2, 0) :]
    return not around[: len(spot) + 4, : spot.shape[1] + 4].any()


# gaps


def dry_pen(random, examples):
    """A digit whose pen left the paper once or twice."""
    text, hand = gapped_number(random, examples, (0.06, 0.14))
    inks = [broken(hand.digit(int(each)), hand, random) for each in text]
    return Scene(on_paper(spaced(inks, 0.25 * hand.height), random, hand.height), text)


def gapped_number(random, examples, pens):
    """Return one digit, or a number, as text, and its hand."""
    text = number(random, 1, 1) if random.random() < 0.5 else number(random, 2, 4)
    return text, some_hand(random, examples, (28, 200 if len(text) == 1 else 100), pens)


def broken(ink, hand, random):
    """Return a digit with one or two gaps across its strokes."""
    ink = ink.copy()
    for _ in range(random.integers(1, 3)):
        places = np.argwhere(ink > 0.6)
        erase(ink, places[random.integers(len(places))], hand, random)
    return ink


def erase(ink, place, hand, random):
    """Rub out a stroke of the ink in place, across its direction there."""
    offsets = np.moveaxis(grid(ink), 0, -1) - place
    near = (np.abs(offsets) < 1.5 * hand.pen + 1).all(axis=-1)
    covariance = np.cov(offsets[near].T, aweights=ink[near] + 1e-6)
    along, across = np.linalg.eigh(covariance)[1].T[::-1]
    gap = hand.height * random.uniform(0.04, 0.13) / 2
    rubbed = (np.abs(offsets @ along) < max(1, gap)) & (np.abs(offsets @ across) < 1.3 * hand.pen)
    ink[rubbed] = 0


def binarised(random, examples):
    """A scan in black and white alone, in which thin strokes come to pieces."""
    text, hand = gapped_number(random, None, (0.035, 0.07))
    ink = margined(row(text, hand), random, 0.15, 0.8)
    uneven = 0.24 * cloudy(ink.shape, max(3, int(2 * hand.pen)), random)
    mask = ink * random.uniform(0.75, 0.95) + uneven > 0.5
    return Scene(scan(~(mask & (ink > 0.2))), text)


def thin_pen(random, examples):
    """A thin felt pen that fades along its strokes."""
    text, hand = gapped_number(random, None, (0.03, 0.06))
    ink = margined(row(text, hand), random, 0.15, 0.8)
    fading = 0.65 + 0.35 * cloudy(ink.shape, max(4, int(hand.height / 6)), random)
    return Scene(picture(lit(ink * np.clip(fading, 0.02, 1), random), random, hand.height), text)


# touching


def plain_pair(random, examples):
    """Two of MNIST's test digits that overlap by one of their pixels, made larger, on white."""
    text, scale = number(random, 2, 2), random.uniform(3, 8)
    first, second = (test_image(int(label), random, examples) for label in text)
    ink = np.pad(pushed(first, second, overlap=1, paper=0), 8)
    size = [round(scale * side) for side in ink.shape[::-1]]
    return Scene(scan(1 - ink).resize(size, Image.Resampling.BICUBIC), text)


def test_image(label, random, examples):
    """Return the ink of any test image of a digit; in pen strokes without MNIST."""
    if examples is None:
        return some_hand(random, None, (20, 20), (0.08, 0.16)).digit(label)
    images = examples.images[examples.labels == label]
    return synthetic.cropped(images[random.integers(len(images))]) / np.float32(255)


def mnist_pair(random, examples):
    """Two of MNIST's test digits that touch; three to eight times as large, side by side."""
    return mnist_row(random, examples, 2)


def mnist_triple(random, examples):
    return mnist_row(random, examples, 3)


def mnist_row(random, examples, count):
    scale = random.uniform(3, 8)
    text, ink = number(random, count, count), None
    for label in text:
        digit = enlarged(test_image(int(label), random, examples), scale)
        ink = digit if ink is None else pushed(ink, digit, random.integers(1, int(scale) + 1))
    return Scene(on_paper(ink, random, 20 * scale, 0.2, 0.8), text)


def zeros(random, examples):
    """A round number, whose zeros touch."""
    text = str(random.integers(1, 10)) + "0" * random.integers(2, 4)
    hand = some_hand(random, examples, (24, 110), (0.06, 0.14))
    ink = touching(text[1:], hand, max(1, hand.pen * random.uniform(0.2, 1)))
    first = hand.digit(int(text[0]))
    if random.random() < 0.5:
        ink = pushed(first, ink, 1)
    else:
        ink = spaced([first, ink], hand.height * random.uniform(0.08, 0.25))
    return Scene(on_paper(ink, random, hand.height), text)


def lined(random, examples):
    """A number with a ruled line or a stroke through its feet, or just under them."""
    text = number(random, 2, 5)
    hand = some_hand(random, examples, (24, 110), (0.06, 0.14))
    hand.spacing = random.uniform(0.02, 0.25)
    ink = margined(row(text, hand), random, 0.3, 0.8)
    feet = np.flatnonzero((ink > 0.3).any(axis=1))[-1]
    left, right = np.flatnonzero((ink > 0.3).any(axis=0))[[0, -1]]
    y = feet + hand.height * random.uniform(-0.12, 0.08)
    ends = [left - random.uniform(0, 0.3) * hand.height, right + random.uniform(0, 20)]
    if random.random() < 0.5:
        ends = [-5.0, ink.shape[1] + 5.0]
    line = np.array([[ends[0], 0], [np.mean(ends), random.normal(0, 1)], [ends[1], 0]])
    width = max(1.0, hand.pen * random.uniform(0.3, 0.9))
    stroke = random.uniform(0.5, 1) * strokes([line], width)
    put(ink, stroke, ends[0], y)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def climbing(random, examples):
    """A row that climbs or falls by up to 35°."""
    text = number(random, 3, 6)
    hand = some_hand(random, examples, (20, 80), (0.06, 0.14))
    rise = np.tan(np.deg2rad(random.uniform(8, 35))) * random.choice([1, 1, -1])
    return Scene(on_paper(row(text, hand, rise), random, hand.height), text)


def hanging(random, examples):
    """A row in which a 1 hangs lower than its neighbours."""
    text = "1".join((number(random, 1, 2), number(random, 1, 2)))
    hand = some_hand(random, examples, (24, 100), (0.06, 0.14))
    marks, left = [], 0.0
    for character in text:
        ink, top = hand.mark(character)
        lower = hand.height * random.uniform(0.2, 0.5) if character == "1" else 0
        marks.append((ink, left, top + lower))
        left += ink.shape[1] + hand.height * random.uniform(0.03, 0.25)
    return Scene(on_paper(joined(marks), random, hand.height), text)


# forms


def boxes(random, examples):
    """A form's row of printed boxes with a digit in each."""
    return form(random, examples, frame)


def dotted_cells(random, examples):
    """A row of cells whose walls are dotted."""

    def dotted(page, left, top, width, height, line):
        cell = blank(*page.shape)
        frame(cell, left, top, width, height, line)
        steps = grid(cell).sum(axis=0) % max(4, int(4 * line))
        put(page, cell * (steps < max(2, 2 * line)), 0, 0)

    return form(random, examples, dotted)


def comb(random, examples):
    """A comb: one base line, with a short tick between two digits."""

    def teeth(page, left, top, width, height, line):
        frame(page, left, top + 0.7 * height, width, 0.3 * height, line, with_top=False)

    return form(random, examples, teeth)


def frame(page, left, top, width, height, line, with_top=True):
    """Draw a rectangle of lines on a page of ink, in place."""
    corners = np.array([[0, 0], [0, height], [width, height], [width, 0]], float)
    closed = np.concatenate([corners, corners[:1]]) if with_top else corners
    sides = [closed[n : n + 2] for n in range(len(closed) - 1)]
    put(page, strokes(sides, line), left - line / 2, top - line / 2)


def form(random, examples, draw_cell):
    """Return a scene of a row of cells, the first of which hold a number, a digit each."""
    text = number(random, 3, 8)
    hand = some_hand(random, examples, (20, 64), (0.06, 0.14))
    width, height = hand.height * random.uniform(1.05, 1.4), hand.height * random.uniform(1.15, 1.6)
    page = blank(round(1.2 * height) + 8, round(width * (len(text) + 2)) + 8)
    cells, line = blank(*page.shape), max(1.0, hand.height * random.uniform(0.02, 0.05))
    for n in range(len(text) + random.integers(0, 3)):
        draw_cell(cells, 4 + n * width, 4, width, height, line)
    for n, label in enumerate(text):
        ink = hand.digit(int(label))
        spare = np.array([width - ink.shape[1], height - len(ink)])
        x, y = (4 + n * width, 4) + spare * random.normal(0.5, 0.2, 2)
        put(page, ink, x, y)
    both = np.maximum(page, cells * random.uniform(0.35, 1))
    return Scene(on_paper(both, random, hand.height, 0.1, 0.6), text)


# faint


def texture(random, examples):
    """Strong ink on paper whose texture shows."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random)
    grain = random.uniform(0.015, 0.05) * cloudy(ink.shape, random.integers(3, 40), random)
    return Scene(picture(lit(ink, random) + grain, random, hand.height), text)


def show_through(random, examples):
    """Strong ink, and what the back of the paper lets through, mirrored and faint."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random, 0.4)
    back = blank(*ink.shape)
    for _ in range(random.integers(1, 4)):
        behind = row(number(random, 2, 6), hand)[:, ::-1]
        put(back, behind, *random.uniform(-20, np.array(ink.shape[::-1]) * 0.8))
    soft = np.asarray(photo(back, random, 0, hand.height / 30 + 0.5), np.float32) / 255
    ink = np.maximum(ink, random.uniform(0.05, 0.14) * soft)
    return Scene(picture(lit(ink, random), random, hand.height), text)


def empty_scan(random, examples):
    """An empty page: the grain of a scan, with a pure white border."""
    height, width = random.integers(60, 500, 2)
    page = random.uniform(0.75, 0.97) + random.uniform(0.002, 0.02) * random.normal(
        0, 1, (height, width)
    )
    page += random.uniform(0, 0.01) * cloudy(page.shape, random.integers(3, 30), random)
    image = photo(page, random, 0, random.uniform(0.2, 1))
    sides = random.integers(3, 30, 4) * (random.random(4) < 0.8)
    return Scene(ImageOps.expand(image, tuple(map(int, sides)), 255), "")


def streaks(random, examples):
    """The streaks of shadows, beside the digits and across them."""
    text, hand = some_number(random, examples)
    ink = margined(row(text, hand), random)
    shade = np.zeros_like(ink)
    for _ in range(random.integers(1, 3)):
        width = spread(random, 0.008, 0.25)
        distance = np.abs(slope(ink.shape, random) - random.uniform(0.1, 0.9))
        shade = np.maximum(shade, random.uniform(0.05, 0.3) * np.clip(2 - distance / width, 0, 1))
    return Scene(picture(dark_on_light(ink, random) * (1 - shade), random, hand.height), text)


def bare_paper(random, examples):
    """Paper with its texture, a crease and a soft shadow, and nothing on it."""
    page = np.zeros(tuple(random.integers(80, 400, 2)), np.float32)
    page += random.uniform(0.02, 0.1) * np.abs(slope(page.shape, random) - 0.5)
    page += random.uniform(0.005, 0.03) * cloudy(page.shape, random.integers(4, 60), random)
    return Scene(picture(lit(page, random), random, 50), "")


# frames


def empty_cell(random, examples):
    """A cell of a grid without a digit: pieces of its frame, perhaps the trace of a digit."""
    side = int(random.integers(28, 120))
    page = cell_with_frame(random, side)
    if random.random() < 0.4:
        trace = np.asarray(photo(printed(number(random, 1, 1), 0.5 * side), random, 0, side / 30))
        put(page, trace / 255 * random.uniform(0.02, 0.08), 0.3 * side, 0.25 * side)
    return Scene(cell_picture(page, random), "")


def cell_with_frame(random, side):
    """Return a square cell as ink, with pieces of its frame on one to four sides."""
    page, width = blank(side, side), max(1, int(side * random.uniform(0.02, 0.07)))
    for turn in np.flatnonzero(random.random(4) < random.uniform(0.4, 1)):
        inside = random.integers(0, 1 + side // 14)
        first, last = random.integers(0, 1 + side // 8, 2)
        np.rot90(page, turn)[inside : inside + width, first : side - last] = random.uniform(0.6, 1)
    return page


def cell_picture(page, random):
    """Return a cell's picture: dark on light, or light on dark as a preparing script makes it."""
    side = len(page)
    grey = dark_on_light(page, random)
    if random.random() < 0.5:
        grey = 0.15 + 0.6 * page + 0.02 * cloudy(page.shape, 8, random)
    return photo(grey, random, 0.012, random.uniform(0.2, side / 80))


def sudoku_cell(random, examples):
    """A cell of a grid, with its digit, printed or by hand, and pieces of its frame."""
    side = int(random.integers(28, 120))
    page, label = cell_with_frame(random, side), number(random, 1, 1)
    height = side * random.uniform(0.45, 0.7)
    ink = printed(label, height, random.uniform(0, 0.06))
    if random.random() < 0.5:
        ink = some_hand(random, examples, (height, height), (0.08, 0.16)).digit(int(label))
    spare = np.array([side - ink.shape[1], side - len(ink)])
    put(page, ink, *spare * random.uniform(0.35, 0.65, 2))
    return Scene(cell_picture(page, random), label)


def boxed(random, examples):
    """A box drawn around a number."""
    text, hand = some_number(random, examples, 1, 4)
    page = margined(row(text, hand), random, 0.15, 0.4)
    height, width = page.shape
    page = margined(page, random, 0.2, 0.5)
    top, left = (np.array(page.shape) - [height, width]) / 2
    frame(page, left, top, width, height, max(1.2, hand.pen * random.uniform(0.3, 1)))
    return Scene(picture(lit(page, random), random, hand.height), text)


def on_a_table(random, examples):
    """A slip of paper on a darker or lighter table, whose edges are seen."""
    text, hand = some_number(random, examples)
    slip = lit(margined(row(text, hand), random, 0.25, 0.6), random)
    around = np.rint(len(slip) * random.uniform(0.05, 0.4, (2, 2))).astype(int)
    around[random.random((2, 2)) < 0.3] = 0
    table = random.uniform(0.2, 0.6) + np.zeros(np.array(slip.shape) + around.sum(axis=1))
    table += 0.03 * cloudy(table.shape, random.integers(3, 20), random)
    top, left = around[:, 0]
    table[top : top + len(slip), left : left + slip.shape[1]] = slip
    return Scene(picture(table, random, hand.height), text)


def taped(random, examples):
    """A number beside strips of tape, or a piece of paper that was glued on."""
    text, hand = some_number(random, examples)
    grey = lit(margined(row(text, hand), random, 0.5, 1), random)
    height, width = grey.shape
    strip = max(4, int(0.2 * len(grey) * random.uniform(0.5, 1)))
    tape = random.uniform(0.75, 0.9) if random.random() < 0.6 else random.uniform(0.4, 0.7)
    where = np.s_[:strip] if random.random() < 0.5 else np.s_[:, :strip]
    grey[where] *= tape
    grey[height - strip // 2 :, width // 3 : width // 3 + 2 * strip] *= tape
    return Scene(picture(grey, random, hand.height), text)


def ledger(random, examples):
    """A number between the vertical rules of a ledger, with or without its lines."""
    text, hand = some_number(random, examples, 1, 5)
    ink = margined(row(text, hand), random, 0.2, 0.6)
    columns = np.flatnonzero((ink > 0.2).any(axis=0))
    width, strength = max(1, int(hand.pen * random.uniform(0.3, 0.8))), random.uniform(0.4, 1)
    for x in (random.uniform(0, columns[0] - width), random.uniform(columns[-1], ink.shape[1] - 4)):
        if random.random() < 0.8:
            ink[:, int(max(x, 0)) : int(max(x, 0)) + width] = strength
    if random.random() < 0.4:
        ink[len(ink) - random.integers(2, 6) :][:width] = strength
    return Scene(picture(lit(ink, random), random, hand.height), text)


# tight


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


# printed


def font(random, examples):
    """A number in print, thin or bold."""
    text, height = number(random, 1, 6), random.uniform(20, 160)
    height = height if len(text) == 1 else height / 2 + 10
    ink = printed(text, height, random.uniform(0, 0.14))
    return Scene(picture(lit_or_inverted(margined(ink, random), random), random, height), text)


def lit_or_inverted(ink, random):
    grey = lit(ink, random)
    return grey if random.random() < 0.75 else 1 - grey


def stamped(random, examples):
    """A serial number with thick and thin parts, stamped a little unevenly."""
    text, height = number(random, 1, 7), random.uniform(24, 90)
    nib = height * random.uniform(0.08, 0.16)
    inks = [serif(int(each), height * random.uniform(0.97, 1.03), nib) for each in text]
    ink = margined(spaced(inks, height * random.uniform(0.15, 0.5)), random)
    worn = np.clip(0.9 + 0.15 * cloudy(ink.shape, 3, random), 0, 1)
    return Scene(picture(lit(ink * worn, random), random, height), text)


def segment_row(text, height, random, lit=None):
    """Return a number in seven segments as ink."""
    bar, gap = height * random.uniform(0.08, 0.16), height * random.uniform(0.005, 0.04)
    inks = [seven_segments(int(each), height, bar, gap, lit) for each in text]
    slant = random.uniform(0, 0.18) * (random.random() < 0.5)
    return slanted(spaced(inks, height * random.uniform(0.15, 0.35)), slant)


def display(random, examples):
    """A seven-segment display: dark on a greenish pane, or shining from a dark one."""
    text, height = number(random, 1, 6), random.uniform(20, 120)
    state = random.bit_generator.state
    ink = segment_row(text, height, random)
    random.bit_generator.state = state  # the same bars again, all of them
    unlit = segment_row(text, height, random, "abcdefg")
    both = np.maximum(ink, random.choice([0, 0.04, 0.1]) * unlit)
    ink = margined(both, random, 0.15, 0.6)
    if random.random() < 0.5:
        pane = photo(lit(ink, random), random, 0.012, min(1, height / 50))
        return Scene(ImageOps.colorize(pane, (20, 28, 24), (205, 215, 190)), text)
    shine = photo(0.08 + random.uniform(0.6, 0.9) * ink, random, 0.015, min(1.2, height / 40))
    colour = [(230, 40, 30), (60, 220, 90), (90, 160, 240), (240, 170, 40)][random.integers(4)]
    return Scene(ImageOps.colorize(shine, (6, 4, 6), (255, 250, 245), colour), text)


def meter(random, examples):
    """The wheels of a meter in their windows; above and below, parts of the next figures."""
    text = number(random, 1, 1) if random.random() < 0.4 else number(random, 3, 7)
    height, weight = random.uniform(28, 80), random.uniform(0, 0.08)
    rolled = random.uniform(-0.12, 0.12)
    light = random.random() < 0.5
    window = blank(round(height * random.uniform(1.3, 2)), round(0.95 * height))
    wheels = [wheel(int(each), height, weight, rolled, window) for each in text]
    gap = int(height * random.uniform(0.06, 0.3))
    if light:
        wheels = [0.85 - 0.7 * each for each in wheels]
    else:
        wheels = [0.15 + 0.7 * each for each in wheels]
    case = random.uniform(0.1, 0.3) if light or random.random() < 0.5 else random.uniform(0.6, 0.8)
    edge = np.rint(height * random.uniform(0.1, 0.5, 2)).astype(int)
    framed = [np.pad(each, ((edge[0],) * 2, (gap,) * 2), constant_values=case) for each in wheels]
    return Scene(photo(np.concatenate(framed, axis=1), random, 0.015, min(1, height / 50)), text)


def wheel(label, height, weight, rolled, window):
    """Return the ink in a wheel's window, (h, w): its figure, and parts of its neighbours."""
    page = window.copy()
    for step in (-1, 0, 1):
        ink = printed(str((label + step) % 10), height, weight)
        middle = len(page) / 2 + height * (1.3 * step + rolled)
        put(page, ink, (page.shape[1] - ink.shape[1]) / 2, middle - len(ink) / 2)
    return page


def price_tag(random, examples):
    """A price in print, or by a marker, on a tag in front of a shelf."""
    text = number(random, 1, 3).lstrip("0") or "7"
    if random.random() < 0.5:
        text += random.choice([".", ","]) + number(random, 2, 2)
    height = random.uniform(28, 90)
    if random.random() < 0.6:
        ink = printed(text, height, random.uniform(0, 0.12))
    else:
        ink = row(text, some_hand(random, None, (height, height), (0.1, 0.16)))
    tag = lit(margined(ink, random, 0.25, 0.6), random)
    shelf = np.full(np.array(tag.shape) + int(0.5 * height), random.uniform(0.1, 0.4))
    shelf += 0.04 * cloudy(shelf.shape, 12, random)
    place = np.rint(0.25 * height).astype(int)
    shelf[place : place + len(tag), place : place + tag.shape[1]] = tag
    image = photo(shelf, random, 0.012, min(1, height / 50))
    colour = [(255, 255, 255), (255, 235, 90), (255, 200, 190)][random.integers(3)]
    image = ImageOps.colorize(image, (15, 10, 10), colour)
    return Scene(image, "".join(filter(str.isdigit, text)), text)


# hands


def other_hand(random, examples):
    """A digit, or a number, in a writing style that no training image has."""
    text = number(random, 1, 1) if random.random() < 0.7 else number(random, 2, 4)
    hand = some_hand(random, None, (20, 250 if len(text) == 1 else 100), (0.05, 0.15))
    hand.styles = {n: styles[random.integers(len(styles))] for n, styles in enumerate(HANDS)}
    return Scene(on_paper(row(text, hand), random, hand.height), text)


# pages


def full_page(random, examples):
    """A page of eleven rows of digits."""
    hand = some_hand(random, examples, (22, 44), (0.06, 0.14))
    hand.spacing = random.uniform(0.2, 0.45)
    texts = [number(random, 4, 10) for _ in range(11)]
    return Scene(on_paper(rows(texts, hand), random, hand.height, 0.02, 0.1), "/".join(texts))


def page_of_text(random, examples):
    """A page of words, in print or by hand."""
    height, lines = random.uniform(14, 30), []
    is_print = random.random() < 0.5
    for _ in range(random.integers(6, 14)):
        if is_print:
            lines.append(printed(random.choice(LINES), height))
        else:
            lines.append(letters(int(random.integers(12, 24)), height, random))
    places = [(ink, 0, 1.9 * height * n) for n, ink in enumerate(lines)]
    return Scene(on_paper(joined(places), random, height, 0.03, 0.15), "")


def letters(count, height, random):
    """Return a line of letters in pen strokes, some of which begin a word."""
    marks, left = [], 0.0
    for number in random.integers(0, 28, count):  # the letters of `pen_strokes.SIGNS`
        ink = sign(number, height, max(1.2, 0.1 * height))
        marks.append((ink, left, height - len(ink)))
        left += ink.shape[1] + height * random.choice([0.25, 0.3, 0.9])
    return joined(marks)


# turned


def turned(random, examples):
    """Several digits, turned by one to three quarters; nothing in the file tells."""
    texts = [number(random, 2, 6) for _ in range(random.integers(2, 5))]
    texts[0] += "".join(random.choice(list(ONE_WAY_UP), 2))
    hand = some_hand(random, examples, (24, 80), (0.06, 0.14))
    image = on_paper(rows(texts, hand), random, hand.height, 0.1, 0.4)
    turn = random.choice([Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, 4])
    return Scene(image.transpose(Image.Transpose(int(turn))), "/".join(texts))


def single_upright(random, examples):
    """One digit, upright; more often one that is another, or the same, upside down."""
    label = str(random.choice([6, 9, 6, 9, 0, 1, 8, 5, 2, 7, 4, 3]))
    hand = some_hand(random, examples, (24, 250), (0.06, 0.16))
    return Scene(on_paper(hand.digit(int(label)), random, hand.height), label)


KINDS = {  # kind → its scenes, which take turns
    "polarity": (tight_crop, thick_strokes, bitmap, white_border, blackboard, lights),
    "signs": (signed, signed, signed, dirty),
    "gaps": (dry_pen, binarised, dry_pen, thin_pen),
    "touching": (mnist_pair, zeros, mnist_triple, lined, climbing, hanging),
    "pairs": (plain_pair,),
    "forms": (boxes, dotted_cells, comb),
    "faint": (texture, show_through, empty_scan, streaks, bare_paper),
    "frames": (empty_cell, sudoku_cell, boxed, on_a_table, taped, ledger),
    "tight": (tight_grey, tight_binary),
    "printed": (font, stamped, display, meter, price_tag),
    "hands": (other_hand,),
    "pages": (full_page, full_page, full_page, page_of_text),
    "turned": (turned, turned, turned, single_upright),
}
