"""The lines of ruled and squared paper, to be left out of the ink."""

import numpy as np

from digits.page import components
from digits.page.filters import grown, median

STEEPEST_LINE = 0.12  # slope of a ruled line in a picture taken askew
LINE_SLOPES = 17  # that are tried
LINE_RUN = 0.35  # of the picture's side: what runs straight for so long may be a ruled line
LINE_WIDTH = 0.04  # of the picture's shorter side, at most
NEAR_EDGE = 0.03  # of the picture's shorter side
LEAST_LINED_SIDE = 60  # pixels: in smaller pictures, lines and strokes are alike


def ruling(mask):
    """Return the pixels of a mask (h, w) that are the lines of ruled or squared paper."""
    if min(mask.shape) < LEAST_LINED_SIDE:
        return np.zeros_like(mask)
    return lines_alone(mask) | lines_alone(mask.T).T


def lines_alone(mask):
    """Return the pixels of a mask that are of lines across the picture, and of no stroke."""
    lines = ruled_lines(mask)
    if not lines.any():
        return lines
    height = upright_run(mask)
    typical = median(height[lines])
    return lines & (height <= 1.5 * typical + 1) & (typical <= LINE_WIDTH * min(mask.shape))


def ruled_lines(mask):
    """Return the pixels of a mask on straight lines from its left to its right edge, or nearly.

    Along each of some slopes, they are what runs on for long.
    """
    found = np.zeros_like(mask)
    if not across(mask).any():
        return found
    height, width = mask.shape
    rows, columns = np.arange(height)[:, np.newaxis], np.arange(width)
    thick = grown(mask, 1)
    for slope in np.linspace(-STEEPEST_LINE, STEEPEST_LINE, LINE_SLOPES):
        fall = np.rint(slope * (columns - width / 2)).astype(int)
        level = thick[np.clip(rows + fall, 0, height - 1), columns]
        straight = long_runs(level, int(LINE_RUN * width))
        if straight.any():
            found |= straight[np.clip(rows - fall, 0, height - 1), columns]
    return across(found & mask)


def long_runs(mask, length):
    """Return the runs along the rows of a mask that are `length` pixels or longer."""
    starts, ends = components.runs(mask)
    long = ends - starts >= length
    return components.painted(starts[long], ends[long], np.zeros(long.sum(), int), mask.shape) >= 0


def across(mask):
    """Return the pixels of those marks that reach from left to right, if small gaps are closed.

    One end may lie on the upper or lower edge, where a sloping line leaves the picture.
    """
    found = components.connected(grown(mask, 2))
    left, top, right, bottom = found.boxes.T
    height, width = mask.shape
    near = NEAR_EDGE * min(mask.shape)
    ends = (left <= near).astype(int) + (right >= width - near)
    leaves = (top <= near) | (bottom >= height - near)
    return np.append(ends + leaves >= 2, False)[found.labels] & mask


def upright_run(mask):
    """Return the length of the upright run of a mask that each pixel is in, int32 (h, w)."""
    starts, ends = components.runs(mask.T)
    lengths = ends - starts
    return components.painted(starts, ends, lengths, mask.T.shape).T
