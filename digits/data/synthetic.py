"""Synthetic digits, drawn from pen strokes: a data set with no file and no download.

An image takes a writing style from `pen_strokes`, varies it as a writer does, draws it with
a round pen of changing pressure, and brings it to MNIST's form. Non-digits are made the same way.
"""

from functools import cache
from itertools import chain, islice, pairwise

import numpy as np
from PIL import Image, ImageDraw

from digits.command_line import show_progress
from digits.data import mnist, pen_strokes
from digits.data.mnist_form import as_mnist

NAME = "synthetic digits"
IMAGES, SEED = 36_000, 1  # of the data set of that name
NON_DIGIT = 10  # the label of a non-digit

HEIGHT, MARGIN = 100, 40  # pixels: a digit's height on the page, and the page's margin
STEP = 0.3  # of the pen's radius: the distance between the dots that make a line
POINTS = 12  # of a curve between two points of its stroke

THINNEST, THICKEST = 3.0, 10.0  # pixels: the pen's radius
PRESSURE = 0.25  # how much of the radius may come and go along a stroke
UNSTEADY = 3.5  # pixels, standard deviation: of a stroke's points
TREMOR = 0.7  # pixels, standard deviation: along the curve
WARP, WAVE = 5.0, 32  # pixels: standard deviation of the waves that bend a digit; and per radian
SLANTED = 0.1  # shear: most writers lean to the right
SLANT, TURN, PROPORTION = 0.28, 0.12, 0.2  # standard deviations: shear, radians, log of a ratio
END = 0.12  # of a stroke's first and last stretch: how far it may start or end early or late
GAPS = 0.04  # the share of strokes in which the pen leaves the paper for a moment


def load_training():
    """Return training and validation images of the synthetic data set, two `mnist.Examples`."""
    pairs = counted(inked_digits(IMAGES, SEED))
    return mnist.split(mnist.Examples(*in_mnist_form(pairs, IMAGES), NAME))


def counted(pairs):
    """Yield the pairs, and show on a terminal how many of `IMAGES` are done."""
    for done, pair in enumerate(pairs, start=1):
        if done % 100 == 0:
            show_progress("generating", done, IMAGES)
        yield pair


