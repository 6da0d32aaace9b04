"""The answer to one picture or test image: its digits and marks, and its words."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from digits.metrics import confidence

SURE_CONFIDENCE = 0.6  # with less, the answer is not sure
READ_SIGNS = {"minus": "-", "point": ".", "comma": ",", "slash": "/"}


class Digit(NamedTuple):
    """A digit in a picture, and what the network made of it."""

    image: np.ndarray  # uint8 (28, 28)
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels, the last two exclusive
    probabilities: np.ndarray  # float32 (10,)
    components: tuple[int, ...] = ()  # of the picture's ink, by their numbers

    @property
    def predicted(self):
        return int(self.probabilities.argmax())

    @property
    def confidence(self):
        """The probability of the predicted digit, 0 to 1."""
        return float(self.probabilities.max())

    @property
    def non_digit_probability(self):
        """The probability that it is no digit, 0 to 1: such images get ten equal probabilities.

        The two greatest do not count, between which the network may be undecided.
        """
        return float(np.sort(self.probabilities)[:-2].mean() * len(self.probabilities))


class Mark(NamedTuple):
    """A sign in a number that is no digit."""

    kind: str  # one of `READ_SIGNS`, "colon" or "other"
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels, the last two exclusive
    confidence: float  # that it is of that kind, 0 to 1
    components: tuple[int, ...] = ()  # of the picture's ink, by their numbers

    @property
    def is_sure(self):
        return self.kind in READ_SIGNS and self.confidence >= SURE_CONFIDENCE

    @property
    def sign(self):
        """The sign as it is written, or "?" if it is not sure."""
        return READ_SIGNS[self.kind] if self.is_sure else "?"

    @property
    def words(self):
        return "is no digit" if self.kind == "other" else f"may be a {self.kind}"


class Row(NamedTuple):
    """A row of a picture, as it is most probably read."""

    digits: list[Digit]  # from left to right
    marks: tuple[Mark, ...] = ()
    probability: float = 1.0  # of these digits, among the ways to cut and merge the row
    rival: str | None = None  # the digits of the most probable other way

    @property
    def text(self):
        return "".join(str(digit.predicted) for digit in self.digits)

    @property
    def written(self):
        """The digits and the signs that are sure, as in "-3.5"."""
        signs = [(mark.box, mark.sign) for mark in self.marks if mark.is_sure]
        both = [(digit.box, str(digit.predicted)) for digit in self.digits] + signs
        return "".join(sign for _, sign in sorted(both, key=lambda each: each[0][0] + each[0][2]))

    @property
    def confidence(self):
        """The least of the digits', the read signs' and the row's own, 0 to 1."""
        signs = [mark.confidence for mark in self.marks if mark.is_sure]
        return min(self.probability, *signs, *(digit.confidence for digit in self.digits))

    @property
    def is_sure(self):
        return self.confidence >= SURE_CONFIDENCE and all(mark.is_sure for mark in self.marks)

    def place_of(self, mark):
        """Return where a mark stands: "between 3 and 5", "before 3" or "after 5"."""
        x = mark.box[0] + mark.box[2]
        before = [each.predicted for each in self.digits if each.box[0] + each.box[2] <= x]
        after = [each.predicted for each in self.digits if each.box[0] + each.box[2] > x]
        if before and after:
            return f"between {before[-1]} and {after[0]}"
        return f"after {before[-1]}" if before else f"before {after[0]}"


@dataclass(frozen=True)
class Answer:
    """The answer to one picture or test image."""

    source: str
    status: str  # "ok", "unsure", "no-digit" or "unreadable"
    image: np.ndarray | None = field(default=None, repr=False)  # shown: uint8 (h, w) or (h, w, 3)
    rows: list[Row] = field(default_factory=list)  # from the top
    scale: float = 1.0  # pixels of the file in a pixel of the image
    turned: int = 0  # degrees clockwise, before it was read
    label: int | None = None  # of a test image: the true digit
    error: str | None = None  # why there are no digits

    @property
    def digits(self):
        return [digit for row in self.rows for digit in row.digits]

    @property
    def marks(self):
        return [mark for row in self.rows for mark in row.marks]

    @property
    def text(self):
        """The digits, rows separated by a slash: "90210" or "12/34"."""
        return "/".join(row.text for row in self.rows)

    @property
    def written(self):
        """The digits with the signs that are sure: "-3.5"; with any, rows are parted by " / "."""
        has_signs = any(mark.is_sure for mark in self.marks)
        return (" / " if has_signs else "/").join(row.written for row in self.rows)

    @property
    def confidence(self):
        """The confidence of the least sure row, 0 to 1."""
        return min(row.confidence for row in self.rows)

    @property
    def least_confident(self):
        return min(self.digits, key=lambda digit: digit.confidence)

    @property
    def words(self):
        """The answer without its source: "7 (99.8 %)", or "not sure: 4 (48 %) or 9 (45 %)"."""
        if self.error:
            return self.error
        if self.status == "ok":
            turned = f", turned by {self.turned}°" if self.turned else ""
            return f"{self.written} ({confidence(self.confidence)}){turned}{self.verdict}"
        return f"not sure: {self.doubt}{self.verdict}"

    @property
    def doubt(self):
        """What the answer is not sure of: a mark, how a row is cut, or a digit."""
        doubtful = [(row, mark) for row in self.rows for mark in row.marks if not mark.is_sure]
        if doubtful:
            row, mark = doubtful[0]
            return f"{self.written}, with a mark {row.place_of(mark)} that {mark.words}"
        row, digit = min(self.rows, key=lambda each: each.probability), self.least_confident
        if row.probability < SURE_CONFIDENCE:
            first = f"{row.text} ({percent(row.probability)})"
            second = f"{row.rival or 'no digit'} (at most {percent(1 - row.probability)})"
            is_all = len(self.rows) == 1
        else:
            digits = digit.probabilities.argsort()[:-3:-1]
            first, second = (f"{n} ({percent(digit.probabilities[n])})" for n in digits)
            is_all = len(self.digits) == 1
        return f"{first} or {second}" if is_all else f"{self.written}, its {first} may be {second}"

    @property
    def verdict(self):
        """For a test image, the true label and whether the answer is right."""
        if self.label is None:
            return ""
        return f", true label {self.label}: {'right' if self.is_right else 'wrong'}"

    @property
    def is_right(self):
        return self.text == str(self.label)

    def as_json(self):
        """Return the answer as a dict for JSON."""
        answer = {"source": self.source, "status": self.status, "text": self.text}
        if self.rows:
            answer |= {"written": self.written, "confidence": self.confidence}
        answer["digits"] = [
            {
                "digit": digit.predicted,
                "confidence": digit.confidence,
                "probabilities": digit.probabilities.tolist(),
                "box": list(digit.box),
            }
            for digit in self.digits
        ]
        answer["marks"] = [
            {"kind": mark.kind, "confidence": mark.confidence, "box": list(mark.box)}
            for mark in self.marks
        ]
        if self.turned:
            answer["turned"] = self.turned
        if self.error:
            answer["error"] = self.error
        if self.label is not None:
            answer |= {"label": self.label, "right": self.is_right}
        return answer


def status_of(rows):
    """Return "ok", or "unsure" if a row is not sure."""
    return "ok" if all(row.is_sure for row in rows) else "unsure"


def percent(probability):
    return f"{100 * probability:.0f} %"
