"""Segments of a page's ink that may be digits: components, parts of them, or several merged."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from digits.data.mnist_form import DIGIT_SIDE, IMAGE_SIDE, as_mnist
from digits.page.components import connected_components
from digits.page.filters import dilated, median, quantile, shrunk, sliding
from digits.page.ink import Ink, is_cropped
from digits.page.seams import Seam, seams

BAR_ASPECT = 4  # width by height: what is wider is no digit, though it may be the bar of one
MAX_BAR = 1.3  # of the widest digit: a wider bar is an underline
BLOB_STROKE = 0.5  # stroke width by longer side: what is more is a blob or dot, no digit
BORDER_SHARE = 0.5  # of the longer side on the picture's border: a shadow or desk, no digit
MARGIN = 0.2  # of the picture's shorter side: what is cut off and all within it is no digit
BAR_FILL, BAR_LENGTH = 0.8, 0.7  # of a bar's box, and of the picture's height
SAME_HEIGHT = 1.25  # times the digits' height, or less: on the border, too, it is a digit
MIN_DIGIT_SIDE = 8  # px: what is smaller cannot be read
MIN_TIGHT_SIDE = 0.3  # of the picture's longer side: a cropped digit that touches the border
MIN_DARKNESS = 0.4  # of the digits' median: what is fainter is a smudge or crease
MIN_BODY = 0.45  # of the digits' height: what is lower is a part of a digit at most
MIN_PART = 0.12  # of the digits' height, both ways: what is smaller is a speck
MAX_WHOLE = 8  # parts of one digit that is broken
MAX_COMPONENTS = 250  # a full page of numbers: bounds the time
MAX_ASPECT = 1.5  # width by height of a digit of several components: a broad 2 has as much
WHITE_QUANTILE = 0.9  # of a digit's pixels, which becomes 255: not the darkest spot of a pencil
MIN_WHITE = 0.001  # of black to white, a quarter of a grey level: of less, no image can be made
BOX_SHARE = 0.1  # of white: what is fainter, as a marker's shadow, is outside the digit's box
WORKING_SIDE = 140  # px: seven for each pixel of MNIST's 20
THIN_STROKE, NORMAL_STROKE = 1.6, 2.2  # px at MNIST's 20; its own strokes have 2 to 4


class NotDigitsError(Exception):
    """The ink is not that of digits: no component may be one, or far too many may."""


class Cut(NamedTuple):
    """What of a component is kept: from one seam, or its start, to another, or its end."""

    component: int
    left: Seam | None
    right: Seam | None


class Segment(NamedTuple):
    """Components, or what lies of them between seams."""

    components: tuple[int, ...]  # their numbers
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels, the last two exclusive
    cuts: tuple[Cut, ...] = ()  # of those components that are cut

    @property
    def width(self):
        return self.box[2] - self.box[0]

    @property
    def height(self):
        return self.box[3] - self.box[1]

    @property
    def ends(self):
        """The seams on its right."""
        return {cut.right for cut in self.cuts} - {None}

    def mask(self, labels, left=0, top=0):
        """Return its pixels in labels (h, w), a part of the picture whose corner is given."""
        inside = np.isin(labels, self.components)
        rows, columns = np.arange(top, top + len(labels)), np.arange(left, left + labels.shape[1])
        for component, start, stop in self.cuts:
            beyond = np.zeros_like(inside)
            if start:
                beyond |= columns < start.at(rows)[:, np.newaxis]
            if stop:
                beyond |= columns >= stop.at(rows)[:, np.newaxis]
            inside &= ~(beyond & (labels == component))
        return inside


class DigitParts(NamedTuple):
    """What of an `Ink` may be digits or parts of digits."""

    ink: Ink
    segments: list[Segment]  # of one component each
    is_evident: np.ndarray  # bool (n,): components that digits or other writing must account for
    whole: Segment | None  # all but specks, if it may be one digit, however broken
    digit_height: int  # px

    def is_body(self, segment):
        """Whether a segment, or the component that it was split from, is as high as a digit."""
        boxes = self.ink.components.boxes[list(segment.components)]
        return boxes[:, 3].max() - boxes[:, 1].min() >= MIN_BODY * self.digit_height


def digit_parts(ink):
    """Return the `DigitParts` of an `Ink`. Raises NotDigitsError if it holds no digits."""
    components, candidates = ink.components, digit_like(ink)
    if not len(candidates):
        raise NotDigitsError
    digit_height = typical_height(components, candidates)
    is_speck = components.sizes.max(axis=1) < MIN_PART * digit_height
    parts = candidates[~is_speck[candidates]]
    if len(parts) > MAX_COMPONENTS:
        raise NotDigitsError
    is_frame = encloses(components.boxes[parts], MIN_BODY * digit_height)
    parts = parts[~(is_frame & (components.pixels_on_border()[parts] > 0))]
    is_evident = ~in_margin(components)
    is_evident[parts] = True
    cropped = is_cropped(ink.darkness)
    of_whole = np.flatnonzero((is_evident | cropped) & ~is_speck)
    whole = whole_digit(components, of_whole) if cropped or len(of_whole) <= MAX_WHOLE else None
    return DigitParts(ink, segments_of(components, parts), is_evident, whole, digit_height)


def encloses(boxes, min_height):
    """Return which of n boxes have another one inside that is as high as a digit."""
    outer, inner = boxes[:, np.newaxis], boxes[np.newaxis]
    contains = (outer[..., :2] < inner[..., :2]).all(-1) & (outer[..., 2:] > inner[..., 2:]).all(-1)
    return (contains & (inner[..., 3] - inner[..., 1] >= min_height)).any(axis=1)


def segments_of(components, numbers):
    boxes = components.boxes[numbers].tolist()
    return [Segment((n,), tuple(box)) for n, box in zip(numbers.tolist(), boxes, strict=True)]


def whole_digit(components, numbers):
    """Return a segment of some components, or None if it is too wide for a digit."""
    whole = merged(segments_of(components, numbers))
    return whole if whole.width <= MAX_ASPECT * whole.height else None


def digit_like(ink):
    """Return the numbers of the components that may be digits or parts of them, int64 (n,)."""
    components, darkness = ink.components, ink.full_darkness
    (width, height), longer = components.sizes.T, components.sizes.max(axis=1)
    on_border, is_marginal = components.pixels_on_border(), in_margin(components)
    is_visible = darkness >= MIN_WHITE
    is_inside = is_visible & ~is_marginal & (on_border < BORDER_SHARE * longer)
    is_bar = width > BAR_ASPECT * height
    is_thin = ink.stroke_widths <= BLOB_STROKE * longer
    is_sound = is_inside & ~is_bar & is_thin & (longer >= MIN_DIGIT_SIDE)
    if not is_sound.any():  # cropped so tightly that the digit touches the picture's border
        min_side = MIN_TIGHT_SIDE * max(components.labels.shape)
        return np.flatnonzero(is_visible & ~is_marginal & (longer >= min_side))
    bodies = digit_bodies(ink, is_sound)
    digit_height = typical_height(components, np.flatnonzero(bodies))
    is_as_high = np.maximum(height / digit_height, digit_height / height) <= SAME_HEIGHT
    is_inside |= is_visible & is_as_high & is_thin & (width <= MAX_ASPECT * height)
    is_underline = is_bar & ((on_border > 0) | (width > MAX_BAR * width[bodies].max()))
    is_dark = darkness >= MIN_DARKNESS * median(darkness[bodies])
    return np.flatnonzero(is_inside & ~is_underline & is_dark)


def in_margin(components):
    """Return which components are all near the picture's border, and cut off or bars, bool (n,).

    They are the frame of a cell, the end of a neighbour or the edge of a photograph.
    """
    margin = int(MARGIN * min(components.labels.shape))
    is_cut_off = components.pixels_on_border() > 0
    return (is_cut_off | are_bars(components)) & ~components.reach_inside(max(margin, 1))


def are_bars(components):
    """Return which components are upright bars along most of the picture's height, bool (n,)."""
    width, height = components.sizes.T
    is_straight = components.areas >= BAR_FILL * width * height
    is_long = height >= BAR_LENGTH * components.labels.shape[0]
    return is_straight & is_long & (height > BAR_ASPECT * width)


