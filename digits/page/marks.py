"""Signs in a row of digits that are no digits: minus, point, comma and slash are read.

A component of the ink that no digit uses is compared, as a straight stroke, with each sign: naive
Bayes, with normal distributions of what can be measured against the digits beside it.
"""

from typing import NamedTuple

import numpy as np

from digits.page.answers import Mark
from digits.page.filters import median

REACH = 1.0  # of the digits' height: so far before and after a row's digits may be a sign
MIN_DOT = 0.4  # of the pen's width squared: a touch of the pen leaves twice as much ink
MIN_DARKNESS = 0.3  # of the digits': what is fainter is no ink of the same pen
MAX_LENGTH = 2.0  # of the digits' height: what is longer is a line
BORDER_SHARE = 0.5  # of a component's longer side on the picture's border: it is cut off
DARKNESS = (0.95, 0.2)  # of the digits', mean and standard deviation; more is no less likely
# Likelihoods, that of a perfect sign being 1; of five independent values, 1 sign in 20 has less.
OTHER, DIRT = 0.004, 0.003
DIRT_ALIKE = 0.02  # more, for each component of about that area elsewhere on the page
ALIKE = 3.0  # times the area, up or down
MIN_OTHER = 0.3  # of the digits' height: what is shorter, and no sign, is dirt
MAX_DIRT = 0.7  # probability: with more, a component is no mark


class Shape(NamedTuple):
    """A sign as a straight stroke in a row: each value's mean and standard deviation.

    Length, height, elongation, width and fill are natural logarithms.
    """

    middle: tuple  # above the baseline, by the digits' height
    length: tuple | None = None  # by the digits' height
    height: tuple | None = None  # by the digits' height
    elongation: tuple | None = None  # length by width
    lean: tuple | None = None  # degrees clockwise from the upright of the row
    width: tuple = (0.05, 0.3)  # by the pen's width
    fill: tuple = (0.0, 0.2)  # area by length times width: a bend or a ring has less


SIGNS = {
    "minus": Shape((0.42, 0.14), (np.log(0.35), 0.4), elongation=(1.5, 0.5), lean=(90, 14)),
    "point": Shape((0.07, 0.09), elongation=(0.15, 0.25), width=(0.2, 0.35)),
    "comma": Shape((-0.04, 0.1), (np.log(0.27), 0.3), elongation=(1.0, 0.4), lean=(20, 18)),
    "slash": Shape((0.5, 0.2), height=(0.25, 0.15), lean=(30, 9)),
}
ONE = Shape((0.5, 0.15), height=(0.0, 0.12), lean=(5, 12))  # which a slash is told from


class Stroke(NamedTuple):
    """A component as the straight stroke that has the same moments."""

    x: float  # px, of its middle
    y: float
    length: float  # px
    width: float  # px
    lean: float  # degrees clockwise from the upright, -90 to 90
    height: int  # px, of its box
    area: int  # px


class Place(NamedTuple):
    """The n digits of a row, from left to right, among which a sign may stand."""

    items: list  # `Digit`s, or `Segment`s that may be digits
    boxes: np.ndarray  # int64 (n, 4)
    height: float  # px: the median of theirs
    pen: float  # px: the median width of their strokes
    darkness: float  # the median of theirs
    lean: float  # degrees clockwise from the upright: the median of theirs


def marks_of(rows, ink):
    """Return the `Mark`s in each row, given as its `Digit`s: components that no digit uses."""
    places = [place_of(digits, ink) for digits in rows]
    used = {n for digits in rows for digit in digits for n in digit.components}
    free = [n for n in inked(places, ink) if n not in used]
    fits = np.array([[total(likelihoods(n, place, ink)) for place in places] for n in free])
    fits = fits.reshape(len(free), len(rows))
    specks = [n for n, fit in zip(free, fits.max(axis=1), strict=True) if fit < DIRT]
    marks = [[] for _ in rows]
    for n, row in zip(free, fits.argmax(axis=1), strict=True):
        mark = mark_of(n, places[row], specks, ink)
        marks[row] += [mark] if mark else []
    return [tuple(sorted(each, key=lambda mark: mark.box)) for each in marks]


def inked(places, ink):
    """Return the numbers of the components with as much and as dark ink as a sign has."""
    area = MIN_DOT * min(place.pen for place in places) ** 2
    darkness = MIN_DARKNESS * min(place.darkness for place in places)
    return np.flatnonzero((ink.components.areas >= area) & (ink.full_darkness >= darkness)).tolist()


def mark_of(number, place, specks, ink):
    """Return the `Mark` that a component is, or None if it is dirt, as the specks are."""
    found, areas = likelihoods(number, place, ink), ink.components.areas
    alike = np.abs(np.log(areas[specks] / areas[number])) <= np.log(ALIKE)
    dirt = DIRT + DIRT_ALIKE * alike.sum()
    all_, kind = total(found) + dirt, max(found, key=found.get)
    if dirt > MAX_DIRT * all_:
        return None
    box = tuple(ink.components.boxes[number].tolist())
    return Mark(kind if kind in SIGNS else "other", box, float(found[kind] / all_))


