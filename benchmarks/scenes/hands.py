"""Numbers by hand as ink, float (h, w), 0 paper to 1 ink.

They are MNIST's test digits, made larger, or pen strokes in a writing style; the signs of a number
are always pen strokes.
"""

from dataclasses import dataclass, field

import numpy as np
from golden_pages import blank, put, strokes
from PIL import Image, ImageFilter

from digits.data import pen_strokes
from digits.data.pen import cropped as cropped_image
from digits.data.pen import curve, warped
from digits.data.pen import strokes as strokes_of

MNIST_SIDE = 20  # pixels of a digit's longer side
SMOOTH = 0.45  # of a test image's pixels: the blur that hides them in a large digit
# The first styles of each digit in `pen_strokes`: pictures stay as they are when styles are added.
STYLES = (10, 21, 15, 6, 16, 10, 8, 14, 6, 25)
CANDIDATES = 6  # images of a digit, of which the one with the most fitting stroke is taken

# Signs as `pen_strokes` has its digits, 100 high: y from 0, a digit's top, to 100, its foot.
SIGNS = {
    "-": ("0,54 34,52", "0,50 20,48 44,50"),
    "+": ("20,32 20,76; 0,54 42,53", "24,26 22,80; 0,52 46,56"),
    ".": ("0,97 2,99", "0,98 0,98", "0,96 4,98"),
    ",": ("6,90 7,98 0,116", "4,94 0,112", "4,88 8,94 6,106 0,118"),
    "/": ("40,-4 0,108", "30,0 0,112", "56,2 0,104"),
    ":": ("0,36 1,37; 0,88 1,89", "2,28 3,30; 0,84 1,86"),
    "%": (
        "10,6 0,14 4,28 16,26 20,12 10,6; 62,0 8,100; 58,70 46,80 50,96 62,94 66,78 58,70",
        "12,2 0,16 8,34 22,26 22,8 12,2; 66,4 14,100; 60,66 50,82 60,98 72,86 70,70 60,66",
    ),
    "€": (
        "58,14 38,0 16,18 10,50 18,82 40,100 58,88; 0,40 42,38; 0,58 38,58",
        "54,8 30,4 10,40 14,80 34,98 56,94; 0,42 36,36; 0,62 36,56",
    ),
    "$": ("50,20 30,8 10,24 22,44 46,58 50,80 26,92 2,78; 30,-6 28,108",),
    "£": ("50,16 36,0 20,14 22,50 18,86 2,98 26,94 54,98; 6,52 42,50",),
}

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


@dataclass
class Hand:
    """One hand with one pen: a digit it writes is about `height` pixels high.

    `examples` are MNIST's, or None for pen strokes; `styles` has a writing style for each digit.
    """

    random: np.random.Generator
    height: float
    pen: float  # pixels: the width of a stroke
    examples: object = None
    styles: dict = field(default_factory=dict)
    spacing: float = 0.2  # heights of a digit, between two of a row

    def __post_init__(self):
        self.posture = np.eye(2) + self.random.normal(0, [[0.06, 0.12], [0.04, 0.02]])

    def digit(self, label):
        if self.examples:
            return self.image(label)
        if label not in self.styles:
            index = self.random.integers(STYLES[label])
            self.styles[label] = pen_strokes.DIGITS[label][index]
        return self.stroked(self.styles[label])[0]

    def image(self, label):
        """Return the ink of a test image with about the pen's stroke, smoothly enlarged."""
        chosen = self.random.choice(np.flatnonzero(self.examples.labels == label), CANDIDATES)
        images = [cropped_image(self.examples.images[index]) for index in chosen]
        wanted = MNIST_SIDE * self.pen / self.height
        image = min(images, key=lambda image: abs(stroke_width(image) - wanted))
        return enlarged(image / np.float32(255), self.height / MNIST_SIDE)

    def stroked(self, style):
        """Return the ink of a style that this hand writes, and where its top is, in pixels."""
        warp = self.random.normal(0, 2, (2, 2, 2))
        curves = []
        for points, corners in strokes_of(style):
            moved = points + self.random.normal(0, 1.5, points.shape)
            curves.append(warped(curve(moved, corners), warp) @ self.posture.T)
        curves = [each * (self.height - self.pen) / 100 for each in curves]
        top = min(each[:, 1].min() for each in curves)
        return strokes(curves, self.pen), top

    def mark(self, character):
        """Return the ink of a digit or sign, and how far its top is below the row's, in pixels."""
        if character.isdigit():
            ink = self.digit(int(character))
            return ink, self.height * (1 + self.random.normal(0, 0.025)) - ink.shape[0]
        styles = SIGNS[character]
        return self.stroked(styles[self.random.integers(len(styles))])


