"""Seams: paths from top to bottom, across as little ink as possible, where touching digits part."""

from itertools import pairwise

import numpy as np

SEAM_ROWS = 100  # of the mask in which seams are sought: bounds their time
SEAMS_PER_HEIGHT = 3.0  # at most, in a segment as wide as a digit is high
MIN_INK = 0.05  # of the digits' height squared, between two seams: half of a thin 1
STEP_COST = 0.5  # of a step sideways, in pixels of ink: seams are straight where there is none
STROKE_COST = 0.25  # of the digits' height, to enter a stroke: a seam across a 0 enters two
EDGE_COST = 2.0  # more for ink at the top or bottom than halfway down, where round digits touch


class Seam:
    """A cut: left of it is one digit; on it and right of it another."""

    def __init__(self, columns, top, cost):
        self.columns = columns  # int (h,): in pixels of the picture, of each row from `top`
        self.top = top
        self.cost = cost  # of the path, as a share of the digits' height

    def at(self, rows):
        """Return the seam's columns in some rows; beyond its ends it goes straight on."""
        return self.columns[np.clip(rows - self.top, 0, len(self.columns) - 1)]


def seams(inside, left, top, digit_height):
    """Return the `Seam`s of a mask (h, w) from left to right, each a possible cut.

    The mask's corner lies at (left, top) of the picture. A seam is the path of least cost through a
    place halfway down, as in Avidan and Shamir, Seam Carving (2007).
    """
    step = -(-inside.shape[0] // SEAM_ROWS)
    ink, height = inside[::step, ::step], digit_height / step
    columns, costs = best_paths(path_costs(ink, height))
    areas = areas_left_of(columns, ink)
    count, min_area = int(SEAMS_PER_HEIGHT * ink.shape[1] / height), MIN_INK * height**2
    columns = left + step * columns.repeat(step, axis=0)[: len(inside)]
    return [
        Seam(columns[:, place], top, costs[place] / height)
        for place in distinct(costs, areas, ink.sum(), count, min_area)
    ]


def areas_left_of(columns, ink):
    """Return the area of ink (h, w) left of each path, columns (h, n): int (n,)."""
    areas = np.pad(ink.cumsum(axis=1), [(0, 0), (1, 0)])
    return np.take_along_axis(areas, columns, axis=1).sum(axis=0)


def distinct(costs, areas, total, count, min_area):
    """Return up to `count` paths of least cost, left to right, with `min_area` between any two."""
    chosen = []
    for place in costs.argsort(kind="stable").tolist():
        others = [0, total, *areas[chosen]]
        if len(chosen) < count and np.abs(areas[place] - others).min() >= min_area:
            chosen.append(place)
    return sorted(chosen, key=areas.__getitem__)


def path_costs(ink, digit_height):
    """Return the cost of a seam in each pixel of a mask (h, w), float32."""
    from_middle = np.abs(np.linspace(-1, 1, len(ink)))[:, np.newaxis]
    starts = ink & ~np.pad(ink, [(1, 0), (0, 0)])[:-1]
    costs = ink * (1 + EDGE_COST * from_middle) + STROKE_COST * digit_height * starts
    return costs.astype(np.float32)


def best_paths(costs):
    """Return the best path through each place halfway down, columns (h, w), and its cost, (w,)."""
    middle = len(costs) // 2
    above, below = from_edge(costs[: middle + 1]), from_edge(costs[middle:][::-1])
    columns = np.concatenate([traced(above)[::-1], traced(below)[1:]])
    return columns, above[-1] + below[-1] - costs[middle]


def from_edge(costs):
    """Return the cost of the best path from the first row to each pixel, float32 (h, w)."""
    totals = costs.copy()
    for before, row in pairwise(totals):
        np.add(row, np.min(neighbours(before), axis=0), out=row)
    return totals


def neighbours(row):
    """Return the costs of coming from the left, straight and from the right: (3, w)."""
    wide = np.pad(row, 1, constant_values=np.inf)
    return np.stack([wide[:-2] + STEP_COST, row, wide[2:] + STEP_COST])


def traced(totals):
    """Return the columns of the best paths from the last row to the first, int (h, w)."""
    columns = [np.arange(totals.shape[1])]
    for row in totals[-2::-1]:
        steps = neighbours(row).argmin(axis=0) - 1
        columns.append(columns[-1] + steps[columns[-1]])
    return np.array(columns)
