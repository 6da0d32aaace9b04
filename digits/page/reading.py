"""Parts of an ink → its reading: rows of digits, a single digit, or none; and the best reading."""

from typing import NamedTuple

import numpy as np

from digits.page.answers import Digit, Row
from digits.page.lattice import MIN_PROBABILITY, log_probability, read_row
from digits.page.marks import marks_of
from digits.page.rows import rows_of_segments
from digits.page.segments import NotDigitsError, mnist_image

MAX_SEGMENTS = 600  # that are classified: bounds the time
SAMPLE = 60  # components: of more, so many say whether they are a page of digits
MIN_SAMPLE_CONFIDENCE = 0.7  # mean: letters have less
MAX_SAME = 0.8  # of the sample: the rings of a pattern are all the same digit
WHOLE_COST = 0.5  # of taking all there is as one digit
UNREAD_COST = 3.0  # of ink that no digit uses, per log of the share that digits use
CHANCE = 0.1  # probability that a piece of paper looks like a digit; several hardly do
POLARITY_WEIGHT = 0.15  # the power of a polarity's probability beside the ink that is explained
MIN_CONFIDENCE = 0.2  # mean of a page's digits: ten equal answers would have 0.1
MAX_ROW_OVERLAP = 0.2  # of the widths of a row's digits: hatching overlaps more
MAX_ONES = 9  # side by side in a number: a comb, a ruler or a barcode has more
CLEAR_ROW, UNCLEAR_ROW = 0.9, 0.45  # mean confidence: beside the first, below the second is no row
LARGE_PART, MAX_UNREAD = 0.3, 10  # of the digits' height: components as large that are not read
MIN_READ_SHARE = 0.1  # of the ink's area: less is a detail of a photograph


class Reading(NamedTuple):
    """What an ink may be read as."""

    rows: list[Row]  # from the top
    polarity: float  # the probability of the ink's polarity
    explained: float = 0.0  # the mean confidence in the digits, weighted by their ink; 0 for others
    bars: tuple[int, ...] = ()  # the components that are of a comb, a barcode or a ruler

    @property
    def text(self):
        return "/".join(row.text for row in self.rows)

    @property
    def log_likelihood(self):
        """The log probability that what is read is digits, and all that there is."""
        digits = sum(log_probability(digit) for row in self.rows for digit in row.digits)
        rows = sum(np.log(row.probability) for row in self.rows)
        return digits + rows + UNREAD_COST * np.log(max(self.explained, MIN_PROBABILITY))

    def rivalled(self, rival, probability):
        """Return the reading, of this probability beside a rival, in its first row."""
        first, *rest = self.rows
        if first.probability < probability:
            return self
        return self._replace(
            rows=[first._replace(probability=probability, rival=rival.text), *rest]
        )

    @property
    def score(self):
        by_chance = CHANCE ** sum(len(row.digits) for row in self.rows)
        return self.polarity**POLARITY_WEIGHT * self.explained * (1 - by_chance)

    @property
    def is_beyond_doubt(self):
        """Whether its score is more than that of the other polarity can be."""
        return self.score >= (1 - self.polarity) ** POLARITY_WEIGHT


class Classifier:
    """Classifies the segments of an `Ink`, each once. `predict` is that of the pipeline."""

    def __init__(self, ink, predict):
        self.ink, self.predict = ink, predict
        self.known = {}  # a `Digit` for each segment

    def digits(self, segments):
        """Return a `Digit` for each segment. Raises NotDigitsError if they are far too many."""
        new = list({segment: None for segment in segments if segment not in self.known})
        if len(self.known) + len(new) > MAX_SEGMENTS:
            raise NotDigitsError
        if new:
            images = np.stack([mnist_image(self.ink, segment) for segment in new])
            has_ink = images.any(axis=(1, 2))[:, np.newaxis]
            probabilities = np.where(has_ink, self.predict(images), np.float32(0.1))
            boxes, components = zip(*((each.box, each.components) for each in new), strict=True)
            found = map(Digit, images, boxes, probabilities, components)
            self.known |= zip(new, found, strict=True)
        return [self.known[segment] for segment in segments]

    def log_probabilities(self, segments):
        """Return the log probability that each segment is a digit, float (n,)."""
        return np.array([log_probability(digit) for digit in self.digits(segments)])


def most_probable(readings):
    """Return the rows of the `Reading` of greatest score, none if it is of no digits."""
    has_gaps = any(reading.bars for reading in readings)  # which look like ones between the bars
    found = [each for each in readings if each.rows and not (has_gaps and has_only_ones(each))]
    sure = [each for each in found if mean_confidence(each.rows) >= MIN_CONFIDENCE]
    return max(sure, key=lambda each: each.score).rows if sure else []


def has_only_ones(reading):
    return set(reading.text) <= {"1", "/"}


