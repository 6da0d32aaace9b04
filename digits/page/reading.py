"""Parts → rows of digits: split into segments, and merged as the network is most confident."""

from itertools import permutations
from typing import NamedTuple

import numpy as np

from digits.page.answers import Digit, Row
from digits.page.marks import marks_of, sign_probabilities
from digits.page.segments import MAX_ASPECT, NotDigitsError, Segment, merged, mnist_image, split

MAX_SEGMENTS = 1500  # that are classified: bounds the time
SAMPLE = 60  # components: of more, so many say whether they are a page of digits
MIN_SAMPLE_CONFIDENCE = 0.7  # mean: letters have less
MAX_SAME = 0.8  # of the sample: the rings of a pattern are all the same digit
MIN_LEVEL_OVERLAP = 0.4  # of the lower one's height: neighbours in a row, wherever they are
MAX_ROW_SLOPE = 0.7  # tangent of 35°: near neighbours in a row that climbs overlap less
MAX_PART_DISTANCE = 0.3  # of the digits' height, from a part to its digit: a gap of the pen
MIN_PART_OVERLAP = 0.25  # of the narrower one's width, shared by parts of one digit
MAX_STACKED_GAP = 0.15  # of the digits' height, to the part below: a row of ones is further
# Costs, in log probability:
GAP_COST = 4.0  # of a gap within a digit, per the digits' height: a comma makes no 0 a 9
OMISSION_COST = 4.0  # of leaving a part out, per the digits' height
OTHER_COST = 1.0  # of taking what is as high as a digit for other writing
SPLIT_COST = 0.5  # of a split: the digits must be so much more probable
SEAM_COST = 0.5  # per cost of its seam
CONFIDENCE_WEIGHT = 1.0  # the power of a digit's probability: neighbouring cuts err together
MIN_PROBABILITY = 0.003  # of a digit
MIN_SPLIT_ASPECT = 0.5  # width by height: what is narrower is one digit at most
SURE_DIGIT, SURE_ASPECT = 0.999, 1.1  # confidence, and width by height up to which it is not cut
ROW_COST = 1.0  # of a new row so close below: two halves of a 1 look like ones
WHOLE_COST = 0.5  # of taking all there is as one digit
UNREAD_COST = 3.0  # of ink that no digit uses, per log of the share that digits use
RIVALS = 8  # ways to read a row that are compared
WIDE_ASPECT, WIDTH_COST = 1.1, 2.0  # width by height beyond which it costs, per height
POLARITY_WEIGHT = 0.15  # the power of a polarity's probability beside the ink that is explained
MIN_CONFIDENCE = 0.2  # mean of a page's digits: ten equal answers would have 0.1
MAX_CUT_OFF = 0.5  # of a row's digits on the picture's border: with more, it is cut off
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
        return self.polarity**POLARITY_WEIGHT * self.explained

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
    found = [reading for reading in readings if reading.rows]
    sure = [each for each in found if mean_confidence(each.rows) >= MIN_CONFIDENCE]
    return max(sure, key=lambda each: each.score).rows if sure else []


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
    explained = (weights * confidences / np.maximum(uses, 1)).sum() / weights.sum()
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
    rows = without_bars(without_patterns([row for row in rows if row.digits]))
    if not rows or is_detail(rows, parts.ink.components):
        return Reading([], parts.ink.probability)
    marks = marks_of([row.digits for row in rows], parts.ink)
    rows = [row._replace(marks=each) for row, each in zip(rows, marks, strict=True)]
    return Reading(rows, parts.ink.probability)


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
    bars = "1" * (MAX_ONES + 1)
    if not any(bars in row.text for row in rows):
        return rows
    return [row for row in rows if bars not in row.text and set(row.text) != {"1"}]


def rows_of_segments(parts, classifier):
    """Return rows of `Segment`s, from the top, each from left to right."""
    segments = merge_stacked(parts.segments, parts.digit_height, classifier)
    segments = sorted(segments, key=centre_x)
    rows = linked([segment for segment in segments if parts.is_body(segment)])
    for segment in segments:
        if not parts.is_body(segment):
            add_to_nearest(segment, rows, MAX_PART_DISTANCE * parts.digit_height)
    rows = inside_border([sorted(row, key=centre_x) for row in rows], parts.ink.components)
    return sorted(rows, key=lambda row: np.mean([each.box[1] + each.box[3] for each in row]))


def centre_x(segment):
    return (segment.box[0] + segment.box[2]) / 2


