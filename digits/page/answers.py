"""An answer: what was asked, what the network made of it, and how that is put into words."""

from dataclasses import dataclass, field

import numpy as np

from digits import NoDigitError, UserError
from digits.files import first_line, shown
from digits.metrics import confidence
from digits.page import pictures
from digits.page.reading import Digit

SURE = 0.6  # a confidence below it is told as a doubt between two digits
FAILED = "reading it failed"


@dataclass(frozen=True)
class Answer:
    """The answer to one picture or test image.

    `status` is "ok", "unsure", "no-digit" or "unreadable". `image` is what the user sees, uint8
    (h, w) or (h, w, 3), in which a pixel is `scale` pixels of the file wide. `rows` are the rows of
    `reading.Digit`s. With no digit, there are none, and `error` says why. `label` is a test
    image's true digit.
    """

    source: str
    status: str
    image: np.ndarray | None = field(default=None, repr=False)
    rows: list = field(default_factory=list)
    scale: float = 1.0
    label: int | None = None
    error: str | None = None

    @property
    def digits(self):
        """All its digits, row by row."""
        return [digit for row in self.rows for digit in row]

    @property
    def text(self):
        """What is read, rows parted by a slash: "90210" or "12/34"."""
        return "/".join("".join(str(digit.predicted) for digit in row) for row in self.rows)

    @property
    def doubtful(self):
        """The digit that is least certain."""
        return min(self.digits, key=lambda digit: digit.confidence)

    @property
    def words(self):
        """The answer without its source: "7 (99.8 %)", or "not sure: 4 (48 %) or 9 (45 %)"."""
        if self.error:
            return self.error
        if self.status == "ok":
            return f"{self.text} ({confidence(self.doubtful.confidence)}){self.verdict}"
        probabilities = self.doubtful.probabilities
        second, first = probabilities.argsort()[-2:]
        first, second = (f"{n} ({100 * probabilities[n]:.0f} %)" for n in (first, second))
        if len(self.digits) == 1:
            return f"not sure: {first} or {second}{self.verdict}"
        return f"not sure: {self.text}, its {first} may be {second}"

    @property
    def verdict(self):
        """For a test image, the true label and whether the answer was right."""
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


def of_picture(path, predict):
    """Return the `Answer` to a picture file. Whatever is wrong with the file is in the answer."""
    return guarded(shown(path), lambda: pictures.read(path), predict)


def of_drawing(page, predict):
    """Return the `Answer` to what has been drawn on a page, a PIL image."""
    return guarded("drawing", lambda: page, predict)


def guarded(source, opened, predict):
    """Return the `Answer` to the picture that `opened` returns, a PIL image as of `pictures.read`.

    It is an answer also where reading fails in a way that nobody thought of, so that one picture
    never ends a folder.
    """
    try:
        return of_opened(opened(), source, predict)
    except UserError as error:
        return Answer(source, "unreadable", error=str(error))
    except Exception as error:  # noqa: BLE001 - a fault of this program, or of a library
        what = f"{type(error).__name__}: {first_line(error)}"
        sentence = f"{FAILED} ({what}); please report this, with the picture"
        return Answer(source, "unreadable", error=sentence)


def of_opened(picture, source, predict):
    """Return the `Answer` to a picture, a PIL image as `pictures.read` gives it."""
    image = pictures.for_display(picture)
    try:
        rows = pictures.rows_of_digits(picture, predict)
    except NoDigitError as error:
        return Answer(source, "no-digit", image, error=f"no digit found: {error}")
    scale = picture.info.get("reduced", 1) * picture.width / image.shape[1]
    return Answer(source, status(rows), image, rows, scale)


def require_index(index, examples):
    """Raise UserError unless there is a test image of that index."""
    last = len(examples.images) - 1
    if not 0 <= index <= last:
        raise UserError(f"no test image {index}: the index goes from 0 to {last}")


def of_test_image(index, examples, predict):
    """Return the `Answer` to a test image."""
    image = examples.images[index]
    source = f"{examples.name} test image {index}"
    rows = [[Digit(image, (0, 0, 28, 28), predict(image[np.newaxis])[0])]]
    return Answer(source, status(rows), image, rows, label=int(examples.labels[index]))


def status(rows):
    """Return whether an answer is "ok", or "unsure" since one of its digits is."""
    sure = all(digit.confidence >= SURE for row in rows for digit in row)
    return "ok" if sure else "unsure"
