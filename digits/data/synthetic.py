"""Digits drawn from pen strokes: a data set with no file and no download.

Each is one of the hands of `hands`, varied as a hand varies, drawn with a round pen of changing
pressure, and brought to MNIST's form as a picture is. Beside them, what is no digit.
"""

from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from digits.data import mnist, pen_strokes
from digits.data.mnist_form import as_mnist

NAME = "generated digits"
IMAGES, SEED = 36_000, 1  # of that data set
NO_DIGIT = 10  # the label of what is none

MOST_EPOCHS = 50  # that have drawn digits of their own: `standard`'s then take 100 MB

HEIGHT, MARGIN = 100, 40  # pixels: a digit's on the page, and the page's around it
STEP = 0.3  # of the pen's radius: so close together it is set down along a curve
POINTS = 12  # of a curve between two of its stroke's points

THINNEST, THICKEST = 3.0, 10.0  # pixels: the pen's radius
PRESSURE = 0.25  # how much of the radius comes and goes along a stroke, at most
UNSTEADY = 3.5  # pixels, standard deviation: where a stroke's points fall
TREMOR = 0.7  # pixels, the same: along the curve
WARP, WAVE = 5.0, 32  # pixels, the same: of the waves that bend it all; and per radian of a wave
SLANTED = 0.1  # shear: most hands lean to the right
SLANT, TURN, PROPORTION = 0.28, 0.12, 0.2  # standard deviations: shear, radians, log of a ratio
END = 0.12  # of a stroke's first and last stretch: how far it starts and ends too soon or too late
GAPS = 0.04  # the share of digits whose pen leaves the paper for a moment


def load_training():
    """Return two `mnist.Examples`, training and validation images, of the data set of this name."""
    return mnist.split(mnist.Examples(*digits(IMAGES, SEED), NAME))


def for_epochs(epochs, drawn, seed):
    """Return `mnist.Examples` of which each epoch has its own: images (epochs, n, 28, 28).

    `drawn` is a `recipes.Drawn`, in whose order an epoch's n follow each other. There are those of
    `MOST_EPOCHS` at most, to come again after them.
    """
    epochs = min(epochs, MOST_EPOCHS)
    none = epochs * drawn.none
    kinds = [
        digits(epochs * drawn.digits, seed),
        rare_digits(epochs * drawn.rare, seed),
        (no_digits(none, seed), np.full(none, NO_DIGIT, np.uint8)),
    ]
    images, labels = zip(*kinds, strict=True)
    return mnist.Examples(by_epoch(images, epochs), by_epoch(labels, epochs), NAME)


def by_epoch(kinds, epochs):
    """Return arrays (epochs * n, …), each of another n, side by side: (epochs, sum of n, …)."""
    return np.concatenate([each.reshape(epochs, -1, *each.shape[1:]) for each in kinds], axis=1)


def digits(count, seed):
    """Return images, uint8 (count, 28, 28), of drawn digits, and their labels, uint8 (count,).

    The same seed gives the same images, of each digit as many, in random order.
    """
    random = np.random.default_rng([seed, 0])
    labels = random.permutation(np.arange(count) % 10).astype(np.uint8)
    return stacked((digit(label, random) for label in labels), count), labels


def digit(label, random):
    """Return one image, uint8 (28, 28), of the digit `label`."""
    hand = random.choice(len(pen_strokes.DIGITS[label]))
    return image(drawn(pen_strokes.DIGITS[label][hand], random))


def rare_digits(count, seed):
    """Return images and labels as `digits` does, of the hands in `RARE`, each as likely."""
    random = np.random.default_rng([seed, 2])
    rare = [(label, hand) for label, those in pen_strokes.RARE.items() for hand in those]
    labels, chosen = random.choice(rare, count).astype(np.uint8).T
    written = (pen_strokes.DIGITS[label][hand] for label, hand in zip(labels, chosen, strict=True))
    return stacked((image(drawn(hand, random)) for hand in written), count), labels


