"""The segments of a page → rows from the top, each from left to right."""

from itertools import permutations

import numpy as np

from digits.page.segments import merged

MIN_LEVEL_OVERLAP = 0.4  # of the lower one's height: neighbours in a row, wherever they are
MAX_ROW_SLOPE = 0.75  # tangent of 37°: the next digit of a row that climbs overlaps less
MAX_RUN = 1.6  # of the digits' height: the next digit of such a row is no further
MAX_PART_DISTANCE = 0.3  # of the digits' height, from a part to its digit: a gap of the pen
MIN_PART_OVERLAP = 0.25  # of the narrower one's width, shared by parts of one digit
MAX_STACKED_GAP = 0.15  # of the digits' height, to the part below: a row of ones is further
ROW_COST = 1.0  # of a new row so close below: two halves of a 1 look like ones
MAX_CUT_OFF = 0.5  # of a row's digits on the picture's border: with more, it is cut off


def rows_of_segments(parts, classifier):
    """Return rows of `Segment`s, from the top, each from left to right."""
    segments = merge_stacked(parts.segments, parts.digit_height, classifier)
    segments = sorted(segments, key=centre_x)
    rows = linked([segment for segment in segments if parts.is_body(segment)])
    for segment in segments:
        if not parts.is_body(segment):
            add_to_nearest(segment, rows, MAX_PART_DISTANCE * parts.digit_height)
    rows = inside_border([sorted(row, key=centre_x) for row in rows], parts.ink.components)
    return sorted(rows, key=lambda row: np.mean([each.box[1] + each.box[3] for each in row]))


def centre_x(segment):
    return (segment.box[0] + segment.box[2]) / 2


def merge_stacked(segments, digit_height, classifier):
    """Return segments, merged where one above another is more probable as one digit, as a 5."""
    pairs = [pair for pair in permutations(segments, 2) if are_stacked(*pair, digit_height)]
    if not pairs:
        return segments
    upper, lower = (classifier.log_probabilities(each) for each in zip(*pairs, strict=True))
    wholes = [merged(pair) for pair in pairs]
    gains = classifier.log_probabilities(wholes) + ROW_COST - upper - lower
    used, new = set(), []
    for i in (-gains).argsort():
        if gains[i] > 0 and used.isdisjoint(pairs[i]):
            used.update(pairs[i])
            new.append(wholes[i])
    rest = [segment for segment in segments if segment not in used]
    return merge_stacked([*rest, *new], digit_height, classifier) if new else segments


def are_stacked(upper, lower, digit_height):
    """Whether one segment is so close above another that they may be one digit."""
    gap = lower.box[1] - upper.box[3]
    is_near = -MAX_PART_DISTANCE * digit_height <= gap <= MAX_STACKED_GAP * digit_height
    shared = min(upper.box[2], lower.box[2]) - max(upper.box[0], lower.box[0])
    is_above = upper.box[1] < lower.box[1]
    return is_near and is_above and shared >= MIN_PART_OVERLAP * min(upper.width, lower.width)


def linked(bodies):
    """Return rows of segments, ordered from the left: each in the row of the next level one."""
    row_of = {}
    for i in reversed(range(len(bodies))):
        rest = bodies[i + 1 :]
        level = (j for j, other in enumerate(rest, i + 1) if are_level(bodies[i], other))
        following = i + 1 if rest and climbs(bodies[i], rest[0]) else next(level, None)
        row_of[i] = row_of.get(following, i)
    return [[bodies[i] for i in row_of if row_of[i] == row] for row in set(row_of.values())]


def are_level(left, right):
    """Whether two segments are so level that they may be neighbours in a row."""
    return shared_height(left, right) >= MIN_LEVEL_OVERLAP * min(left.height, right.height)


def climbs(left, right):
    """Whether a row may climb or fall from one segment to the next."""
    rise = abs(left.box[1] + left.box[3] - right.box[1] - right.box[3]) / 2
    run = centre_x(right) - centre_x(left)
    is_near = run <= MAX_RUN * (left.height + right.height) / 2
    return shared_height(left, right) > 0 and is_near and rise <= MAX_ROW_SLOPE * run


def shared_height(left, right):
    return min(left.box[3], right.box[3]) - max(left.box[1], right.box[1])


def add_to_nearest(segment, rows, max_distance):
    """Add a segment to the row of the nearest other segment, if that is near enough."""
    distances = [min(distance(segment.box, each.box) for each in row) for row in rows]
    if distances and min(distances) <= max_distance:
        rows[distances.index(min(distances))].append(segment)


def distance(box, other):
    """Return the distance of two boxes in pixels: horizontal plus vertical gap."""
    gap = max(box[0] - other[2], other[0] - box[2], 0)
    return gap + max(box[1] - other[3], other[1] - box[3], 0)


def inside_border(rows, components):
    """Return the rows of which the border cuts off less than half, or all if there are none."""
    on_border = components.pixels_on_border()
    shares = [np.mean([on_border[list(each.components)].any() for each in row]) for row in rows]
    return [row for row, share in zip(rows, shares, strict=True) if share < MAX_CUT_OFF] or rows
