"""What a page's digits are made of: marks that may be digits, and slices of them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digits.data.mnist_form import DIGIT_SIDE, IMAGE_SIDE, as_mnist
from digits.page.components import connected
from digits.page.filters import grown, median, quantile, running, shrunk

LEAST_AREA, LEAST_SIDE = 4, 3  # pixels of a mark
FLAT = 4  # times as wide as high: no digit, but the bar of one perhaps
WIDEST_BAR = 1.3  # of the widest digit
SOLID = 0.5  # of its longer side: a blot's thickness, by area and perimeter
ALONG_EDGE = 0.5  # of its longer side, on the picture's edge: a shadow, a desk
TIGHT = 0.3  # of the picture's longer side: a mark on the edge that may be a digit
FAINT = 0.4  # of the usual mark's strength: a smudge, a crease

BODY = 0.45  # of the digits' height: what is a digit, and no part of one, by its height

CUTS = 6  # places at most to cut a mark at
NARROWEST = 0.25  # of the digits' height, to either side of a cut
LEAST_TO_CUT = 12  # pixels of height: what is lower is one digit, or part of one
TO_BE_CUT = 0.8  # width by height, from which a mark may be several digits
FULL_INK = 0.9  # of a digit's pixels, ordered: as strong as this and more is full ink
LEAST_INK = 0.001  # a quarter of a step of 8-bit grey: of what is fainter, no image can be made
EDGE = 0.1  # of full ink, where a digit's box begins


@dataclass(frozen=True)
class Piece:
    """Marks, or what lies of them between two columns; `cut` if it ends in the midst of one."""

    marks: tuple[int, ...]
    box: tuple[int, int, int, int]
    cut: bool = False


def digit_like(ink):
    """Return the numbers of the marks that may be digits, or parts of them."""
    marks = ink.marks
    width, height = marks.widths, marks.heights
    longer, on_edge = np.maximum(width, height), marks.pixels_on_edge()
    seen = (marks.areas >= LEAST_AREA) & (longer >= LEAST_SIDE) & (ink.full >= LEAST_INK)
    flat, along_edge = width > FLAT * height, on_edge >= ALONG_EDGE * longer
    sound = seen & ~flat & ~along_edge & (marks.thickness() <= SOLID * longer)
    if not sound.any():  # cut out so tightly that the digit touches the picture's edge
        return np.flatnonzero(seen & (longer >= TIGHT * max(marks.labels.shape)))
    strong = np.minimum(1, ink.full / median(ink.full[sound]))
    large = sound & (height >= BODY * (height * strong)[sound].max())
    underline = flat & ((on_edge > 0) | (width > WIDEST_BAR * width[large].max()))
    visible = ink.full >= FAINT * median(ink.full[large])
    return np.flatnonzero(seen & ~(along_edge & ~sound) & ~underline & visible)


def usual_height(marks, chosen):
    """Return the height, in pixels, of the mark that the middle one of all their pixels is in."""
    ordered = chosen[marks.heights[chosen].argsort()]
    areas = marks.areas[ordered].cumsum()
    return int(marks.heights[ordered[np.searchsorted(areas, areas[-1] / 2)]])


def slices(ink, piece, digit_height):
    """Return a piece's slices, if it is broad enough for several digits, else it alone."""
    left, top, right, bottom = piece.box
    low = bottom - top < max(BODY * digit_height, LEAST_TO_CUT)
    if low or right - left < TO_BE_CUT * (bottom - top):
        return [piece]
    inside = np.isin(ink.marks.labels[top:bottom, left:right], piece.marks)
    places = [0, *thinnest(inside.sum(axis=0), NARROWEST * digit_height), right - left]
    found = []
    for start, stop in pairwise(places):
        rows = np.flatnonzero(inside[:, start:stop].any(axis=1))
        box = (left + start, top + int(rows[0]), left + stop, top + int(rows[-1]) + 1)
        found.append(Piece(piece.marks, box, stop < right - left))
    return found


def image(ink, piece, thickness):
    """Return the 28×28 uint8 image of a piece's ink, whose strokes are of so many pixels.

    It is empty if most of the piece is no darker than the paper: gaps between fine dots.
    """
    left, top, right, bottom = piece.box
    reach = max(1, round(thickness / 2))
    first_row, first_column = max(top - reach, 0), max(left - reach, 0)
    frame = slice(first_row, bottom + reach), slice(first_column, right + reach)
    labels, strength = ink.marks.labels[frame], ink.strength[frame]
    own = np.isin(labels, piece.marks)
    own[:, : left - first_column] = own[:, right - first_column :] = False
    fading = grown(own, reach) & (labels < 0) & (strength > ink.least)
    full = quantile(strength[own], FULL_INK)
    if full < LEAST_INK:
        return np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    drawn = np.clip(np.where(own | fading, strength, 0) / full, 0, 1)
    rows, columns = span((drawn > EDGE).any(axis=1)), span((drawn > EDGE).any(axis=0))
    return as_mnist(with_pen_of_mnist(drawn[rows, columns]))


def span(held):
    """Return the slice from the first to the last that holds anything."""
    found = np.flatnonzero(held)
    return slice(found[0], found[-1] + 1)


def thinnest(profile, apart):
    """Return up to `CUTS` places where a profile is lowest, so far `apart` and from the ends."""
    chosen = []
    for place in profile.argsort(kind="stable"):
        if all(abs(place - other) >= apart for other in [0, len(profile), *chosen]):
            chosen.append(int(place))
        if len(chosen) == CUTS:
            break
    return sorted(chosen)


def joined(pieces):
    """Return one piece of several."""
    boxes = np.array([piece.box for piece in pieces])
    marks = sorted({mark for piece in pieces for mark in piece.marks})
    box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return Piece(tuple(marks), tuple(box.tolist()), pieces[-1].cut)


def distance(box, other):
    """Return how far apart two boxes are: across plus down."""
    across = max(box[0] - other[2], other[0] - box[2], 0)
    return across + max(box[1] - other[3], other[1] - box[3], 0)


def middle(piece):
    return piece.box[0] + piece.box[2]


def width(box):
    return box[2] - box[0]


def height(box):
    return box[3] - box[1]


WORKING_SIDE = 140  # pixels: seven for each of the digit's
THIN, NORMAL = 1.6, 2.2  # pixels of a stroke in the finished image; MNIST's have 2 to 4


def with_pen_of_mnist(ink):
    """Return ink, cut to its box, with strokes that are not too thin to be seen at 20×20."""
    if max(ink.shape) <= DIGIT_SIDE:
        return ink
    small = shrunk(np.ascontiguousarray(ink, np.float32), WORKING_SIDE)
    small = small / small.max()
    per_pixel = DIGIT_SIDE / max(small.shape)
    strokes = connected(small > 0.5)
    width = np.average(strokes.thickness(), weights=strokes.areas) * per_pixel
    radius = round((NORMAL - width) / 2 / per_pixel) if width < THIN else 0
    return thickened(small, radius) if radius else ink


def thickened(ink, radius):
    """Return ink whose strokes reach `radius` pixels further to all sides: a round brush."""
    wide = np.pad(ink, 2 * radius)
    height, width = (side + 2 * radius for side in ink.shape)
    out = np.zeros((height, width), ink.dtype)
    for down in range(-radius, radius + 1):
        half = round((radius**2 - down**2) ** 0.5)
        rows = wide[radius + down : radius + down + height]
        rows = rows[:, radius - half : radius + half + width]
        np.maximum(out, running(np.maximum, rows, 2 * half + 1, 1), out=out)
    return out
