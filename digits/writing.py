"""The ink on a page → the digits written there, row by row, as a network reads them.

A digit may be several marks, and a mark several digits. So a row is taken as pieces, each a mark or
a slice of one, and is read as the groups of neighbouring pieces of which the network is surest.
"""

from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import NamedTuple

import numpy as np

from digits.centring import as_mnist, with_pen_of_mnist
from digits.ink import grown

MOST_MARKS = 60  # a picture with more of them is none of digits
LEAST_AREA, LEAST_SIDE = 4, 3  # pixels of a mark
FLAT = 4  # times as wide as high: no digit, but the bar of one perhaps
WIDEST_BAR = 1.3  # of the widest digit
SOLID = 0.5  # of its longer side: a blot's thickness, by area and perimeter
ALONG_EDGE = 0.5  # of its longer side, on the picture's edge: a shadow, a desk
TIGHT = 0.3  # of the picture's longer side: a mark on the edge that may be a digit
FAINT = 0.4  # of the usual mark's strength: a smudge, a crease

BODY = 0.45  # of the digits' height: what is a digit, and no part of one, by its height
SPECK = 0.12  # of that height, both ways
SAME_ROW = 0.4  # of the lower one's height, shared by neighbours
NEAR = 0.3  # of the digits' height, from a part to its digit
ABOVE = 0.5  # of the narrower one's width, shared by parts that lie above one another
GAP_ABOVE = 0.15  # of the digits' height, at most, between those

MOST_PIECES = 5  # marks in one digit
WIDEST = 1.5  # of a digit's height
WIDEST_GAP = 0.5  # of the digits' height, inside one of them
APART, TOUCHING, GAP = 0.7, 0.2, 4.0  # what it costs in log probability to join; per height of gap
DROPPED = 4.0  # to leave a part out, per its size by the digits' height
CUT = 1.0  # to cut a mark
BROAD, TOO_BROAD = 1.1, 2.0  # width by height above which a digit costs so much per height
CUTS = 6  # places at most to cut a mark at
NARROWEST = 0.25  # of the digits' height, to either side of a cut
LEAST_TO_CUT = 12  # pixels of height: what is lower is one digit, or part of one
TO_BE_CUT = 0.8  # width by height, from which a mark may be several digits
FULL_INK = 0.9  # of a digit's pixels, ordered: as strong as this and more is full ink
EDGE = 0.1  # of full ink, where a digit's box begins
CROWDED = 0.2  # of the digits' widths: what overlaps of them in a pattern, and not in writing
WELL_READ, BADLY_READ = 0.9, 0.8  # mean confidence of a row; the second is no writing beside one


