"""The lines of ruled and squared paper, which are no ink."""

import numpy as np

from digits.page.components import connected_components, labels_of_runs, runs
from digits.page.filters import dilated, median

MAX_SLOPE = 0.12  # of a line, where the picture was taken at an angle
SLOPES = 17  # that are tried, up to MAX_SLOPE both ways
MIN_RUN = 0.35  # of the picture's width: a run as long may be of a line, a shorter one of a stroke
MAX_LINE_WIDTH = 0.04  # of the picture's shorter side: what is wider is no line
BORDER_DISTANCE = 0.03  # of the picture's shorter side: so near, a line reaches the border
MIN_RULED_SIDE = 60  # px: in smaller pictures, lines and strokes are alike


def ruled_lines(mask):
    """Return the pixels of a mask (h, w) that belong to the lines of ruled or squared paper."""
    if min(mask.shape) < MIN_RULED_SIDE:
        return np.zeros_like(mask)
    return horizontal_lines(mask) | horizontal_lines(mask.T).T


def horizontal_lines(mask):
    """Return the pixels of horizontal lines, less those where a stroke crosses."""
    lines = straight_lines(mask)
    if not lines.any():
        return lines
    starts, ends = runs(mask.T)
    heights = labels_of_runs(starts, ends, ends - starts, mask.T.shape).T  # of vertical runs, in px
    line_width = median(heights[lines])
    is_thin = line_width <= MAX_LINE_WIDTH * min(mask.shape)
    return lines & (heights <= 1.5 * line_width + 1) & is_thin


def straight_lines(mask):
    """Return the pixels on long runs, along any of the slopes, that span the picture together."""
    found = np.zeros_like(mask)
    if not spanning(mask).any():
        return found
    height, width = mask.shape
    rows, columns = np.arange(height)[:, np.newaxis], np.arange(width)
    thick = dilated(mask, 1)
    for slope in np.linspace(-MAX_SLOPE, MAX_SLOPE, SLOPES):
        drop = np.rint(slope * (columns - width / 2)).astype(int)
        sheared = thick[np.clip(rows + drop, 0, height - 1), columns]
        straight = long_runs(sheared, int(MIN_RUN * width))
        if straight.any():
            found |= straight[np.clip(rows - drop, 0, height - 1), columns]
    return spanning(found & mask)


def long_runs(mask, length):
    """Return the runs in the rows of a mask that have at least `length` pixels, as a mask."""
    starts, ends = runs(mask)
    long = ends - starts >= length
    return labels_of_runs(starts[long], ends[long], np.zeros(long.sum(), int), mask.shape) >= 0


def spanning(mask):
    """Return the components that reach from left to right, gaps up to 4 px closed, as a mask.

    One end may lie on the upper or lower border, where a sloping line leaves the picture.
    """
    found = connected_components(dilated(mask, 2))
    left, top, right, bottom = found.boxes.T
    height, width = mask.shape
    near = BORDER_DISTANCE * min(mask.shape)
    ends = (left <= near).astype(int) + (right >= width - near)
    leaves = (top <= near) | (bottom >= height - near)
    return np.append(ends + leaves >= 2, False)[found.labels] & mask