def stroke_width(image):
    """Return the mean width of an image's strokes, in pixels: twice its area per outline."""
    mask = np.pad(image > 127, 1)
    return 2 * mask.sum() / (np.diff(mask, axis=0).sum() + np.diff(mask, axis=1).sum())


def enlarged(ink, scale):
    """Return ink `scale` times as large, whose edges are sharp again."""
    padded = np.rint(255 * np.pad(ink, 1)).astype(np.uint8)
    side = [max(1, round(scale * each)) for each in padded.shape[::-1]]
    large = Image.fromarray(padded).resize(side, Image.Resampling.BICUBIC)
    smooth = large.filter(ImageFilter.GaussianBlur(SMOOTH * scale))
    sharpness = max(1, scale / 2)
    return cropped(np.clip(sharpness * (np.asarray(smooth, np.float32) / 255 - 0.5) + 0.5, 0, 1))


def cropped(ink):
    """Return ink without the empty rows and columns around it."""
    rows, columns = (np.flatnonzero((ink > 0.1).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def row(text, hand, rise=0.0):
    """Return the ink of a row of digits and signs that climbs `rise` pixels per pixel."""
    marks, left = [], 0.0
    for character in text:
        ink, top = hand.mark(character)
        marks.append((ink, left, top - rise * left))
        left += ink.shape[1] + hand.height * hand.spacing * hand.random.uniform(0.6, 1.4)
    return joined(marks)


def rows(texts, hand):
    """Return the ink of several rows, one below the other."""
    lines, top = [], 0.0
    for text in texts:
        ink = row(text, hand)
        lines.append((ink, hand.random.uniform(0, hand.height), top))
        top += ink.shape[0] + hand.height * hand.random.uniform(0.4, 0.7)
    return joined(lines)


def joined(marks):
    """Return one ink of several: each its ink, and its left and top in pixels."""
    left, top = min(each[1] for each in marks), min(each[2] for each in marks)
    right = max(x + ink.shape[1] for ink, x, _ in marks)
    bottom = max(y + ink.shape[0] for ink, _, y in marks)
    page = blank(round(bottom - top) + 1, round(right - left) + 1)
    for ink, x, y in marks:
        put(page, ink, x - left, y - top)
    return page


def pushed(first, second, overlap, paper=0.5):
    """Return two inks of a row, pushed together until they overlap by some pixels.

    Both stand on the same foot; ink is what is above `paper`. Without a row of pixels in which both
    have ink, they are side by side.
    """
    height = max(len(first), len(second))
    left, right = (np.pad(each, ((height - len(each), 0), (0, 0))) for each in (first, second))
    both = (left > paper).any(axis=1) & (right > paper).any(axis=1)
    free = (left[both, ::-1] > paper).argmax(axis=1) + (right[both] > paper).argmax(axis=1)
    nearest = free.min() + overlap if both.any() else 0
    return joined([(left, 0, 0), (right, left.shape[1] - nearest, 0)])


def touching(text, hand, overlap):
    """Return the ink of a row of digits that all touch."""
    ink = hand.digit(int(text[0]))
    for character in text[1:]:
        ink = pushed(ink, hand.digit(int(character)), overlap)
    return ink
