"""What another project's network expects of its pixels, found by trying.

The networks of this project take them as MNIST has them. Most others were trained on 0 to 1, some
on -1 to 1, some on dark ink on light paper; an .h5 says nothing of it.
"""

from typing import NamedTuple

import numpy as np

from digits.scores import cross_entropy

TRIED = 100  # drawn digits, so that no data set is needed to predict
ALIKE = 3  # right of those, more or less: chance
FEW = 40  # right of those: no convention fits


class Convention(NamedTuple):
    """A network's pixel is `scale` times ours, 0 paper to 255 ink, plus `offset`."""

    words: str
    scale: float
    offset: float

    def applied(self, images):
        """Return images, uint8 (n, 28, 28), as the network expects them."""
        if self == OURS:
            return images
        return images * np.float32(self.scale) + np.float32(self.offset)


OURS = Convention("0 to 255, light ink on dark", 1, 0)
CONVENTIONS = (
    OURS,
    Convention("0 to 1, light ink on dark", 1 / 255, 0),
    Convention("-1 to 1, light ink on dark", 2 / 255, -1),
    Convention("0 to 255, dark ink on light", -1, 255),
    Convention("0 to 1, dark ink on light", -1 / 255, 1),
    Convention("-1 to 1, dark ink on light", -2 / 255, 1),
)


def found(network):
    """Return the `Convention` that fits a network best, and how many of `TRIED` digits it reads so.

    Of those by which it reads about the most, that is the one of least cross-entropy: with pixels
    too large by far, it reads as many, but is sure of all. `network` takes images (n, 28, 28) to
    probabilities (n, 10).
    """
    from digits import generated  # for other projects' networks alone

    images, labels = generated.digits(TRIED, seed=1)
    answers = {each: network(each.applied(images)) for each in CONVENTIONS}
    right = {each: int((answers[each].argmax(axis=1) == labels).sum()) for each in CONVENTIONS}
    likely = [each for each in CONVENTIONS if right[each] >= max(right.values()) - ALIKE]
    best = min(likely, key=lambda each: cross_entropy(labels, answers[each]))
    return best, right[best]


def described(convention, right):
    """Return what was found, in words."""
    if right < FEW:
        return f"reads {right} of {TRIED} drawn digits at best, so do not trust its answers"
    return f"expects pixels from {convention.words} (it reads {right} of {TRIED} drawn digits so)"