def merge_stacked(segments, digit_height, classifier):
    """Return segments, merged where one above another is more probable as one digit, as a 5."""
    pairs = [pair for pair in permutations(segments, 2) if are_stacked(*pair, digit_height)]
    if not pairs:
        return segments
    upper, lower = (classifier.log_probabilities(each) for each in zip(*pairs, strict=True))
    wholes = [merged(pair) for pair in pairs]
    gains = classifier.log_probabilities(wholes) + ROW_COST - upper - lower
    used, new = set(), []
    for i in (-gains).argsort():
        if gains[i] > 0 and used.isdisjoint(pairs[i]):
            used.update(pairs[i])
            new.append(wholes[i])
    rest = [segment for segment in segments if segment not in used]
    return merge_stacked([*rest, *new], digit_height, classifier) if new else segments


def are_stacked(upper, lower, digit_height):
    """Whether one segment is so close above another that they may be one digit."""
    gap = lower.box[1] - upper.box[3]
    is_near = -MAX_PART_DISTANCE * digit_height <= gap <= MAX_STACKED_GAP * digit_height
    shared = min(upper.box[2], lower.box[2]) - max(upper.box[0], lower.box[0])
    is_above = upper.box[1] < lower.box[1]
    return is_near and is_above and shared >= MIN_PART_OVERLAP * min(upper.width, lower.width)


def linked(bodies):
    """Return rows of segments, ordered from the left: each in the row of the next level one."""
    row_of = {}
    for i in reversed(range(len(bodies))):
        level = (j for j in range(i + 1, len(bodies)) if are_level(bodies[i], bodies[j]))
        row_of[i] = row_of.get(next(level, None), i)
    return [[bodies[i] for i in row_of if row_of[i] == row] for row in set(row_of.values())]


def are_level(left, right):
    """Whether two segments are so level that they may be neighbours in a row."""
    shared = min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])
    rise = abs(left.box[1] + left.box[3] - right.box[1] - right.box[3]) / 2
    run = centre_x(right) - centre_x(left)
    is_near = run <= (left.height + right.height) / 2 and rise <= MAX_ROW_SLOPE * run
    return shared >= (0 if is_near else MIN_LEVEL_OVERLAP) * min(left.height, right.height)


def add_to_nearest(segment, rows, max_distance):
    """Add a segment to the row of the nearest other segment, if that is near enough."""
    distances = [min(distance(segment.box, each.box) for each in row) for row in rows]
    if distances and min(distances) <= max_distance:
        rows[distances.index(min(distances))].append(segment)


def distance(box, other):
    """Return the distance of two boxes in pixels: horizontal plus vertical gap."""
    gap = max(box[0] - other[2], other[0] - box[2], 0)
    return gap + max(box[1] - other[3], other[1] - box[3], 0)


def inside_border(rows, components):
    """Return the rows of which the border cuts off less than half, or all if there are none."""
    on_border = components.pixels_on_border()
    shares = [np.mean([on_border[list(each.components)].any() for each in row]) for row in rows]
    return [row for row, share in zip(rows, shares, strict=True) if share < MAX_CUT_OFF] or rows


def pieces(segment, parts, classifier):
    """Return what a segment may be cut into; a narrow one that is surely a digit stays whole."""
    aspect = segment.width / segment.height
    if not parts.is_body(segment) or aspect < MIN_SPLIT_ASPECT:
        return [segment]
    (digit,) = classifier.digits([segment])
    is_digit = aspect <= SURE_ASPECT and digit.confidence > SURE_DIGIT
    return [segment] if is_digit else split(segment, parts)


class Candidate(NamedTuple):
    """Neighbouring segments of a row that may be one digit."""

    start: int  # the number of the first segment
    stop: int  # and the one after the last
    segment: Segment  # all of them, merged
    gaps: float  # between them, by the digits' height
    sign_cost: float  # of taking signs for parts of a digit

    @property
    def cost(self):
        return GAP_COST * self.gaps + shape_cost(self.segment) + self.sign_cost


class Omission(NamedTuple):
    """A segment of a row, with all its pieces, that may be left out: a sign, dirt or a letter."""

    start: int  # the number of the first piece
    stop: int  # and the one after the last
    sign: float  # the probability that it is a sign
    size: float  # its longer side, by the digits' height
    other: float | None  # the probability that it is no digit, None if it is lower than a digit

    @property
    def cost(self):
        if self.other is None:
            return min(-log_of(self.sign), OMISSION_COST * self.size)
        return min(-log_of(self.sign), OTHER_COST - log_of(self.other))


class Lattice(NamedTuple):
    """All ways to read a row: what its segments may be, whatever that costs."""

    omissions: list[Omission]
    candidates: list[Candidate]
    digits: list[Digit]  # what each candidate is read as


