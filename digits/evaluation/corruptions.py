"""Test images made worse in nine ways, at five strengths each: how a network bears it."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

MOST_IMAGES = 1_250  # of the test images, evenly spread: 45 times as many predictions
SEED = 1
SIDE = 28  # pixels
FULL = 255  # the value of full ink


class Damage(NamedTuple):
    """A way to make images worse: `apply(images, strength, random)` returns uint8 (n, 28, 28).

    `clean` is the strength that leaves them as they are.
    """

    unit: str
    clean: float
    strengths: tuple[float, ...]
    apply: Callable


def measured(predict, test):
    """Return a network's accuracy under each damage, as a dict for JSON.

    `predict` takes uint8 (n, 28, 28) to probabilities (n, 10), `test` are `mnist.Examples`.
    """
    step = -(-len(test.labels) // MOST_IMAGES)
    images, labels = test.images[::step], test.labels[::step]

    def accuracy(worse):
        return float((predict(worse).argmax(axis=1) == labels).mean())

    def accuracies(damage):
        random = np.random.default_rng(SEED)
        return [accuracy(damage.apply(images, each, random)) for each in damage.strengths]

    by_damage = {
        name: {
            "unit": damage.unit,
            "clean": damage.clean,
            "strengths": list(damage.strengths),
            "accuracy": accuracies(damage),
        }
        for name, damage in DAMAGES.items()
    }
    return {"images": len(labels), "accuracy": accuracy(images), "damages": by_damage}


def shifted(images, pixels, random):
    """Return images shifted by so many pixels, each in a direction of its own."""
    angles = random.uniform(0, 2 * np.pi, len(images))
    return resampled(images, [np.eye(2)] * len(images), pixels * directions(angles))


def rotated(images, degrees, random):
    """Return images turned about their middle, each to the left or to the right."""
    angles = np.radians(degrees) * random.choice([-1, 1], len(images))
    x, y = directions(angles).T
    return resampled(images, np.stack([np.stack([x, -y], 1), np.stack([y, x], 1)], 1))


def scaled(images, factor, random):
    """Return images enlarged or reduced about their middle."""
    return resampled(images, [np.eye(2) / factor] * len(images))


def directions(angles):
    """Return the unit vectors (n, 2) in directions (n,)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def resampled(images, matrices, offsets=None):
    """Return images whose pixel at p from the middle is what was at matrix @ p + offset."""
    offsets = np.zeros((len(images), 2)) if offsets is None else offsets
    middle = np.full(2, SIDE / 2)
    out = []
    for image, matrix, offset in zip(images, matrices, offsets, strict=True):
        corner = middle + offset - matrix @ middle
        rows = np.column_stack([matrix, corner]).ravel()
        moved = Image.fromarray(image).transform(
            (SIDE, SIDE), Image.Transform.AFFINE, rows.tolist(), Image.Resampling.BILINEAR
        )
        out.append(np.asarray(moved))
    return np.stack(out)


def with_stroke_width(images, change, random):
    """Return images whose strokes are so many pixels wider, or thinner below 0."""
    out = images if change > 0 else FULL - images
    for step in range(abs(change)):
        before = step % 2  # in turn to either side, so that the stroke stays where it was
        wide = np.pad(out, [(0, 0), (before, 1 - before), (before, 1 - before)])
        parts = (wide[:, :-1, :-1], wide[:, 1:, :-1], wide[:, :-1, 1:], wide[:, 1:, 1:])
        out = np.maximum.reduce(parts)
    return out if change > 0 else FULL - out


def blurred(images, deviation, random):
    """Return images blurred by a Gaussian of so many pixels."""
    distances = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    weights = np.exp(-(distances**2) / (2 * deviation**2))
    weights /= weights.sum(axis=1).max()  # what goes over the edge is lost: paper is black
    return as_bytes(weights @ images @ weights.T)


def noisy(images, deviation, random):
    """Return images with Gaussian noise of so large a share of full ink."""
    return as_bytes(images + random.normal(0, FULL * deviation, images.shape))


def with_contrast(images, share, random):
    """Return images with a share of their ink's strength."""
    return as_bytes(images * share)


def occluded(images, side, random):
    """Return images with a square of paper laid on them, anywhere."""
    out = images.copy()
    corners = random.integers(0, SIDE - side + 1, (len(out), 2))
    for image, (top, left) in zip(out, corners, strict=True):
        image[top : top + side, left : left + side] = 0
    return out


def inverted(images, share, random):
    """Return images on the way to their negatives: at half of it, all is grey."""
    return as_bytes(images + share * (FULL - 2.0 * images))


def as_bytes(values):
    """Return values as uint8, those beyond 0 and 255 cut off."""
    return np.clip(np.rint(values), 0, FULL).astype(np.uint8)


DAMAGES = {
    "shift": Damage("pixels", 0, (1, 2, 3, 4, 5), shifted),
    "rotation": Damage("degrees", 0, (10, 20, 30, 40, 50), rotated),
    "scale": Damage("times", 1, (0.5, 0.7, 0.85, 1.15, 1.3), scaled),
    "stroke width": Damage("pixels", 0, (-1, 1, 2, 3, 4), with_stroke_width),
    "blur": Damage("pixels", 0, (0.5, 1, 1.5, 2, 2.5), blurred),
    "noise": Damage("of ink", 0, (0.1, 0.2, 0.3, 0.4, 0.5), noisy),
    "contrast": Damage("of ink", 1, (0.05, 0.1, 0.2, 0.4, 0.7), with_contrast),
    "occlusion": Damage("pixels", 0, (4, 6, 8, 10, 12), occluded),
    "inversion": Damage("share", 0, (0.2, 0.4, 0.6, 0.8, 1), inverted),
}