def digit_bodies(ink, is_sound):
    """Return the sound components that are as high as digits; faint ones do not set the height."""
    darkness, height = ink.full_darkness, ink.components.sizes[:, 1]
    relative = np.minimum(1, darkness / median(darkness[is_sound]))
    return is_sound & (height >= MIN_BODY * (height * relative)[is_sound].max())


def typical_height(components, numbers):
    """Return the height in pixels of some components, the median weighted by area."""
    heights, order = components.sizes[numbers, 1], components.sizes[numbers, 1].argsort()
    areas = components.areas[numbers[order]].cumsum()
    return int(heights[order[np.searchsorted(areas, areas[-1] / 2)]])


def split(segment, parts):
    """Return the segments that seams split a segment into."""
    left, top, right, bottom = segment.box
    labels = parts.ink.components.labels[top:bottom, left:right]
    inside = segment.mask(labels, left, top)
    ends = pairwise([None, *seams(inside, left, top, parts.digit_height), None])
    cuts = [tuple(Cut(n, *both) for n in segment.components) for both in ends]
    pieces = [segment._replace(cuts=each) for each in cuts]
    masks = [piece.mask(labels, left, top) for piece in pieces]
    return [
        piece._replace(box=box_of(mask, left, top))
        for piece, mask in zip(pieces, masks, strict=True)
        if mask.any()
    ]


