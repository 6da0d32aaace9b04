"""Connected components of a mask: each pixel's component, and each component's box and area."""

from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
    """The n connected components of a mask (h, w), numbered from 0 by their first pixel."""

    labels: np.ndarray  # int32 (h, w): each pixel's component, -1 in the background
    boxes: np.ndarray  # int64 (n, 4): left, top, right, bottom in pixels, the last two exclusive
    areas: np.ndarray  # int64 (n,), in pixels

    @property
    def sizes(self):
        """Width and height in pixels, int64 (n, 2)."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    def stroke_widths(self):
        """Return each component's mean stroke width in pixels, float64 (n,), by area / length."""
        n, padded = len(self.areas), np.pad(self.labels, 1, constant_values=-1)
        edges = np.zeros(n + 1)
        for a, b in ((padded[1:], padded[:-1]), (padded[:, 1:], padded[:, :-1])):
            differ = a != b
            for side in (a[differ], b[differ]):
                edges += np.bincount(side + 1, minlength=n + 1)
        perimeters = edges[1:] * np.pi / 4  # averaged over all angles of the outline
        return 2 * self.areas / perimeters

    def pixels_on_border(self):
        """Return how many pixels each component has on the picture's border, int64 (n,)."""
        rows, columns = self.labels[[0, -1]], self.labels[:, [0, -1]]
        found = np.concatenate([rows.ravel(), columns.ravel()])
        return np.bincount(found[found >= 0], minlength=len(self.areas))

    def reach_inside(self, margin):
        """Return which components have pixels `margin` or more px from the border, bool (n,)."""
        inner = self.labels[margin:-margin, margin:-margin]
        return np.bincount(inner[inner >= 0], minlength=len(self.areas)) > 0


def connected_components(mask):
    """Return the `Components` of a boolean mask (h, w), 8-connected.

    Runs of pixels in rows are united where they touch, so the time grows with the number of runs:
    He, Chao and Suzuki, A Run-Based Two-Scan Labeling Algorithm (2008).
    """
    stride = mask.shape[1] + 1
    starts, ends = runs(mask)
    numbers = set_numbers(len(starts), *touching_pairs(starts, ends, stride))
    n = numbers.max(initial=-1) + 1
    rows, left = np.divmod(starts, stride)
    boxes = np.zeros((n, 4), np.int64)
    boxes[:, :2] = max(mask.shape)
    np.minimum.at(boxes[:, 0], numbers, left)
    np.minimum.at(boxes[:, 1], numbers, rows)
    np.maximum.at(boxes[:, 2], numbers, left + ends - starts)
    np.maximum.at(boxes[:, 3], numbers, rows + 1)
    areas = np.bincount(numbers, ends - starts, n).astype(np.int64)
    return Components(labels_of_runs(starts, ends, numbers, mask.shape), boxes, areas)


def runs(mask):
    """Return where runs start and end in the rows of a mask (h, w): flat indices of (h, w + 1)."""
    padded = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    padded[:, :-1] = mask
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def touching_pairs(starts, ends, stride):
    """Return the pairs of runs, two arrays of numbers, that touch from one row to the next."""
    first = np.searchsorted(ends, starts + stride, "left")
    last = np.searchsorted(starts, ends + stride, "right")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    within = np.arange(len(upper)) - np.repeat(count.cumsum() - count, count)
    return upper, first[upper] + within


def set_numbers(n, a, b):
    """Return the set, numbered from 0, of each of n items (n,), where a[i] and b[i] share one."""
    least = np.arange(n)  # the least known item of each item's set
    while len(a):
        roots = np.minimum(least[a], least[b])
        np.minimum.at(least, least[a], roots)
        np.minimum.at(least, least[b], roots)
        while (least != least[least]).any():
            least = least[least]
        differ = least[a] != least[b]
        a, b = a[differ], b[differ]
    return ((least == np.arange(n)).cumsum() - 1)[least]


def labels_of_runs(starts, ends, numbers, shape):
    """Return int32 (h, w) in which the runs hold their numbers, the rest -1."""
    flat = np.zeros(shape[0] * (shape[1] + 1) + 1, np.int32)
    flat[starts] = numbers + 1
    flat[ends] -= numbers.astype(np.int32) + 1
    return flat[:-1].cumsum(dtype=np.int32).reshape(shape[0], -1)[:, :-1] - 1
