"""The answer to one picture or test image: its digits, and how they are put into words."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from digits.metrics import confidence

SURE_CONFIDENCE = 0.6  # with less, the answer names a second digit


class Digit(NamedTuple):
    """A digit in a picture, and what the network made of it."""

    image: np.ndarray  # uint8 (28, 28)
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels, the last two exclusive
    probabilities: np.ndarray  # float32 (10,)

    @property
    def predicted(self):
        return int(self.probabilities.argmax())

    @property
    def confidence(self):
        """The probability of the predicted digit, 0 to 1."""
        return float(self.probabilities.max())


class Mark(NamedTuple):
    """A sign in a number that is no digit."""

    kind: str  # "minus", "point", "comma" or "slash", which are read, or "other"
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels, the last two exclusive
    confidence: float  # that it is of that kind, 0 to 1


class Row(NamedTuple):
    """A row of a picture, as it is most probably read."""

    digits: list[Digit]  # from left to right
    marks: tuple[Mark, ...] = ()
    probability: float = 1.0  # of these digits, among the ways to cut and merge the row
    rival: str | None = None  # the digits of the most probable other way

    @property
    def text(self):
        return "".join(str(digit.predicted) for digit in self.digits)


@dataclass(frozen=True)
class Answer:
    """The answer to one picture or test image."""

    source: str
    status: str  # "ok", "unsure", "no-digit" or "unreadable"
    image: np.ndarray | None = field(default=None, repr=False)  # shown: uint8 (h, w) or (h, w, 3)
    rows: list[Row] = field(default_factory=list)  # from the top
    scale: float = 1.0  # pixels of the file in a pixel of the image
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
    def least_confident(self):
        return min(self.digits, key=lambda digit: digit.confidence)

    @property
    def words(self):
        """The answer without its source: "7 (99.8 %)", or "not sure: 4 (48 %) or 9 (45 %)"."""
        if self.error:
            return self.error
        if self.status == "ok":
            return f"{self.text} ({confidence(self.least_confident.confidence)}){self.verdict}"
        probabilities = self.least_confident.probabilities
        second, first = probabilities.argsort()[-2:]
        first, second = (f"{n} ({100 * probabilities[n]:.0f} %)" for n in (first, second))
        if len(self.digits) == 1:
            return f"not sure: {first} or {second}{self.verdict}"
        return f"not sure: {self.text}, its {first} may be {second}"

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
        answer["digits"] = [
            {
                "digit": digit.predicted,
                "confidence": digit.confidence,
                "probabilities": digit.probabilities.tolist(),
                "box": list(digit.box),
            }
            for digit in self.digits
        ]
        if self.error:
            answer["error"] = self.error
        if self.label is not None:
            answer |= {"label": self.label, "right": self.is_right}
        return answer


def status_of(rows):
    """Return "ok", or "unsure" if the network is not sure of one of the digits."""
    is_sure = all(digit.confidence >= SURE_CONFIDENCE for row in rows for digit in row.digits)
    return "ok" if is_sure else "unsure"