class Digit(NamedTuple):
    """A digit in a picture, and what the network made of it.

    `image` is uint8 (28, 28), `box` its left, top, right and bottom in pixels, `probabilities`
    float32 (10,).
    """

    image: np.ndarray
    box: tuple[int, int, int, int]
    probabilities: np.ndarray

    @property
    def predicted(self):
        """The digit that the network finds likeliest."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self):
        """Its probability, 0 to 1."""
        return float(self.probabilities.max())


@dataclass(frozen=True)
class Piece:
    """Marks, or what lies of them between two columns; `cut` if it ends in the midst of one."""

    marks: tuple[int, ...]
    box: tuple[int, int, int, int]
    cut: bool = False


def rows_of_digits(inks, predict):
    """Return the rows, from the top, of the `Digit`s in a picture, each from left to right.

    `inks` are the `ink.Ink`s that may be its ink: that counts of which the network is surest.
    `predict` takes uint8 (n, 28, 28) to probabilities (n, 10). Without digits there are no rows.
    """
    readings = [rows for ink in inks if (rows := rows_in(ink, predict))]
    return max(readings, key=certainty, default=[])


def rows_in(ink, predict):
    """Return the rows of `Digit`s in an `ink.Ink`."""
    marks = digit_like(ink)
    if not len(marks):
        return []
    height = usual_height(ink.marks, marks)
    marks = marks[np.maximum(ink.marks.widths, ink.marks.heights)[marks] >= SPECK * height]
    if len(marks) > MOST_MARKS:
        return []
    reader = Reader(ink, predict, height)
    return writing_among([row for pieces in reader.rows(marks) if (row := reader.read(pieces))])


def certainty(rows):
    """Return the mean confidence of the digits in some rows, 0 to 1."""
    return np.mean([digit.confidence for row in rows for digit in row])


def digit_like(ink):
    """Return the numbers of the marks that may be digits, or parts of them."""
    marks = ink.marks
    width, height = marks.widths, marks.heights
    longer, on_edge = np.maximum(width, height), marks.pixels_on_edge()
    seen = (marks.areas >= LEAST_AREA) & (longer >= LEAST_SIDE)
    flat, along_edge = width > FLAT * height, on_edge >= ALONG_EDGE * longer
    sound = seen & ~flat & ~along_edge & (marks.thickness() <= SOLID * longer)
    if not sound.any():  # cut out so tightly that the digit touches the picture's edge
        return np.flatnonzero(seen & (longer >= TIGHT * max(marks.labels.shape)))
    strong = np.minimum(1, ink.full / np.median(ink.full[sound]))
    large = sound & (height >= BODY * (height * strong)[sound].max())
    underline = flat & ((on_edge > 0) | (width > WIDEST_BAR * width[large].max()))
    visible = ink.full >= FAINT * np.median(ink.full[large])
    return np.flatnonzero(seen & ~(along_edge & ~sound) & ~underline & visible)


def usual_height(marks, chosen):
    """Return the height, in pixels, of the mark that the middle one of all their pixels is in."""
    ordered = chosen[marks.heights[chosen].argsort()]
    areas = marks.areas[ordered].cumsum()
    return int(marks.heights[ordered[np.searchsorted(areas, areas[-1] / 2)]])


def writing_among(rows):
    """Return those rows that are writing: not a pattern that stands beside it.

    A pattern reads as nothing clear, and its supposed digits overlap.
    """
    written = [row for row in rows if certainty([row]) >= BADLY_READ and not is_crowded(row)]
    return written if any(certainty([row]) >= WELL_READ for row in written) else rows


def is_crowded(row):
    """Return whether the digits of a row overlap as no writing does."""
    boxes = np.array([digit.box for digit in row])
    overlaps = np.maximum(boxes[:-1, 2] - boxes[1:, 0], 0)
    return overlaps.sum() > CROWDED * (boxes[:, 2] - boxes[:, 0]).sum()


class Reader:
    """Reads the marks of an `ink.Ink` as digits of about a `height` in pixels."""

    def __init__(self, ink, predict, height):
        self.ink, self.predict, self.height = ink, predict, height
        self.thickness = ink.marks.thickness()
        self.readings = {}  # of each piece: its image and its probabilities

    def rows(self, chosen):
        """Return the rows, from the top, of the `Piece`s that some marks make, left to right."""
        boxes = self.ink.marks.boxes.tolist()
        pieces = self.joined_above([Piece((n,), tuple(boxes[n])) for n in chosen.tolist()])
        pieces.sort(key=middle)
        bodies = [piece for piece in pieces if self.is_body(piece)]
        rows = self.linked(bodies)
        for piece in pieces:
            if not self.is_body(piece):
                self.put_near(piece, rows)
        rows = self.inner([sorted(row, key=middle) for row in rows])
        return sorted(rows, key=lambda row: np.mean([piece.box[1] + piece.box[3] for piece in row]))

    def is_body(self, piece):
        """Return whether a piece, or what it is a slice of, is as high as a digit."""
        boxes = self.ink.marks.boxes[list(piece.marks)]
        return boxes[:, 3].max() - boxes[:, 1].min() >= BODY * self.height

    def linked(self, bodies):
        """Return rows of pieces, each in the row of the first to its right that it is level with.

        So the row may slope, as long as neighbours are level.
        """
        row_of = {}
        for i in reversed(range(len(bodies))):
            level = (j for j in range(i + 1, len(bodies)) if are_level(bodies[i], bodies[j]))
            row_of[i] = row_of.get(next(level, None), i)
        return [[bodies[i] for i in row_of if row_of[i] == row] for row in set(row_of.values())]

    def put_near(self, piece, rows):
        """Add a piece that is no body to the row of the nearest body, if it is near."""
        distances = [min(distance(piece.box, body.box) for body in row) for row in rows]
        if distances and min(distances) <= NEAR * self.height:
            rows[distances.index(min(distances))].append(piece)

    def inner(self, rows):
        """Return the rows that the picture's edge does not cut through, or all if it cuts all."""
        on_edge = self.ink.marks.pixels_on_edge()
        cut_off = [np.mean([on_edge[list(piece.marks)].any() for piece in row]) for row in rows]
        return [row for row, share in zip(rows, cut_off, strict=True) if share < 0.5] or rows

    def joined_above(self, pieces):
        """Return pieces, joined where one above another is read as one digit with more certainty.

        The bar of a 5 may hang in the air, and thin strokes have gaps.
        """
        pairs = [pair for pair in permutations(pieces, 2) if self.may_be_above(*pair)]
        if not pairs:
            return pieces
        wholes = [joined(pair) for pair in pairs]
        apart = [self.confidences(parts) for parts in zip(*pairs, strict=True)]
        gain = self.confidences(wholes) - apart[0] * apart[1]
        taken, new = set(), []
        for i in (-gain).argsort():
            if gain[i] > 0 and taken.isdisjoint(pairs[i]):
                taken.update(pairs[i])
                new.append(wholes[i])
        rest = [piece for piece in pieces if piece not in taken]
        return self.joined_above([*rest, *new]) if new else pieces

    def may_be_above(self, above, below):
        """Return whether two pieces are close enough, one above the other, to be of one digit."""
        upper, lower = above.box, below.box
        shared = min(upper[2], lower[2]) - max(upper[0], lower[0])
        gap = lower[1] - upper[3]
        near = -NEAR * self.height <= gap <= GAP_ABOVE * self.height
        return near and upper[1] < lower[1] and shared >= ABOVE * min(width(upper), width(lower))

    def confidences(self, pieces):
        """Return how sure the network is of each piece as a digit, float32 (n,)."""
        return np.array([self.reading(piece)[1].max() for piece in self.read_all(pieces)])

    def read_all(self, pieces):
        """Read those pieces that were not read before, all at once, and return the pieces."""
        new = list({piece: None for piece in pieces if piece not in self.readings})
        if new:
            images = np.stack([self.image(piece) for piece in new])
            both = zip(images, self.predict(images), strict=True)
            self.readings.update(zip(new, both, strict=True))
        return pieces

    def reading(self, piece):
        """Return a piece's image and probabilities, once it has been read."""
        return self.readings[piece]

    def read(self, row):
        """Return the `Digit`s that a row of pieces is read as.

        Of all ways to part the row into groups of neighbours, the one with the greatest sum of log
        probabilities, less what the groups cost, by dynamic programming.
        """
        pieces = [part for piece in row for part in self.cut(piece)]
        groups = list(self.groups(pieces))
        self.read_all([whole for *_, whole in groups])
        best = [(0.0, [])]
        for end, piece in enumerate(pieces, start=1):
            value, digits = best[-1]
            ways = [(value - self.cost_of_leaving(piece), digits)]
            for start, stop, cost, whole in groups:
                if stop == end:
                    image, probabilities = self.reading(whole)
                    value = best[start][0] + np.log(probabilities.max()) - cost
                    digit = Digit(image, whole.box, probabilities)
                    ways.append((value, [*best[start][1], digit]))
            best.append(max(ways, key=lambda way: way[0]))
        return best[-1][1]

    def cost_of_leaving(self, piece):
        """Return what it costs to read a piece as no digit: all the more, the larger it is."""
        if self.is_body(piece):
            return np.inf
        return DROPPED * max(width(piece.box), height(piece.box)) / self.height

    def groups(self, pieces):
        """Yield the groups of neighbours that may be a digit: start, stop, cost, joined pieces."""
        for start in range(len(pieces)):
            cost = CUT / 2 if start and pieces[start - 1].cut else 0.0
            for stop in range(start + 1, len(pieces) + 1):
                whole = joined(pieces[start:stop])
                if stop > start + 1:
                    cost += self.cost_of_joining(joined(pieces[start : stop - 1]), pieces[stop - 1])
                if cost == np.inf or not self.may_be_digit(whole):
                    break
                if any(self.is_body(piece) for piece in pieces[start:stop]):
                    yield start, stop, cost + self.cost_of_shape(whole), whole

    def may_be_digit(self, whole):
        """Return whether a piece is one mark or a slice of it, or few that are close together."""
        limit = WIDEST * max(self.height, height(whole.box))
        return len(whole.marks) == 1 or (
            len(whole.marks) <= MOST_PIECES and width(whole.box) <= limit
        )

    def cost_of_shape(self, whole):
        """Return what a digit costs that ends at a cut, or is broad."""
        broad = max(0.0, width(whole.box) / height(whole.box) - BROAD)
        return CUT / 2 * whole.cut + TOO_BROAD * broad

    def cost_of_joining(self, left, right):
        """Return what it costs to take two neighbours as parts of one digit."""
        if left.cut:
            return 0.0
        gap = right.box[0] - left.box[2]
        if gap > WIDEST_GAP * self.height:
            return np.inf
        if -gap > ABOVE * min(width(left.box), width(right.box)):
            return 0.0
        apart = APART if gap > 0 and self.is_body(right) else TOUCHING if gap <= 0 else 0
        return apart + GAP * max(gap, 0) / self.height

    def cut(self, piece):
        """Return a piece's slices, if it is broad enough for several digits, else it alone."""
        left, top, right, bottom = piece.box
        low = bottom - top < max(BODY * self.height, LEAST_TO_CUT)
        if low or right - left < TO_BE_CUT * (bottom - top):
            return [piece]
        inside = np.isin(self.ink.marks.labels[top:bottom, left:right], piece.marks)
        places = [0, *thinnest(inside.sum(axis=0), NARROWEST * self.height), right - left]
        slices = []
        for start, stop in pairwise(places):
            rows = np.flatnonzero(inside[:, start:stop].any(axis=1))
            box = (left + start, top + int(rows[0]), left + stop, top + int(rows[-1]) + 1)
            slices.append(Piece(piece.marks, box, stop < right - left))
        return slices

    def image(self, piece):
        """Return the 28×28 uint8 image of a piece's ink."""
        left, top, right, bottom = piece.box
        reach = max(1, round(self.thickness[list(piece.marks)].max() / 2))
        first_row, first_column = max(top - reach, 0), max(left - reach, 0)
        frame = slice(first_row, bottom + reach), slice(first_column, right + reach)
        labels, strength = self.ink.marks.labels[frame], self.ink.strength[frame]
        own = np.isin(labels, piece.marks)
        own[:, : left - first_column] = own[:, right - first_column :] = False
        fading = grown(own, reach) & (labels < 0) & (strength > self.ink.least)
        full = np.quantile(strength[own], FULL_INK)
        ink = np.clip(np.where(own | fading, strength, 0) / full, 0, 1)
        rows, columns = span((ink > EDGE).any(axis=1)), span((ink > EDGE).any(axis=0))
        return as_mnist(with_pen_of_mnist(ink[rows, columns]))


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


def are_level(left, right):
    """Return whether two pieces are at one height, so that they may be neighbours in a row."""
    shared = min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
    return shared >= SAME_ROW * min(height(left.box), height(right.box))


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
