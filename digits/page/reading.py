"""The ink on a page → the digits written there, row by row, as a network reads them.

A digit may be several marks, and a mark several digits. So a row is taken as pieces, each a mark or
a slice of one, and is read as the groups of neighbouring pieces of which the network is surest.
"""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from digits.page.ink import is_small
from digits.page.segments import (
    BODY,
    Piece,
    digit_like,
    distance,
    height,
    image,
    joined,
    middle,
    slices,
    usual_height,
    width,
)

MOST_MARKS = 60  # a picture with more of them is none of digits
MOST_READ = 400  # pieces of it, alone and joined: of 421 pictures, that of the most has 133

SPECK = 0.12  # of the digits' height, both ways: what is smaller is no part of one
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
CROWDED = 0.2  # of the digits' widths: what overlaps of them in a pattern, and not in writing
NO_DIGIT = 0.2  # mean confidence below which nothing is a digit
PART, MOST_ELSE = 0.3, 10  # of a digit's height: marks as large, and so many of them beside digits
TRIFLE = 0.1  # of all that stands out
MOST_ONES = 9  # side by side in a number
WELL_READ, BADLY_READ = 0.9, 0.8  # mean confidence of a row; the second is no writing beside one


class TooMuchToReadError(Exception):
    """Marks that can be split and merged in more ways than those of any writing."""


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


def rows_of_digits(inks, predict):
    """Return the rows, from the top, of the `Digit`s in a picture, each from left to right.

    `inks` are the `ink.Ink`s that may be its ink: that counts which is likeliest by its odds and
    by how sure the network is of it.
    `predict` takes uint8 (n, 28, 28) to probabilities (n, 10). Without digits there are no rows.
    """
    readings = [(ink, rows) for ink in inks for rows in readings_of(ink, predict) if rows]
    likeliest = max(readings, key=lambda each: each[0].odds * certainty(each[1]), default=None)
    return likeliest[1] if likeliest and certainty(likeliest[1]) >= NO_DIGIT else []


def readings_of(ink, predict):
    """Return the readings of an `ink.Ink`, each rows of `Digit`s: one, or, if it is small, two.

    The second takes all for one digit.
    """
    marks = digit_like(ink)
    if not len(marks):
        return []
    usual = usual_height(ink.marks, marks)
    no_speck = np.maximum(ink.marks.widths, ink.marks.heights) >= SPECK * usual
    marks = marks[no_speck[marks]]
    if len(marks) > MOST_MARKS:
        return []
    everything = np.flatnonzero(no_speck)
    reader = Reader(ink, predict, usual)
    try:
        rows = [row for pieces in reader.rows(marks) if (row := reader.read(pieces))]
    except TooMuchToReadError:
        return []
    rows = without_bars(writing_among(rows))
    if is_lost(rows, ink.marks):
        rows = []
    return [rows, *([[[reader.whole(everything)]]] if may_be_one(ink, everything) else [])]


def is_lost(rows, marks):
    """Return whether what is read is a trifle among much else: a detail of a photograph."""
    if not rows:
        return False
    boxes = np.array([digit.box for row in rows for digit in row])
    middles = (marks.boxes[:, np.newaxis, :2] + marks.boxes[:, np.newaxis, 2:]) / 2
    read = ((boxes[:, :2] <= middles) & (middles < boxes[:, 2:])).all(axis=2).any(axis=1)
    large = np.maximum(marks.widths, marks.heights) >= PART * (boxes[:, 3] - boxes[:, 1]).max()
    much = marks.areas[read].sum() < TRIFLE * marks.areas.sum()
    return much and (large & ~read).sum() > MOST_ELSE


def may_be_one(ink, marks):
    """Return whether all the marks in a picture may be one digit, however broken.

    That is so in a small picture, as data sets have them, unless they are too broad for one.
    """
    boxes = ink.marks.boxes[marks]
    broad = boxes[:, 2].max() - boxes[:, 0].min() > WIDEST * (boxes[:, 3].max() - boxes[:, 1].min())
    return is_small(ink.strength) and not broad


def certainty(rows):
    """Return the mean confidence of the digits in some rows, 0 to 1."""
    return np.mean([digit.confidence for row in rows for digit in row])


def writing_among(rows):
    """Return those rows that are writing: not a pattern that stands beside it.

    A pattern reads as nothing clear, and its supposed digits overlap.
    """
    written = [row for row in rows if certainty([row]) >= BADLY_READ and not is_crowded(row)]
    return written if any(certainty([row]) >= WELL_READ for row in written) else rows


def without_bars(rows):
    """Return those rows that are no comb, barcode or ruler: so many ones side by side.

    Beside such a row, rows of ones alone are bars of it, too.
    """
    bars = "1" * (MOST_ONES + 1)
    texts = ["".join(str(digit.predicted) for digit in row) for row in rows]
    if not any(bars in text for text in texts):
        return rows
    kept = [bars not in text and set(text) != {"1"} for text in texts]
    return [row for row, is_kept in zip(rows, kept, strict=True) if is_kept]


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

    def whole(self, chosen):
        """Return some marks as one `Digit`."""
        boxes = self.ink.marks.boxes.tolist()
        piece = joined([Piece((n,), tuple(boxes[n])) for n in chosen.tolist()])
        seen, probabilities = self.reading(piece)
        return Digit(seen, piece.box, probabilities)

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
        return np.array([self.readings[piece][1].max() for piece in self.read_all(pieces)])

    def reading(self, piece):
        """Return a piece's image and its probabilities."""
        self.read_all([piece])
        return self.readings[piece]

    def read_all(self, pieces):
        """Read those pieces that were not read before, all at once, and return the pieces.

        Raises TooMuchToReadError if they are very many.
        """
        new = list({piece: None for piece in pieces if piece not in self.readings})
        if len(self.readings) + len(new) > MOST_READ:
            raise TooMuchToReadError
        if new:
            images = np.stack([image(self.ink, piece, self.thickness_of(piece)) for piece in new])
            has_ink = images.any(axis=(1, 2))[:, np.newaxis]
            read = np.where(has_ink, self.predict(images), np.float32(0.1))  # each digit as likely
            both = zip(images, read, strict=True)
            self.readings.update(zip(new, both, strict=True))
        return pieces

    def thickness_of(self, piece):
        """Return how thick the thickest of a piece's strokes are, in pixels."""
        return self.thickness[list(piece.marks)].max()

    def read(self, row):
        """Return the `Digit`s that a row of pieces is read as.

        Of all ways to part the row into groups of neighbours, the one with the greatest sum of log
        probabilities, less what the groups cost, by dynamic programming.
        """
        pieces = [part for piece in row for part in slices(self.ink, piece, self.height)]
        groups = list(self.groups(pieces))
        self.read_all([whole for *_, whole in groups])
        best = [(0.0, [])]
        for end, piece in enumerate(pieces, start=1):
            value, digits = best[-1]
            ways = [(value - self.cost_of_leaving(piece), digits)]
            for start, stop, cost, whole in groups:
                if stop == end:
                    seen, probabilities = self.readings[whole]
                    value = best[start][0] + np.log(probabilities.max()) - cost
                    digit = Digit(seen, whole.box, probabilities)
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


def are_level(left, right):
    """Return whether two pieces are at one height, so that they may be neighbours in a row."""
    shared = min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
    return shared >= SAME_ROW * min(height(left.box), height(right.box))
