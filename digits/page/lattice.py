"""A row of segments → its digits: the most probable way to cut, merge and leave out segments.

Costs are negative log probabilities, fitted by `benchmarks/fit_costs.py`.
"""

from typing import NamedTuple

import numpy as np

from digits.page.answers import Digit, Row
from digits.page.marks import sign_probabilities
from digits.page.segments import MAX_ASPECT, Segment, merged, split

GAP_COST = 3.4  # of a gap within a digit, per the digits' height: a comma makes no 0 a 9
OMISSION_COST = 11.0  # of leaving a part out, per the digits' height
OTHER_COST = 4.0  # of leaving out what is as high as a digit, and none, per the digits' height
SPLIT_COST = 1.0  # of a cut
SEAM_COST = 0.5  # of a cut, per cost of its seam
WIDE_ASPECT, WIDTH_COST = 0.9, 2.8  # width by height beyond which it costs, per height
CONFIDENCE_WEIGHT = 4.0  # the power of a digit's probability: neighbouring cuts err together
MIN_PROBABILITY = 0.28  # below it, one candidate is as improbable as another
MIN_SPLIT_ASPECT = 0.5  # width by height: what is narrower is one digit at most
MAX_INK = 0.4  # of the picture: more is paper, in the other polarity; bounds the time
SURE_DIGIT, SURE_ASPECT = 0.999, 1.1  # confidence, and width by height up to which it is not cut
MAX_MERGED = 8  # segments in a digit: bounds the time among specks
RIVALS = 8  # ways to read a row that are compared


def pieces(segment, parts, classifier):
    """Return what a segment may be cut into; a narrow one that is surely a digit stays whole."""
    aspect, components = segment.width / segment.height, parts.ink.components
    is_paper = components.areas[list(segment.components)].sum() > MAX_INK * components.labels.size
    if is_paper or not parts.is_body(segment) or aspect < MIN_SPLIT_ASPECT:
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
        return min(-log_of(self.sign), OTHER_COST * self.size - log_of(self.other))


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
        for stop in range(start + 1, min(start + MAX_MERGED, len(segments)) + 1):
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