def per_epoch(epochs, counts, seed):
    """Yield the images, uint8 (n, 28, 28), and labels, uint8 (n,), of each epoch in turn.

    `counts` is a `recipes.Synthetic`. The images of an epoch are made when they are asked for.
    """
    kinds = [
        (counts.digits, inked_digits(epochs * counts.digits, seed)),
        (counts.rare_digits, inked_rare_digits(epochs * counts.rare_digits, seed)),
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
    """Return images, uint8 (count, 28, 28), of letters, signs, scribbles, pairs and blots."""
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


def inked_non_digits(count, seed):
    random = np.random.default_rng([seed, 1])
    for kind in random.choice(list(SHARES), count, p=list(SHARES.values())):
        yield kind(random), NON_DIGIT


def letter_or_sign(random):
    return handwritten(pen_strokes.SIGNS[random.integers(len(pen_strokes.SIGNS))], random)


def scribble(random):
    lengths = random.integers(3, 12, random.integers(1, 4))
    points = [random.uniform(0, [90, 100], (n, 2)) for n in lengths]
    return penned([curve(each, ()) for each in points], random)


def pair(random):
    """Return two digits side by side, some of which touch, uint8 (h, w)."""
    first, second = (handwritten(any_style(random), random) for _ in range(2))
    height = max(len(first), len(second))
    gap = max(0, int(random.integers(-10, 12)))
    page = np.zeros((height, first.shape[1] + second.shape[1] + gap), np.uint8)
    page[: len(first), : first.shape[1]] = first
    page[height - len(second) :, -second.shape[1] :] = second
    return page


def any_style(random):
    styles = pen_strokes.DIGITS[random.integers(len(pen_strokes.DIGITS))]
    return styles[random.integers(len(styles))]


def blot(random):
    """Return a shape without strokes, like a stain on a photograph, uint8 (h, w)."""
    side = int(random.integers(3, 12))
    rough = Image.fromarray(random.random((side, side)).astype(np.float32))
    smooth = np.asarray(rough.resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC))
    shape = np.clip(4 * (smooth - random.uniform(0.35, 0.6)), 0, 1)
    height, width = random.integers(HEIGHT // 3, HEIGHT + 1, 2)
    return cropped(np.rint(255 * shape[:height, :width]).astype(np.uint8))


def negative(random):
    """Return a digit with paper and ink exchanged, uint8 (h, w)."""
    ink = handwritten(any_style(random), random)
    return 255 - np.pad(ink, random.integers(0, MARGIN // 2, (2, 2)))


SHARES = {letter_or_sign: 0.45, scribble: 0.2, pair: 0.15, negative: 0.1, blot: 0.1}


def handwritten(style, random):
    """Return a writing style as a writer varies it, uint8 (h, w), cropped to the ink."""
    curves = [
        curve(points + random.normal(0, UNSTEADY, points.shape), corners)
        for points, corners in strokes(style)
    ]
    return penned([with_other_ends(each, random) for each in curves], random)


@cache
def strokes(style):
    """Return a style's strokes: each its points, float64 (n, 2), and the indices of its corners."""
    parted = [stroke.split() for stroke in style.split(";")]
    points = [np.array([point.rstrip("!").split(",") for point in each], float) for each in parted]
    corners = [tuple(n for n, point in enumerate(each) if point.endswith("!")) for each in parted]
    return tuple(zip(points, corners, strict=True))


def curve(points, corners):
    """Return a curve through points, float64 (n, 2), that is smooth but at its corners.

    A Catmull-Rom spline (Catmull and Rom, 1974) from each corner to the next.
    """
    ends = sorted({0, *corners, len(points) - 1})
    return np.concatenate([spline(points[i : j + 1]) for i, j in pairwise(ends)])


def spline(points):
    """Return the Catmull-Rom spline through points, float64 (n, 2), `POINTS` per segment."""
    before, after = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    p0, p1, p2, p3 = (p[i : len(p) - 3 + i, np.newaxis] for i in range(4))
    t = np.linspace(0, 1, POINTS)[:, np.newaxis]
    square = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
    return (square + (3 * (p1 - p2) + p3 - p0) * t**3).reshape(-1, 2) / 2


def with_other_ends(points, random):
    """Return a curve that begins and ends a little earlier or later."""
    first, last = random.uniform(-END, END, 2)
    begin = points[0] + first * (points[POINTS - 1] - points[0])
    end = points[-1] + last * (points[-POINTS] - points[-1])
    return np.concatenate([[begin], points[2:-2], [end]])


def penned(curves, random):
    """Return curves, float64 (n, 2) each, drawn with a pen: uint8 (h, w), cropped to the ink."""
    radius = np.exp(random.uniform(np.log(THINNEST), np.log(THICKEST)))
    curves = in_posture(curves, random)
    low = np.min([each.min(axis=0) for each in curves], axis=0) - MARGIN
    high = np.max([each.max(axis=0) for each in curves], axis=0) + MARGIN
    page = Image.new("L", tuple(int(side) for side in high - low))
    pen = ImageDraw.Draw(page).ellipse
    for points in curves:
        for x, y, r in dots(points - low, radius, random).tolist():
            pen((x - r, y - r, x + r, y + r), fill=255)
    return cropped(np.asarray(page))


def in_posture(curves, random):
    """Return curves slanted, turned, stretched and bent, their longer side `HEIGHT` pixels."""
    everything = np.concatenate(curves)
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    matrix, warp = posture(random), random.normal(0, WARP, (2, 2, 2))
    bent = [warped((points - middle) @ matrix.T, warp) for points in curves]
    span = np.ptp(np.concatenate(bent), axis=0).max()
    return [each * (HEIGHT / span) for each in bent]


def posture(random):
    """Return the matrix (2, 2) of one writer's proportion, slant and turn."""
    slant, turn, proportion = random.normal([SLANTED, 0, 0], [SLANT, TURN, PROPORTION])
    cosine, sine = np.cos(turn), np.sin(turn)
    stretched = np.diag([np.exp(proportion), 1])
    return [[cosine, -sine], [sine, cosine]] @ np.array([[1, -slant], [0, 1]]) @ stretched


def warped(points, warp):
    """Return points, float64 (n, 2), moved by waves whose amplitudes are `warp`, (2, 2, 2)."""
    waves = np.stack([np.sin(points / WAVE), np.cos(points / WAVE)], axis=1)
    return points + np.einsum("nab,abc->nc", waves, warp)


def dots(points, radius, random):
    """Return x, y and radius of the dots that a pen leaves along a curve: float64 (n, 3)."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.arange(0, lengths[-1] + 1e-6, max(STEP * radius, 1))
    x, y = (np.interp(along, lengths, points[:, axis]) for axis in range(2))
    phase, speed = random.uniform(0, 2 * np.pi), random.uniform(0.01, 0.06)
    amount = random.uniform(0, PRESSURE)
    radii = radius * (1 + amount * np.sin(speed * along + phase))
    shake = TREMOR * random.standard_normal(2) * np.sin(0.25 * along + phase)[:, np.newaxis]
    line = np.stack([x, y, radii], axis=1)
    line[:, :2] += shake
    return with_gap(line, random)


def with_gap(line, random):
    """Return the dots of a line; now and then a few are missing."""
    if random.random() >= GAPS or len(line) < 12:
        return line
    start = random.integers(2, len(line) - 4)
    length = 2 * line[0, 2]  # pixels: what the round ends of both parts cover
    missing = int(length / max(STEP * line[0, 2], 1)) + int(random.integers(1, 5))
    return np.concatenate([line[:start], line[start + missing :]])


def cropped(page):
    """Return a page, uint8 (h, w), cropped to its ink."""
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    if not len(rows):
        return np.full((1, 1), 255, np.uint8)
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
