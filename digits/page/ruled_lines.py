"""The lines of ruled and squared paper and the frames around digits, which are no ink."""

import numpy as np

from digits.page.components import connected_components, labels_of_runs, runs
from digits.page.filters import dilated, median

MAX_SLOPE = 0.12  # of a line, where the picture was taken at an angle
SLOPES = 17  # that are tried, up to MAX_SLOPE both ways
MIN_RUN = 0.35  # of the picture's width: a run as long may be of a line, a shorter one of a stroke
MAX_LINE_WIDTH = 0.04  # of the picture's shorter side: what is wider is no line
MAX_LINE_HEIGHT = 1.5  # of the lines' median width: where a stroke crosses, a line is higher
BORDER_DISTANCE = 0.03  # of the picture's shorter side: so near, a line reaches the border
MIN_RULED_SIDE = 60  # px: in smaller pictures, lines and strokes are alike
MAX_FRAME_WIDTH = 0.12  # of the frame's shorter side: what is wider is no line of a frame
MIN_FRAME_SIDE = 16  # px: a smaller frame has no room for a digit
STRAIGHT = 0.03, 0.8  # of a frame's side: how far off its line the outline is, and how much is not
MIN_FRAMED = 0.3  # of a frame's height: what it holds is as high


def ruled_lines(mask):
    """Return the pixels of a mask (h, w) that belong to the lines of ruled or squared paper."""
    if min(mask.shape) < MIN_RULED_SIDE:
        return np.zeros_like(mask)
    (_, only_across), (_, only_down) = lines_both_ways(mask, MAX_LINE_WIDTH)
    return only_across | only_down


def lines_both_ways(mask, max_width):
    """Return the pixels of lines across a mask (h, w) and of lines down it.

    Each is a pair: all of them, and those where no stroke crosses.
    """
    width = max_width * min(mask.shape)
    return horizontal_lines(mask, width), [each.T for each in horizontal_lines(mask.T, width)]


def horizontal_lines(mask, max_width):
    """Return the pixels of horizontal lines, and of them those where no stroke crosses."""
    lines = straight_lines(mask)
    if not lines.any():
        return lines, lines
    starts, ends = runs(mask.T)
    heights = labels_of_runs(starts, ends, ends - starts, mask.T.shape).T  # of vertical runs, in px
    line_width = median(heights[lines])
    lines &= line_width <= max_width
    return lines, lines & (heights <= MAX_LINE_HEIGHT * line_width + 1)


def frames(components):
    """Return the pixels (h, w) of frames: components with straight sides that hold other ink."""
    found = np.zeros(components.labels.shape, bool)
    for number in np.flatnonzero(components.sizes.min(axis=1) >= MIN_FRAME_SIDE):
        left, top, right, bottom = components.boxes[number]
        labels = components.labels[top:bottom, left:right]
        frame = labels == number
        if has_straight_sides(frame):
            (across, only_across), (down, only_down) = lines_both_ways(frame, MAX_FRAME_WIDTH)
            lines = only_across | only_down | (across & down)
            if holds_ink(lines, labels):
                found[top:bottom, left:right] |= lines
    return found


def has_straight_sides(mask):
    """Whether all four outlines of a mask are straight and along its box."""
    return all(is_straight(np.rot90(mask, turn)) for turn in range(4))


def is_straight(mask):
    """Whether the first pixels of a mask, from the top, are on a line that is nearly level."""
    heights, columns, third = mask.argmax(axis=0), np.arange(mask.shape[1]), mask.shape[1] // 3
    slope = (median(heights[-third:]) - median(heights[:third])) / (mask.shape[1] - third)
    offsets = heights - slope * columns
    distance, share = STRAIGHT
    near = np.abs(offsets - median(offsets)) <= max(1, distance * max(mask.shape))
    return abs(slope) <= MAX_SLOPE and near.mean() >= share


def holds_ink(lines, labels):
    """Whether ink between lines is as high as a digit that they were drawn around."""
    inside = connected_components((labels >= 0) & ~dilated(lines, 1))
    return lines.any() and (inside.sizes[:, 1] >= MIN_FRAMED * len(labels)).any()


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
