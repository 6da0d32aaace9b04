"""Numbers as ink, float (h, w), 0 paper to 1 ink: by hand, in print, and in seven segments.

By hand they are MNIST's test digits, made larger, or pen strokes in a writing style; the signs of
a number are always pen strokes. `kinds_of_pictures.py` puts the ink into pictures.
"""

from dataclasses import dataclass, field

import numpy as np
from golden_pages import SHARP, blank, put, strokes
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from digits.data import pen_strokes, synthetic

MNIST_SIDE, MNIST_PEN = 20, 0.13  # pixels of a digit's longer side; the pen, in heights of a digit
SMOOTH = 0.45  # of a test image's pixels: the blur that hides them in a large digit
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

# A seven-segment digit: which of the bars a (top) to g (middle) are lit.
SEGMENTS = ("abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg")
# A bar's ends, x, y, in a digit 1 high.
BARS = {
    "a": ((0.04, 0), (0.5, 0)),
    "b": ((0.54, 0.04), (0.54, 0.46)),
    "c": ((0.54, 0.54), (0.54, 0.96)),
    "d": ((0.04, 1), (0.5, 1)),
    "e": ((0, 0.54), (0, 0.96)),
    "f": ((0, 0.04), (0, 0.46)),
    "g": ((0.04, 0.5), (0.5, 0.5)),
}

# Printed figures with thick and thin parts, as pen strokes for a broad nib.
SERIF = (
    "30,0 8,18 2,50 8,82 30,100 52,82 58,50 52,18 30,0",
    "4,16! 22,2! 22,98; 6,98 38,98",
    "6,26 12,6 30,0 50,10 50,32 30,62 4,96! 56,96! 58,82",
    "6,18 24,0 46,10 46,32 24,46! 50,56 54,82 30,100 8,96 4,82",
    "42,98 42,0! 0,70! 60,70; 28,98 54,98",
    "52,2! 14,2! 8,46! 28,38 52,50 54,80 30,100 8,96 4,84",
    "50,8 34,0 12,24 4,66 14,96 32,100 54,82 48,56 28,48 6,66",
    "4,20! 6,2! 56,2! 34,50 26,98",
    "30,0 10,10 12,34 44,56 56,80 30,100 4,80 16,56 46,34 48,10 30,0",
    "8,92 24,100 46,76 54,34 44,4 26,0 4,18 10,44 30,52 52,34",
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
            every = pen_strokes.DIGITS[label]
            self.styles[label] = every[self.random.integers(len(every))]
        return self.stroked(self.styles[label])[0]

    def image(self, label):
        """Return the ink of a test image with about the pen's stroke, smoothly enlarged."""
        chosen = self.random.choice(np.flatnonzero(self.examples.labels == label), CANDIDATES)
        images = [synthetic.cropped(self.examples.images[index]) for index in chosen]
        wanted = MNIST_SIDE * self.pen / self.height
        image = min(images, key=lambda image: abs(stroke_width(image) - wanted))
        return enlarged(image / np.float32(255), self.height / MNIST_SIDE)

    def stroked(self, style):
        """Return the ink of a style that this hand writes, and where its top is, in pixels."""
        warp = self.random.normal(0, 2, (2, 2, 2))
        curves = []
        for points, corners in synthetic.strokes(style):
            moved = points + self.random.normal(0, 1.5, points.shape)
            curves.append(synthetic.warped(synthetic.curve(moved, corners), warp) @ self.posture.T)
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


# Print.


def printed(text, height, weight=0.0):
    """Return text in Pillow's own font; `weight` thickens it, in heights of a digit."""
    font = ImageFont.load_default(size=round(1.38 * SHARP * height))  # its digits are 0.72 high
    width = round(SHARP * weight * height / 2)
    left, top, right, bottom = font.getbbox(text, stroke_width=width)
    page = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(page).text((-left, -top), text, 255, font, stroke_width=width)
    return np.asarray(page.reduce(SHARP), np.float32) / 255


def serif(label, height, nib):
    """Return a digit with thick and thin parts: a nib that is `nib` pixels wide, and flat."""
    thin = max(1.0, nib / 5)
    curves = [synthetic.curve(*each) * (height - thin) / 100 for each in strokes_of(label)]
    return strokes([moved for each in curves for moved in nibbed(each, nib, thin)], thin)


def strokes_of(label):
    return synthetic.strokes(SERIF[label])


def nibbed(curve, nib, thin):
    """Return a curve beside itself, again and again, as far as the nib is wide."""
    steps = max(2, int(2 * nib / thin))
    return [curve + np.array([shift, 0]) for shift in np.linspace(0, nib - thin, steps)]


def seven_segments(label, height, bar, gap, lit=None):
    """Return a seven-segment digit of bars `bar` wide, with gaps between them, all in pixels.

    The bars have pointed ends. `lit` is which of them are, by default those of the label.
    """
    page = Image.new("L", (SHARP * round(0.54 * height + bar + 2), SHARP * round(height + bar + 2)))
    brush = ImageDraw.Draw(page)
    for name in SEGMENTS[label] if lit is None else lit:
        start, end = (np.array(each) * height + bar / 2 for each in BARS[name])
        along = (end - start) / np.hypot(*(end - start))
        across, start, end = along[::-1] * bar / 2, start + along * gap, end - along * gap
        tip = along * bar / 2
        outline = (start, start + tip + across, end - tip + across, end)
        outline += (end - tip - across, start + tip - across)
        brush.polygon([tuple(SHARP * point) for point in outline], 255)
    return np.asarray(page.reduce(SHARP), np.float32) / 255


def spaced(inks, gap):
    """Return inks side by side on one foot, `gap` pixels apart."""
    height, marks, left = max(map(len, inks)), [], 0.0
    for ink in inks:
        marks.append((ink, left, height - len(ink)))
        left += ink.shape[1] + gap
    return joined(marks)


def slanted(ink, slant):
    """Return ink sheared to the right by `slant` pixels per pixel."""
    width = ink.shape[1] + int(slant * len(ink)) + 1
    page = Image.fromarray(ink)  # mode F
    matrix = (1, slant, -slant * len(ink), 0, 1, 0)
    size = (width, len(ink))
    return np.asarray(
        page.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    )