def with_explained_ink(reading, parts):
    """Return a `Reading` that knows how much of the ink of a page it explains, 0 to 1.

    It is the mean confidence in the digit or mark that each component is used in, weighted by its
    area and darkness. What nobody need explain, as the frame of a cell, does not count.
    """
    ink, read = parts.ink, [each for row in reading.rows for each in [*row.digits, *row.marks]]
    confidences, uses = np.zeros(len(ink.components.areas)), np.zeros(len(ink.components.areas))
    for each in read:
        confidences[list(each.components)] += each.confidence
        uses[list(each.components)] += 1
    weights = ink.components.areas * ink.full_darkness * parts.is_evident
    weights[list(reading.bars)] = 0
    explained = (weights * confidences / np.maximum(uses, 1)).sum() / max(weights.sum(), 1e-9)
    return reading._replace(explained=float(explained))


def mean_confidence(rows):
    """Return the mean confidence of the digits in some rows, 0 to 1."""
    return np.mean([digit.confidence for row in rows for digit in row.digits])


def as_one_digit(parts, classifier):
    """Return the `Reading` of all parts as a single digit."""
    return Reading([Row(classifier.digits([parts.whole]))], parts.ink.probability)


def likelier(rows, whole):
    """Return the likelier `Reading` of an ink: as rows or as one digit, and how much likelier."""
    if rows.text == whole.text and any(row.marks for row in rows.rows):
        return rows
    if rows.text == whole.text or not rows.rows:
        return max(rows, whole, key=lambda reading: reading.explained)
    gain = whole.log_likelihood - WHOLE_COST - rows.log_likelihood
    probability = 1 / (1 + np.exp(-gain))  # of one digit
    if gain > 0:
        return whole.rivalled(rows, float(probability))
    return rows.rivalled(whole, float(1 - probability))


def as_rows(parts, classifier):
    """Return the `Reading` of parts as rows of digits; patterns and photographs have none."""
    if is_pattern(parts, classifier):
        return Reading([], parts.ink.probability)
    rows = [read_row(row, parts, classifier) for row in rows_of_segments(parts, classifier)]
    rows = without_patterns([row for row in rows if row.digits])
    rows, bars = without_bars(rows), components_of_bars(rows)
    if not rows or is_detail(rows, parts.ink.components):
        return Reading([], parts.ink.probability, bars=bars)
    marks = marks_of([row.digits for row in rows], parts.ink)
    rows = [row._replace(marks=each) for row, each in zip(rows, marks, strict=True)]
    return Reading(rows, parts.ink.probability, bars=bars)


def is_pattern(parts, classifier):
    """Whether very many components are no digits: most of a sample are none, or all the same."""
    bodies = [segment for segment in parts.segments if parts.is_body(segment)]
    if len(bodies) <= SAMPLE:
        return False
    sample = classifier.digits(bodies[:: -(-len(bodies) // SAMPLE)])
    counts = np.bincount([digit.predicted for digit in sample])
    is_unclear = np.mean([digit.confidence for digit in sample]) < MIN_SAMPLE_CONFIDENCE
    return is_unclear or counts.max() > MAX_SAME * len(sample)


def is_detail(rows, components):
    """Whether what is read is a trifle beside much else: a detail of a photograph."""
    boxes = np.array([digit.box for row in rows for digit in row.digits])
    centres = (components.boxes[:, np.newaxis, :2] + components.boxes[:, np.newaxis, 2:]) / 2
    is_read = ((boxes[:, :2] <= centres) & (centres < boxes[:, 2:])).all(axis=2).any(axis=1)
    is_large = components.sizes.max(axis=1) >= LARGE_PART * (boxes[:, 3] - boxes[:, 1]).max()
    is_little = components.areas[is_read].sum() < MIN_READ_SHARE * components.areas.sum()
    return is_little and (is_large & ~is_read).sum() > MAX_UNREAD


def without_patterns(rows):
    """Return the rows, but beside a clear one none that is unclear or whose digits overlap."""
    written = [row for row in rows if mean_confidence([row]) >= UNCLEAR_ROW and not overlaps(row)]
    return written if any(mean_confidence([row]) >= CLEAR_ROW for row in written) else rows


def overlaps(row):
    """Whether the digits of a row overlap more than in handwriting."""
    boxes = np.array([digit.box for digit in row.digits])
    overlap = np.maximum(boxes[:-1, 2] - boxes[1:, 0], 0).sum()
    return overlap > MAX_ROW_OVERLAP * (boxes[:, 2] - boxes[:, 0]).sum()


def without_bars(rows):
    """Return the rows, but none of very many ones (a comb, a barcode), nor of ones beside such."""
    return [row for row in rows if not is_of_bars(row)] if has_bars(rows) else rows


def components_of_bars(rows):
    """Return the numbers of the components that `without_bars` leaves out, a tuple."""
    bars = [row for row in rows if is_of_bars(row)] if has_bars(rows) else []
    return tuple(n for row in bars for digit in row.digits for n in digit.components)


def has_bars(rows):
    return any("1" * (MAX_ONES + 1) in row.text for row in rows)


def is_of_bars(row):
    return has_bars([row]) or set(row.text) == {"1"}