def no_digits(count, seed):
    """Return images, uint8 (count, 28, 28), of what is no digit, as it is cut out of a picture."""
    random = np.random.default_rng([seed, 1])
    makers = random.choice(list(SHARES), count, p=list(SHARES.values()))
    return stacked((image(make(random)) for make in makers), count)


def stacked(images, count):
    """Return so many images in one array, uint8 (count, 28, 28)."""
    out = np.empty((count, 28, 28), np.uint8)
    for place, each in zip(out, images, strict=True):
        place[:] = each
    return out


def sign(random):
    """Return a letter or a sign, drawn, uint8 (h, w)."""
    return drawn(pen_strokes.SIGNS[random.integers(len(pen_strokes.SIGNS))], random)


def scribble(random):
    """Return a few strokes that mean nothing, uint8 (h, w)."""
    lengths = random.integers(3, 12, random.integers(1, 4))
    strokes = [random.uniform(0, [90, 100], (n, 2)) for n in lengths]
    return drawn_curves([curve(stroke, ()) for stroke in strokes], random)


def pair(random):
    """Return two digits side by side, some of which touch, uint8 (h, w)."""
    first, second = (drawn(any_hand(random), random) for _ in range(2))
    height = max(len(first), len(second))
    gap = max(0, int(random.integers(-10, 12)))
    page = np.zeros((height, first.shape[1] + second.shape[1] + gap), np.uint8)
    page[: len(first), : first.shape[1]] = first
    page[height - len(second) :, -second.shape[1] :] = second
    return page


def any_hand(random):
    """Return a hand of any digit."""
    of_digit = pen_strokes.DIGITS[random.integers(len(pen_strokes.DIGITS))]
    return of_digit[random.integers(len(of_digit))]


