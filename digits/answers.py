"""An answer: what was asked, what the network made of it, and how that is put into words."""

from dataclasses import dataclass, field

import numpy as np

from digits import pictures
from digits.errors import UserError
from digits.files import shown
from digits.scores import confidence

SURE = 0.6  # a confidence below it is told as a doubt between two digits


@dataclass(frozen=True)
class Answer:
    """The answer to one picture or test image.

    `image` is what the user sees, uint8 (h, w) or (h, w, 3); `digit` what the network saw;
    `probabilities` are float32 (10,). All three are None where `status` is "no-digit" or
    "unreadable", and `error` says why. `label` is a test image's true digit.
    """

    source: str
    status: str
    image: np.ndarray | None = field(default=None, repr=False)
    digit: pictures.Digit | None = None
    probabilities: np.ndarray | None = field(default=None, repr=False)
    label: int | None = None
    error: str | None = None

    @property
    def predicted(self):
        """The digit that the network finds likeliest."""
        return int(self.probabilities.argmax())

    @property
    def confidence(self):
        """The probability of that digit, 0 to 1."""
        return float(self.probabilities.max())

    @property
    def words(self):
        """The answer without its source: "7 (99.8 %)", or "not sure: 4 (48 %) or 9 (45 %)"."""
        if self.error:
            return self.error
        second, first = self.probabilities.argsort()[-2:]
        if self.status == "unsure":
            chances = [
                f"{digit} ({100 * self.probabilities[digit]:.0f} %)" for digit in (first, second)
            ]
            words = "not sure: " + " or ".join(chances)
        else:
            words = f"{first} ({confidence(self.confidence)})"
        return words + self.verdict

    @property
    def verdict(self):
        """For a test image, the true label and whether the answer was right."""
        if self.label is None:
            return ""
        return f", true label {self.label}: {'right' if self.predicted == self.label else 'wrong'}"

    def as_json(self):
        """Return the answer as a dict for JSON."""
        answer = {"source": self.source, "status": self.status, "text": "", "digits": []}
        if self.error:
            return {**answer, "error": self.error}
        answer["text"] = str(self.predicted)
        answer["digits"] = [
            {
                "digit": self.predicted,
                "confidence": self.confidence,
                "probabilities": self.probabilities.tolist(),
                "box": list(self.digit.box),
            }
        ]
        if self.label is not None:
            answer |= {"label": self.label, "right": self.predicted == self.label}
        return answer


def of_picture(path, predict):
    """Return the `Answer` to a picture file. Whatever is wrong with the file is in the answer."""
    source = shown(path)
    try:
        picture = pictures.read(path)
        digit = pictures.find_digit(picture)
    except pictures.NoDigitError as error:
        return Answer(source, "no-digit", error=f"no digit found: {error}")
    except UserError as error:
        return Answer(source, "unreadable", error=str(error))
    return answer(source, pictures.for_display(picture), digit, predict)


def require_index(index, examples):
    """Raise UserError unless there is a test image of that index."""
    last = len(examples.images) - 1
    if not 0 <= index <= last:
        raise UserError(f"no test image {index}: the index goes from 0 to {last}")


def of_test_image(index, examples, predict):
    """Return the `Answer` to a test image."""
    image = examples.images[index]
    source = f"{examples.name} test image {index}"
    digit = pictures.Digit(image, (0, 0, 28, 28))
    return answer(source, image, digit, predict, label=int(examples.labels[index]))


def answer(source, image, digit, predict, label=None):
    """Return the `Answer` that the network gives."""
    probabilities = predict(digit.image[np.newaxis])[0]
    status = "ok" if probabilities.max() >= SURE else "unsure"
    return Answer(source, status, image, digit, probabilities, label)