def total(found):
    return sum(found.values())


def sign_probability(segment, others, ink):
    """Return the probability, 0 to 1, that a segment beside others, perhaps digits, is a sign."""
    if len(segment.components) > 1 or not others:
        return 0.0
    found = likelihoods(segment.components[0], place_of(others, ink), ink)
    return float(sum(found[kind] for kind in SIGNS) / (total(found) + DIRT))


def place_of(items, ink):
    """Return the `Place` of some `Digit`s or `Segment`s."""
    items = sorted(items, key=lambda item: item.box[0] + item.box[2])
    boxes = np.array([item.box for item in items])
    pen = median([ink.stroke_widths[list(item.components)].max() for item in items])
    darkness = median([ink.full_darkness[list(item.components)].max() for item in items])
    lean = np.median([slant(item, ink.components) for item in items])
    return Place(items, boxes, np.median(boxes[:, 3] - boxes[:, 1]), pen, darkness, lean)


def likelihoods(number, place, ink):
    """Return how well a component fits each sign, a 1, and other writing: kind → 0 to 1."""
    kinds = {**SIGNS, "one": ONE}
    stroke = stroke_of(number, ink.components)
    if not may_be_mark(number, stroke, place, ink):
        return dict.fromkeys([*kinds, "other"], 0.0)
    values = values_of(stroke, place)
    darkness = min(ink.full_darkness[number] / place.darkness, DARKNESS[0])
    written = normal(darkness, DARKNESS)
    found = {kind: written * fit(values, shape) for kind, shape in kinds.items()}
    if not place.boxes[0, 0] < stroke.x < place.boxes[-1, 2]:
        found["slash"] = 0.0  # it stands between digits
    is_long = stroke.length >= MIN_OTHER * place.height
    return {**found, "other": OTHER * is_long * written * normal(values["width"], ONE.width)}


def values_of(stroke, place):
    """Return what the `Shape`s hold the means of."""
    centres = (place.boxes[:, 0] + place.boxes[:, 2]) / 2
    baseline = np.interp(stroke.x, centres, place.boxes[:, 3])  # it follows a slope
    return {
        "length": np.log(stroke.length / place.height),
        "height": np.log(stroke.height / place.height),
        "elongation": np.log(stroke.length / stroke.width),
        "lean": (stroke.lean - place.lean + 45) % 180 - 45,  # -45 to 135: a minus has 90
        "middle": (baseline - stroke.y) / place.height,
        "width": np.log(stroke.width / place.pen),
        "fill": np.log(stroke.area / (stroke.length * stroke.width)),
    }


def fit(values, shape):
    known = {name: each for name, each in shape._asdict().items() if each}
    return np.prod([normal(values[name], each) for name, each in known.items()])


def normal(value, mean_and_deviation):
    """Return the density of a normal distribution, its maximum 1."""
    mean, deviation = mean_and_deviation
    return np.exp(-(((value - mean) / deviation) ** 2) / 2)


def may_be_mark(number, stroke, place, ink):
    """Whether a component is as long as a sign, inside the picture, and beside the digits."""
    left, top, right, bottom = ink.components.boxes[number]
    reach = REACH * place.height
    is_near = place.boxes[0, 0] - reach < stroke.x < place.boxes[-1, 2] + reach
    is_short = stroke.length <= MAX_LENGTH * place.height
    return is_near and is_short and is_beside((left, top, right, bottom), place, ink.components)


def is_beside(box, place, components):
    """Whether no digit has ink above, below or around a box, so that it may be a part of it."""
    left, top, right, bottom = box
    middle = (left + right) / 2
    for item in place.items:
        if item.box[0] <= middle < item.box[2]:
            inside = np.isin(
                components.labels[top:bottom, item.box[0] : item.box[2]], item.components
            )
            columns = item.box[0] + np.flatnonzero(inside.any(axis=0))
            if not len(columns) or columns[0] < middle < columns[-1]:
                return False
    return True


def stroke_of(number, components):
    """Return the `Stroke` that a component is."""
    x, y, xx, xy, yy = moments(components.boxes[number], [number], components)
    mean, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    length, width = (np.sqrt(12 * max(each, 1 / 12)) for each in (mean + half, mean - half))
    lean = np.degrees(np.arctan2(2 * -xy, yy - xx) / 2)
    return Stroke(x, y, length, width, lean, components.sizes[number, 1], components.areas[number])


def slant(item, components):
    """Return how far an item leans, in degrees clockwise: the shear that makes it upright."""
    *_, xy, yy = moments(item.box, item.components, components)
    return np.degrees(np.arctan2(-xy, yy))


def moments(box, numbers, components):
    """Return the mean x and y, in pixels, and the second moments xx, xy, yy of components."""
    left, top, right, bottom = box
    rows, columns = np.nonzero(np.isin(components.labels[top:bottom, left:right], numbers))
    x, y = columns.mean(), rows.mean()
    second = (
        ((columns - x) ** 2).mean(),
        ((columns - x) * (rows - y)).mean(),
        ((rows - y) ** 2).mean(),
    )
    return (x + left, y + top, *second)