def blot(random):
    """Return a shape of no strokes, as is cut out of a photograph, uint8 (h, w)."""
    side = int(random.integers(3, 12))
    rough = Image.fromarray(random.random((side, side)).astype(np.float32))
    smooth = np.asarray(rough.resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC))
    shape = np.clip(4 * (smooth - random.uniform(0.35, 0.6)), 0, 1)
    height, width = random.integers(HEIGHT // 3, HEIGHT + 1, 2)
    return cut_out(np.rint(255 * shape[:height, :width]).astype(np.uint8))


def inverted(random):
    """Return the paper around a digit, as if it were the ink, uint8 (h, w)."""
    return 255 - np.pad(drawn(any_hand(random), random), random.integers(0, MARGIN // 2, (2, 2)))


SHARES = {sign: 0.45, scribble: 0.2, pair: 0.15, inverted: 0.1, blot: 0.1}  # of what is no digit


def image(ink):
    """Return ink, uint8 (h, w), as MNIST has it: uint8 (28, 28)."""
    return as_mnist(ink.astype(np.float32))


def drawn(hand, random):
    """Return a hand's strokes, drawn as a hand varies them, uint8 (h, w) cut to their box."""
    curves = [curve(unsteady(points, random), corners) for points, corners in strokes(hand)]
    return drawn_curves([with_other_ends(each, random) for each in curves], random)


@cache
def strokes(hand):
    """Return a hand's strokes, each its points, float64 (n, 2), and which of them are corners."""
    parted = [stroke.split() for stroke in hand.split(";")]
    points = [np.array([point.rstrip("!").split(",") for point in each], float) for each in parted]
    corners = [tuple(n for n, point in enumerate(each) if point.endswith("!")) for each in parted]
    return tuple(zip(points, corners, strict=True))


def unsteady(points, random):
    """Return a stroke's points, each a little beside where it should be."""
    return points + random.normal(0, UNSTEADY, points.shape)


def curve(points, corners):
    """Return a curve through points, float64 (n, 2), straight on both sides of its corners.

    A Catmull-Rom spline (Catmull and Rom, 1974) from each corner to the next.
    """
    ends = sorted({0, *corners, len(points) - 1})
    pieces = [smooth(points[i : j + 1]) for i, j in pairwise(ends)]
    return np.concatenate(pieces)


def smooth(points):
    """Return the smooth curve through points, float64 (n, 2), `POINTS` between each two."""
    before, after = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    p0, p1, p2, p3 = (p[i : len(p) - 3 + i, np.newaxis] for i in range(4))
    t = np.linspace(0, 1, POINTS)[:, np.newaxis]
    spline = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
    return (spline + (3 * (p1 - p2) + p3 - p0) * t**3).reshape(-1, 2) / 2


def with_other_ends(points, random):
    """Return a curve that begins and ends a little sooner or later."""
    first, last = random.uniform(-END, END, 2)
    begin = points[0] + first * (points[POINTS - 1] - points[0])
    end = points[-1] + last * (points[-POINTS] - points[-1])
    return np.concatenate([[begin], points[2:-2], [end]])


def drawn_curves(curves, random):
    """Return curves drawn with a pen, uint8 (h, w) cut to their box, on a page bent as a whole."""
    radius = np.exp(random.uniform(np.log(THINNEST), np.log(THICKEST)))
    curves = moved(curves, random)
    low = np.min([each.min(axis=0) for each in curves], axis=0) - MARGIN
    high = np.max([each.max(axis=0) for each in curves], axis=0) + MARGIN
    page = Image.new("L", tuple(int(side) for side in high - low))
    pen = ImageDraw.Draw(page).ellipse
    for points in curves:
        for x, y, r in set_down(points - low, radius, random).tolist():
            pen((x - r, y - r, x + r, y + r), fill=255)
    return cut_out(np.asarray(page))


def moved(curves, random):
    """Return curves slanted, turned, stretched and bent, 100 pixels high or wide."""
    everything = np.concatenate(curves)
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    matrix, warp = posture(random), random.normal(0, WARP, (2, 2, 2))
    out = [bent((points - middle) @ matrix.T, warp) for points in curves]
    span = np.ptp(np.concatenate(out), axis=0).max()
    return [each * (HEIGHT / span) for each in out]


def posture(random):
    """Return the matrix (2, 2) that stretches, slants and turns a digit as one hand does."""
    slant, turn, proportion = random.normal([SLANTED, 0, 0], [SLANT, TURN, PROPORTION])
    cosine, sine = np.cos(turn), np.sin(turn)
    stretched = np.diag([np.exp(proportion), 1])
    return [[cosine, -sine], [sine, cosine]] @ np.array([[1, -slant], [0, 1]]) @ stretched


def bent(points, warp):
    """Return points, float64 (n, 2), moved by waves of x and y, of so many pixels, (2, 2, 2)."""
    waves = np.stack([np.sin(points / WAVE), np.cos(points / WAVE)], axis=1)
    return points + np.einsum("nab,abc->nc", waves, warp)


def set_down(points, radius, random):
    """Return where a pen is set down along a curve, and its radius there: float64 (n, 3)."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.arange(0, lengths[-1] + 1e-6, max(STEP * radius, 1))
    x, y = (np.interp(along, lengths, points[:, axis]) for axis in range(2))
    phase, speed = random.uniform(0, 2 * np.pi), random.uniform(0.01, 0.06)
    amount = random.uniform(0, PRESSURE)
    radii = radius * (1 + amount * np.sin(speed * along + phase))
    shake = TREMOR * random.standard_normal(2) * np.sin(0.25 * along + phase)[:, np.newaxis]
    where = np.stack([x, y, radii], axis=1)
    where[:, :2] += shake
    return with_gap(where, random)


def with_gap(where, random):
    """Return the places at which the pen touches the paper: now and then a few are missing."""
    if random.random() >= GAPS or len(where) < 12:
        return where
    start = random.integers(2, len(where) - 4)
    length = 2 * where[0, 2]  # pixels: what the round ends of both parts cover
    missing = int(length / max(STEP * where[0, 2], 1)) + int(random.integers(1, 5))
    return np.concatenate([where[:start], where[start + missing :]])


def cut_out(page):
    """Return a page, uint8 (h, w), cut to what is drawn on it."""
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    if not len(rows):
        return np.full((1, 1), 255, np.uint8)
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
