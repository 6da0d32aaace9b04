"""Accuracy under nine corruptions at five severities."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

from digits.command_line import show_progress

MOST_IMAGES = 1_250  # of the test images, evenly spread, for they are predicted 45 times
SEED = 1
SIDE = 28  # pixels
FULL = 255  # the value of full ink


class Corruption(NamedTuple):
    unit: str
    clean: float  # the severity that changes nothing
    severities: tuple[float, ...]
    apply: Callable  # of images, uint8 (n, 28, 28), a severity and a random generator


def robustness(predict, test):
    """Return the accuracy on `mnist.Examples` under each corruption, for JSON."""
    step = -(-len(test.labels) // MOST_IMAGES)
    images, labels = test.images[::step], test.labels[::step]

    def accuracy(images):
        return float((predict(images).argmax(axis=1) == labels).mean())

    results = {  # in the keys of --json: a damage is a corruption, its strengths are severities
        name: {"unit": each.unit, "clean": each.clean, "strengths": each.severities, "accuracy": []}
        for name, each in CORRUPTIONS.items()
    }
    total = sum(len(each["strengths"]) for each in results.values())
    for done, (name, corrupted) in enumerate(all_corrupted(images)):
        show_progress("predicting corrupted images", done, total)
        results[name]["accuracy"].append(accuracy(corrupted))
    show_progress("predicting corrupted images", total, total)
    return {"images": len(labels), "accuracy": accuracy(images), "damages": results}


def all_corrupted(images):
    """Yield the name of a corruption and the images under it, once for each severity."""
    for name, corruption in CORRUPTIONS.items():
        random = np.random.default_rng(SEED)
        for severity in corruption.severities:
            yield name, corruption.apply(images, severity, random)


def shift(images, pixels, random):
    """Shift each image in a direction of its own."""
    angles = random.uniform(0, 2 * np.pi, len(images))
    return transform(images, np.eye(2), pixels * np.stack([np.cos(angles), np.sin(angles)], 1))


def rotate(images, degrees, random):
    """Rotate each image about its centre, clockwise or counterclockwise."""
    angles = np.radians(degrees) * random.choice([-1, 1], len(images))
    x, y = np.cos(angles), np.sin(angles)
    return transform(images, np.stack([np.stack([x, -y], 1), np.stack([y, x], 1)], 1))


def scale(images, factor, random):
    """Enlarge or reduce each image about its centre."""
    return transform(images, np.eye(2) / factor)


def transform(images, matrices, offsets=0):
    """Resample images: the pixel at p from the centre shows what was at matrix @ p + offset.

    `matrices` is (n, 2, 2) or (2, 2) for all images, `offsets` is (n, 2) or a number.
    """
    centre = np.full(2, SIDE / 2)
    affine = np.empty((len(images), 2, 3))
    affine[..., :2], affine[..., 2] = matrices, centre + offsets - matrices @ centre
    size, kind, method = (SIDE, SIDE), Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return np.stack(
        [
            Image.fromarray(image).transform(size, kind, row, method)
            for image, row in zip(images, affine.reshape(-1, 6).tolist(), strict=True)
        ]
    )


def change_stroke_width(images, pixels, random):
    """Dilate the strokes by 2×2 maxima, or erode them if `pixels` is negative."""
    changed = images if pixels > 0 else FULL - images
    for step in range(abs(pixels)):
        before = step % 2  # to either side in turn, so that the stroke keeps its place
        padded = np.pad(changed, [(0, 0), (before, 1 - before), (before, 1 - before)])
        tall = np.maximum(padded[:, :-1], padded[:, 1:])
        changed = np.maximum(tall[..., :-1], tall[..., 1:])
    return changed if pixels > 0 else FULL - changed


def blur(images, deviation, random):
    """Blur with a Gaussian of standard deviation `deviation`, in pixels."""
    distances = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    weights = np.exp(-(distances**2) / (2 * deviation**2))
    weights /= weights.sum(axis=1).max()  # beyond the border, the background is black
    return as_bytes(weights @ images @ weights.T)


def add_noise(images, deviation, random):
    """Add Gaussian noise; `deviation` is a share of full ink."""
    return as_bytes(images + random.normal(0, FULL * deviation, images.shape))


def reduce_contrast(images, share, random):
    return as_bytes(images * share)


def occlude(images, side, random):
    """Cover a square of each image with background."""
    occluded = images.copy()
    corners = random.integers(0, SIDE - side + 1, (len(images), 2))
    for image, (top, left) in zip(occluded, corners, strict=True):
        image[top : top + side, left : left + side] = 0
    return occluded


def invert(images, share, random):
    """Blend each image with its negative: at a share of 0.5 all is grey."""
    return as_bytes(images + share * (FULL - 2.0 * images))


def as_bytes(values):
    return np.clip(np.rint(values), 0, FULL).astype(np.uint8)


CORRUPTIONS = {
    "shift": Corruption("pixels", 0, (1, 2, 3, 4, 5), shift),
    "rotation": Corruption("degrees", 0, (10, 20, 30, 40, 50), rotate),
    "scale": Corruption("times", 1, (0.5, 0.7, 0.85, 1.15, 1.3), scale),
    "stroke width": Corruption("pixels", 0, (-1, 1, 2, 3, 4), change_stroke_width),
    "blur": Corruption("pixels", 0, (0.5, 1, 1.5, 2, 2.5), blur),
    "noise": Corruption("of ink", 0, (0.1, 0.2, 0.3, 0.4, 0.5), add_noise),
    "contrast": Corruption("of ink", 1, (0.05, 0.1, 0.2, 0.4, 0.7), reduce_contrast),
    "occlusion": Corruption("pixels", 0, (4, 6, 8, 10, 12), occlude),
    "inversion": Corruption("share", 0, (0.2, 0.4, 0.6, 0.8, 1), invert),
}