class Path(NamedTuple):
    """A way to read the first segments of a row."""

    score: float  # log probability, but for a constant
    text: str = ""
    digits: tuple[Digit, ...] = ()


def read_row(row, parts, classifier):
    """Return the `Row` that segments are read as: the most probable way to split and merge them."""
    return row_of(best_paths(lattice_of(row, parts, classifier)))


def row_of(paths):
    """Return the `Row` of the best `Path`; its probability is that among these."""
    rival = paths[1].text if len(paths) > 1 else None
    return Row(list(paths[0].digits), (), float(probabilities_of(paths)[0]), rival)


def lattice_of(row, parts, classifier):
    """Return the `Lattice` of a row of segments."""
    signs = sign_probabilities(row, [each for each in row if parts.is_body(each)], parts.ink)
    segments, omissions = [], []
    for item in row:
        found = [item] if signs[item] > 0.5 else pieces(item, parts, classifier)
        span = len(segments), len(segments) + len(found)
        omissions.append(Omission(*span, signs[item], *size_and_other(item, parts, classifier)))
        segments += found
    candidates = list(candidates_among(segments, signs, parts))
    digits = classifier.digits([candidate.segment for candidate in candidates])
    return Lattice(omissions, candidates, digits)


def probabilities_of(paths):
    """Return the probability of each `Path` among these, float64 (n,)."""
    weights = np.exp([path.score - paths[0].score for path in paths])
    return weights / weights.sum()


def best_paths(lattice):
    """Return up to `RIVALS` `Path`s of different texts, the best first.

    Dynamic programming finds the greatest sums of log probabilities, less the costs.
    """
    best = [[Path(0.0)]]  # for the first 0, 1, … segments
    for stop in range(1, max(omission.stop for omission in lattice.omissions) + 1):
        options = []
        for omission in lattice.omissions:
            if omission.stop == stop:
                before = best[omission.start]
                options += [path._replace(score=path.score - omission.cost) for path in before]
        for candidate, digit in zip(lattice.candidates, lattice.digits, strict=True):
            if candidate.stop == stop:
                gain, label = log_probability(digit) - candidate.cost, str(digit.predicted)
                for path in best[candidate.start]:
                    read = path.text + label, (*path.digits, digit)
                    options.append(Path(path.score + gain, *read))
        best.append(of_different_texts(options)[:RIVALS])
    return best[-1]


def of_different_texts(paths):
    """Return the paths by score, only the best of each text."""
    found = {}
    for path in sorted(paths, key=lambda each: each.score, reverse=True):
        found.setdefault(path.text, path)
    return list(found.values())


def log_probability(digit):
    """Return the log probability that a segment is a digit at all, and which.

    A non-digit gets ten equal probabilities.
    """
    least = 1 / len(digit.probabilities)
    probability = max((digit.confidence - least) / (1 - least), MIN_PROBABILITY)
    return CONFIDENCE_WEIGHT * np.log(probability)


def log_of(probability):
    """Return the log of a probability, of 0 that of very little."""
    return np.log(max(probability, 1e-9))


def candidates_among(segments, signs, parts):
    """Yield the `Candidate`s of a row's segments, of which `signs` may be signs."""
    for start in range(len(segments)):
        whole, gaps = segments[start], 0  # px
        for stop in range(start + 1, len(segments) + 1):
            last = segments[stop - 1]
            gaps += max(0, last.box[0] - whole.box[2])
            whole = merged([whole, last])
            if stop > start + 1 and not may_be_digit(whole, parts.digit_height):
                break
            if any(map(parts.is_body, segments[start:stop])):
                taken = [signs.get(each, 0.0) for each in segments[start:stop]]
                sign_cost = -sum(log_of(1 - sign) for sign in taken)
                yield Candidate(start, stop, whole, gaps / parts.digit_height, sign_cost)


def may_be_digit(segment, digit_height):
    max_width = MAX_ASPECT * max(digit_height, segment.height)
    return len(segment.components) == 1 or segment.width <= max_width


def size_and_other(segment, parts, classifier):
    """Return what the `Omission` of a segment depends on."""
    size = max(segment.width, segment.height) / parts.digit_height
    if not parts.is_body(segment):
        return size, None
    (digit,) = classifier.digits([segment])
    return size, digit.non_digit_probability


def shape_cost(segment):
    """Return the cost of a digit that ends at a seam, or is wide."""
    excess = max(0.0, segment.width / segment.height - WIDE_ASPECT)
    cuts = sum(SPLIT_COST + SEAM_COST * seam.cost for seam in segment.ends)
    return cuts + WIDTH_COST * excess
