"""The connected marks of a mask: each pixel's mark, and each mark's box and size."""

from typing import NamedTuple

import numpy as np


class Marks(NamedTuple):
    """The marks in a mask of shape (h, w), numbered from 0 in the order of their first pixel.

    `labels` is int32 (h, w), -1 where there is no mark. `boxes` is int64 (n, 4): left, top, right,
    bottom in pixels, the last two past the end. `areas` is int64 (n,), in pixels.
    """

    labels: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray

    @property
    def widths(self):
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def heights(self):
        return self.boxes[:, 3] - self.boxes[:, 1]

    def thickness(self):
        """Return how thick each mark's strokes are, in pixels, float64 (n,): area by length."""
        n, wider = len(self.areas), np.pad(self.labels, 1, constant_values=-1)
        edges = np.zeros(n + 1)
        for a, b in ((wider[1:], wider[:-1]), (wider[:, 1:], wider[:, :-1])):
            apart = a != b
            for side in (a[apart], b[apart]):
                edges += np.bincount(side + 1, minlength=n + 1)
        perimeter = edges[1:] * np.pi / 4  # of a shape at any angle, by the pixels' edges it has
        return 2 * self.areas / perimeter

    def pixels_on_edge(self):
        """Return how many pixels of each mark lie on the picture's edge, int64 (n,)."""
        rows, columns = self.labels[[0, -1]], self.labels[:, [0, -1]]
        found = np.concatenate([rows.ravel(), columns.ravel()])
        return np.bincount(found[found >= 0], minlength=len(self.areas))


def connected(mask):
    """Return the `Marks` of a boolean mask (h, w): pixels that touch, at a corner even, are one.

    Rows are taken as runs of pixels, and runs that touch are united, so the cost goes with their
    number: He, Chao and Suzuki, A Run-Based Two-Scan Labeling Algorithm (2008).
    """
    width = mask.shape[1]
    starts, ends = runs(mask)
    label = united(len(starts), *touching(starts, ends, width + 1))
    rows, left = np.divmod(starts, width + 1)
    n = label.max(initial=-1) + 1
    boxes = np.empty((n, 4), np.int64)
    boxes[:, :2], boxes[:, 2:] = max(mask.shape), 0
    for column, reduce, values in (
        (0, np.minimum, left),
        (1, np.minimum, rows),
        (2, np.maximum, left + ends - starts),
        (3, np.maximum, rows + 1),
    ):
        reduce.at(boxes[:, column], label, values)
    areas = np.bincount(label, ends - starts, n).astype(np.int64)
    return Marks(painted(starts, ends, label, mask.shape), boxes, areas)


def runs(mask):
    """Return where each row's runs start and end, in pixels of a mask a column wider, flat."""
    wider = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    wider[:, :-1] = mask
    steps = np.diff(wider.ravel(), prepend=np.int8(0))
    return np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)


def touching(starts, ends, stride):
    """Return the pairs of runs, two arrays of their numbers, that touch across two rows."""
    first = np.searchsorted(ends, starts + stride, "left")
    last = np.searchsorted(starts, ends + stride, "right")
    count = np.maximum(last - first, 0)
    upper = np.repeat(np.arange(len(starts)), count)
    within = np.arange(len(upper)) - np.repeat(count.cumsum() - count, count)
    return upper, first[upper] + within


def united(n, a, b):
    """Return the number of the set, from 0, of each of n things, where a[i] and b[i] are in one."""
    least = np.arange(n)
    while len(a):
        roots = np.minimum(least[a], least[b])
        np.minimum.at(least, least[a], roots)
        np.minimum.at(least, least[b], roots)
        while (least != least[least]).any():
            least = least[least]
        apart = least[a] != least[b]
        a, b = a[apart], b[apart]
    return ((least == np.arange(n)).cumsum() - 1)[least]  # a set's least thing stands for it


def painted(starts, ends, label, shape):
    """Return an int32 image of `shape` whose runs hold their label, the rest -1."""
    flat = np.zeros(shape[0] * (shape[1] + 1) + 1, np.int32)
    flat[starts] = label + 1
    flat[ends] -= label.astype(np.int32) + 1
    return flat[:-1].cumsum(dtype=np.int32).reshape(shape[0], -1)[:, :-1] - 1
