"""What another project's network expects of its pixels, and what its answers are, by trying.

The networks of this project take pixels as MNIST has them, and answer with probabilities. Most
others were trained on 0 to 1, some on -1 to 1, some on dark ink on light paper, and some answer
with logits; a file says little of it.
"""

from typing import NamedTuple

import numpy as np

from digits.activations import softmax
from digits.scores import cross_entropy

FEWER, TRIED = 30, 100  # synthetic digits: at first, and by the conventions that are likely then
ALIKE = 3  # right of those, more or less: chance
LEAST_SHARE = 0.4  # right of those: below, no convention fits

PROBABILITIES, LOGITS, SIGMOIDS = "probabilities", "logits", "sigmoids"
LEAST_SIGMOID = 1e-7  # so that ten of 0 have a sum to divide by


class Convention(NamedTuple):
    """A network's pixel is `scale` times ours, 0 paper to 255 ink, plus `offset`.

    With `by_norm`, each is divided by the Euclidean norm of its column instead, as
    `keras.utils.normalize(images, axis=1)` does.
    """

    words: str
    scale: float = 1
    offset: float = 0
    by_norm: bool = False

    def applied(self, images):
        """Return images, uint8 (n, 28, 28), as the network expects them."""
        if self == OURS:
            return images
        if self.by_norm:
            norms = np.linalg.norm(np.float32(images), axis=1, keepdims=True)
            return images / np.where(norms == 0, np.float32(1), norms)
        return images * np.float32(self.scale) + np.float32(self.offset)


OURS = Convention("from 0 to 255, light ink on dark")
CONVENTIONS = (
    OURS,
    Convention("from 0 to 1, light ink on dark", 1 / 255),
    Convention("from -1 to 1, light ink on dark", 2 / 255, -1),
    Convention("from 0 to 255, dark ink on light", -1, 255),
    Convention("from 0 to 1, dark ink on light", -1 / 255, 1),
    Convention("from -1 to 1, dark ink on light", -2 / 255, 1),
    Convention("divided by the norm of their column", by_norm=True),
)


class Expected(NamedTuple):
    """What a network expects of pixels, and what its ten answers are."""

    convention: Convention = OURS
    answers: str = PROBABILITIES

    def pixels(self, images):
        """Return images, uint8 (n, 28, 28), as the network expects them."""
        return self.convention.applied(images)

    def probabilities(self, answers):
        """Return the network's answers, float32 (…, 10), as probabilities."""
        if self.answers == LOGITS:
            return softmax(answers.copy())
        if self.answers == SIGMOIDS:
            answers = np.maximum(answers, LEAST_SIGMOID)
            return answers / answers.sum(axis=-1, keepdims=True)
        return answers


def found(network):
    """Return what a network is `Expected` to take, how many digits it reads so, and of how many.

    Among conventions of about equal accuracy, that is the one of lowest cross-entropy: an input
    scaled too large gets the same answers, with saturated confidence. `network` takes images
    (n, 28, 28) to answers (n, 10).
    """
    from digits import generated  # for other projects' networks alone

    images, labels = generated.digits(TRIED, seed=1)
    likely = CONVENTIONS
    for count in (FEWER, TRIED):
        answers = {each: np.nan_to_num(network(each.applied(images[:count]))) for each in likely}
        right = {each: number_right(labels[:count], answers[each]) for each in likely}
        likely = [each for each in likely if right[each] >= max(right.values()) - ALIKE]
        if max(right.values()) < LEAST_SHARE * count:
            break
    kind = kind_of(np.concatenate(list(answers.values())))
    best = min(
        (Expected(each, kind) for each in likely),
        key=lambda each: cross_entropy(
            labels[:count], each.probabilities(answers[each.convention])
        ),
    )
    return best, right[best.convention], count


def number_right(labels, answers):
    return int((answers.argmax(axis=1) == labels).sum())


def kind_of(answers):
    """Return what a network's answers, (n, 10), are: probabilities, sigmoids or logits."""
    if answers.min() < 0 or answers.max() > 1 + 1e-3:
        return LOGITS
    sums = answers.sum(axis=1)
    return PROBABILITIES if np.median(np.abs(sums - 1)) < 1e-3 else SIGMOIDS


def described(expected, right, count):
    """Return what was found, in words."""
    kinds = {LOGITS: "answers with logits, which get a softmax", SIGMOIDS: "answers with sigmoids"}
    start = f"{kinds[expected.answers]}, and " if expected.answers in kinds else ""
    read = f"reads {right} of {count} synthetic digits"
    if right < LEAST_SHARE * count:
        return f"{start}{read} at best: do not trust its answers"
    return f"{start}expects pixels {expected.convention.words} (it {read} so)"
