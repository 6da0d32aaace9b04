"""A pen that draws writing styles as a writer varies them, from the strokes of `pen_strokes`."""

from functools import cache
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

HEIGHT = 100  # pixels: a digit's height on the page
STEP = 0.3  # of the pen's radius: the distance between the dots that make a line
POINTS = 12  # of a curve between two points of its stroke

THINNEST, THICKEST = 3.0, 10.0  # pixels: the pen's radius
PRESSURE = 0.25  # how much of the radius may come and go along a stroke
UNSTEADY = 3.5  # pixels, standard deviation: of a stroke's points
TREMOR = 0.7  # pixels, standard deviation: along the curve
WARP, WAVE = 5.0, 32  # pixels: standard deviation of the waves that bend a digit; and per radian
SLANTED = 0.1  # shear: most writers lean to the right
SLANT, TURN, PROPORTION = 0.28, 0.12, 0.2  # standard deviations: shear, radians, log of a ratio
END = 0.12  # of a stroke's first and last stretch: how far it may start or end early or late
GAPS = 0.06  # how often the pen leaves the paper for a moment: in each half of a stroke's length
WIDEST_GAP = 12.0  # pixels


def handwritten(style, random):
    """Return a writing style as a writer varies it, uint8 (h, w), cropped to the ink."""
    curves = [
        curve(points + random.normal(0, UNSTEADY, points.shape), corners)
        for points, corners in strokes(style)
    ]
    return penned([with_other_ends(each, random) for each in curves], random)


@cache
def strokes(style):
    """Return a style's strokes: each its points, float64 (n, 2), and the indices of its corners."""
    parted = [stroke.split() for stroke in style.split(";")]
    points = [np.array([point.rstrip("!").split(",") for point in each], float) for each in parted]
    corners = [tuple(n for n, point in enumerate(each) if point.endswith("!")) for each in parted]
    return tuple(zip(points, corners, strict=True))


def curve(points, corners):
    """Return a curve through points, float64 (n, 2), that is smooth but at its corners.

    A Catmull-Rom spline (Catmull and Rom, 1974) from each corner to the next.
    """
    ends = sorted({0, *corners, len(points) - 1})
    return np.concatenate([spline(points[i : j + 1]) for i, j in pairwise(ends)])


def spline(points):
    """Return the Catmull-Rom spline through points, float64 (n, 2), `POINTS` per segment."""
    before, after = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    p0, p1, p2, p3 = (p[i : len(p) - 3 + i, np.newaxis] for i in range(4))
    t = np.linspace(0, 1, POINTS)[:, np.newaxis]
    square = 2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
    return (square + (3 * (p1 - p2) + p3 - p0) * t**3).reshape(-1, 2) / 2


def with_other_ends(points, random):
    """Return a curve that begins and ends a little earlier or later."""
    first, last = random.uniform(-END, END, 2)
    begin = points[0] + first * (points[POINTS - 1] - points[0])
    end = points[-1] + last * (points[-POINTS] - points[-1])
    return np.concatenate([[begin], points[2:-2], [end]])


def penned(curves, random):
    """Return curves, float64 (n, 2) each, drawn with a pen: uint8 (h, w), cropped to the ink."""
    radius = np.exp(random.uniform(np.log(THINNEST), np.log(THICKEST)))
    curves = in_posture(curves, random)
    return drawn([with_gaps(dots(points, radius, random), random) for points in curves])


def drawn(lines):
    """Return lines of dots, float64 (n, 3) each: x, y and radius, as ink, uint8 (h, w)."""
    every = np.concatenate(lines)
    low = (every[:, :2] - every[:, 2:]).min(axis=0) - 2
    high = (every[:, :2] + every[:, 2:]).max(axis=0) + 2
    page = Image.new("L", tuple(int(side) for side in high - low))
    pen = ImageDraw.Draw(page).ellipse
    for x, y, r in (every - [*low, 0]).tolist():
        pen((x - r, y - r, x + r, y + r), fill=255)
    return cropped(np.asarray(page))


def in_posture(curves, random):
    """Return curves slanted, turned, stretched and bent, their longer side `HEIGHT` pixels."""
    everything = np.concatenate(curves)
    middle = (everything.min(axis=0) + everything.max(axis=0)) / 2
    matrix, warp = posture(random), random.normal(0, WARP, (2, 2, 2))
    bent = [warped((points - middle) @ matrix.T, warp) for points in curves]
    span = np.ptp(np.concatenate(bent), axis=0).max()
    return [each * (HEIGHT / span) for each in bent]


def posture(random, slanted=SLANTED, deviations=(SLANT, TURN, PROPORTION)):
    """Return the matrix (2, 2) of one writer's slant, turn and proportion."""
    slant, turn, proportion = random.normal([slanted, 0, 0], deviations)
    cosine, sine = np.cos(turn), np.sin(turn)
    stretched = np.diag([np.exp(proportion), 1])
    return [[cosine, -sine], [sine, cosine]] @ np.array([[1, -slant], [0, 1]]) @ stretched


def warped(points, warp):
    """Return points, float64 (n, 2), moved by waves whose amplitudes are `warp`, (2, 2, 2)."""
    waves = np.stack([np.sin(points / WAVE), np.cos(points / WAVE)], axis=1)
    return points + np.einsum("nab,abc->nc", waves, warp)


def dots(points, radius, random):
    """Return x, y and radius of the dots that a pen leaves along a curve: float64 (n, 3)."""
    along, places = evenly(points, max(STEP * radius, 1))
    phase, speed = random.uniform(0, 2 * np.pi), random.uniform(0.01, 0.06)
    amount = random.uniform(0, PRESSURE)
    radii = radius * (1 + amount * np.sin(speed * along + phase))
    shake = TREMOR * random.standard_normal(2) * np.sin(0.25 * along + phase)[:, np.newaxis]
    return np.column_stack([places + shake, radii])


def evenly(points, step):
    """Return lengths along a curve, (n,), `step` apart, and the places there: float64 (n, 2)."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    along = np.arange(0, lengths[-1] + 1e-6, step)
    return along, np.stack([np.interp(along, lengths, axis) for axis in points.T], axis=1)


def with_gaps(line, random):
    """Return the dots of a line; now and then some are missing, as from a dry pen."""
    for _ in range(2):
        if random.random() < GAPS:
            line = with_gap(line, random.uniform(1, WIDEST_GAP), random)
    return line


def with_gap(line, width, random):
    """Return the dots of a line, with a gap of `width` pixels inside if it is long enough."""
    radius = line[0, 2]
    missing = round((2 * radius + width) / max(STEP * radius, 1))
    if len(line) < 2 * missing:
        return line
    start = random.integers(2, len(line) - missing - 1)
    return np.concatenate([line[:start], line[start + missing :]])


def cropped(page):
    """Return a page, uint8 (h, w), cropped to its ink."""
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    if not len(rows):
        return np.full((1, 1), 255, np.uint8)
    return page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