def box_of(mask, left, top):
    """Return the box of a mask whose corner lies at (left, top) of the picture."""
    rows, columns = (extent(mask.any(axis=axis)) for axis in (1, 0))
    return left + columns.start, top + rows.start, left + columns.stop, top + rows.stop


def merged(segments):
    """Return one segment of several, which are in order from the left."""
    boxes = np.array([segment.box for segment in segments])
    components = sorted({n for segment in segments for n in segment.components})
    box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return Segment(tuple(components), tuple(box.tolist()), merged_cuts(segments))


def merged_cuts(segments):
    """Return the `Cut`s of several segments as one: neighbours of a component are joined."""
    found = {}
    for cut in (cut for segment in segments for cut in segment.cuts):
        first = found.get(cut.component, cut)
        found[cut.component] = first._replace(right=cut.right)
    return tuple(cut for cut in found.values() if cut.left or cut.right)


def mnist_image(ink, segment):
    """Return a segment's ink as MNIST would show it, uint8 (28, 28); all 0 if it has too little."""
    stroke_width = ink.stroke_widths[list(segment.components)].max()
    shades = ink_shades(ink, segment, max(1, round(stroke_width / 2)))
    if not shades.any():
        return np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    rows, columns = (extent((shades > BOX_SHARE).any(axis=axis)) for axis in (1, 0))
    return as_mnist(with_visible_strokes(shades[rows, columns]))


def ink_shades(ink, segment, margin):
    """Return a segment and its fading outline, up to `margin` px wide: float32, white ink at 1."""
    left, top, right, bottom = segment.box
    first_row, first_column = max(top - margin, 0), max(left - margin, 0)
    frame = slice(first_row, bottom + margin), slice(first_column, right + margin)
    labels, darkness = ink.components.labels[frame], ink.darkness[frame]
    own = segment.mask(labels, first_column, first_row)
    outline = dilated(own, margin) & (labels < 0) & (darkness > ink.threshold)
    white = quantile(darkness[own], WHITE_QUANTILE) if own.any() else 0
    if white < MIN_WHITE:
        return np.zeros_like(darkness)
    return np.clip(np.where(own | outline, darkness, 0) / white, 0, 1)


def extent(mask):
    found = np.flatnonzero(mask)
    return slice(int(found[0]), int(found[-1]) + 1)


def with_visible_strokes(ink):
    """Return ink (h, w), cut to its box, whose strokes are wide enough to be seen at 20×20."""
    if max(ink.shape) <= DIGIT_SIDE:
        return ink
    small = shrunk(np.ascontiguousarray(ink, np.float32), WORKING_SIDE)
    small = small / small.max()
    scale = DIGIT_SIDE / max(small.shape)
    strokes = connected_components(small > 0.5)
    width = np.average(strokes.stroke_widths(), weights=strokes.areas) * scale
    radius = round((NORMAL_STROKE - width) / 2 / scale) if width < THIN_STROKE else 0
    return dilated_by_disc(small, radius) if radius else ink


def dilated_by_disc(ink, radius):
    """Return ink (h, w) dilated by a disc of `radius` pixels: `radius` more on every side."""
    padded = np.pad(ink, 2 * radius)
    height, width = (side + 2 * radius for side in ink.shape)
    dilation = np.zeros((height, width), ink.dtype)
    for down in range(-radius, radius + 1):
        half = round((radius**2 - down**2) ** 0.5)
        rows = padded[radius + down : radius + down + height]
        rows = rows[:, radius - half : radius + half + width]
        np.maximum(dilation, sliding(np.maximum, rows, 2 * half + 1, 1), out=dilation)
    return dilation
