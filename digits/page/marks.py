"""Signs in a row of digits that are no digits: minus, point, comma and slash are read.

A component of the ink that no digit uses is compared, as a straight stroke, with each sign: naive
Bayes, with normal distributions of what can be measured against the digits beside it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from digits.page.answers import Mark
from digits.page.segments import BORDER_SHARE

REACH = 1.0  # of the digits' height: so far before and after a row's digits may be a sign
BAND = 0.4  # of the digits' height: so far above and below a row may the middle of a sign be
MIN_DOT = 0.25  # of the pen's width squared: a touch of the pen leaves thrice as much ink
DARKNESS = (0.95, 0.2)  # of the digits', mean and standard deviation; more is no less likely
# Likelihoods, a perfect sign having 1; of five independent values, 1 sign in 10 has less than 0.01.
OTHER, DIRT = 0.02, 0.01
ALIKE_DIRT = 5  # times as likely, for each component of about that area elsewhere on the page
ALIKE = 3.0  # times the area, up or down
MIN_OTHER = 0.25  # of the digits' height: what is shorter, and no sign, is dirt
AT_END = 0.1  # times as likely is a point or comma before all digits, or after them
SLASH = 0.5  # times as likely as a 1
MAX_DIRT = 0.9  # probability: with more, a component is no mark, and the answer stays sure


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
UPPER_POINT = SIGNS["point"]._replace(middle=(0.6, 0.15))
SHAPES = {**SIGNS, "one": ONE, "colon": UPPER_POINT}


class Stroke(NamedTuple):
    """A component as the straight stroke that has the same moments."""

    x: float  # px, of its middle
    y: float
    length: float  # px
    width: float  # px
    lean: float  # degrees clockwise from the upright, -90 to 90
    height: int  # px, of its box
    area: int  # px


@dataclass(frozen=True)
class Place:
    """The n digits of a row, from left to right, among which a sign may stand."""

    items: list  # `Digit`s, or `Segment`s that may be digits
    boxes: np.ndarray  # int64 (n, 4)
    pens: np.ndarray  # float64 (n,): the width of their strokes in pixels
    darknesses: np.ndarray  # float32 (n,)
    leans: np.ndarray  # float64 (n,): degrees clockwise from the upright

    @cached_property
    def height(self):
        return np.median(self.boxes[:, 3] - self.boxes[:, 1])

    @cached_property
    def pen(self):
        return np.median(self.pens)

    @cached_property
    def darkness(self):
        return np.median(self.darknesses)

    @cached_property
    def lean(self):
        return np.median(self.leans)

    def baseline(self, x):
        """Return where the feet of the digits are at a column, in pixels: it follows a slope."""
        centres = (self.boxes[:, 0] + self.boxes[:, 2]) / 2
        return np.interp(x, centres, self.boxes[:, 3])

    def without(self, item):
        """Return the place without one of its items, if that is among them."""
        kept = [n for n, each in enumerate(self.items) if each is not item]
        measures = self.boxes, self.pens, self.darknesses, self.leans
        return Place([self.items[n] for n in kept], *(each[kept] for each in measures))


def marks_of(rows, ink):
    """Return the `Mark`s in each row, given as its `Digit`s: components that no digit uses."""
    if not rows:
        return []
    places = [place_of(digits, ink) for digits in rows]
    used = {n for digits in rows for digit in digits for n in digit.components}
    free = [n for n in inked(places, ink) if n not in used]
    fits = np.array([[total(likelihoods(n, place, ink)) for place in places] for n in free])
    fits = fits.reshape(len(free), len(rows))
    specks = [n for n, fit in zip(free, fits.max(axis=1), strict=True) if fit < 2 * DIRT]
    marks = [[] for _ in rows]
    for n, row in zip(free, fits.argmax(axis=1), strict=True):
        mark = mark_of(n, places[row], specks, ink)
        marks[row] += [mark] if mark else []
    return [with_colons(each) for each in marks]


def inked(places, ink):
    """Return the numbers of the components with as much ink as a touch of the pen leaves."""
    area = MIN_DOT * min(place.pen for place in places) ** 2
    return np.flatnonzero(ink.components.areas >= area).tolist()


def mark_of(number, place, specks, ink):
    """Return the `Mark` that a component is, or None if it is dirt, as the specks are."""
    found, areas = likelihoods(number, place, ink), ink.components.areas
    alike = np.abs(np.log(areas[specks] / areas[number])) <= np.log(ALIKE)
    found["dirt"] *= 1 + ALIKE_DIRT * alike.sum()
    kind = max([*SIGNS, "colon", "other"], key=found.get)
    if found["dirt"] > MAX_DIRT * total(found) or (kind == "other" and found["dirt"] > found[kind]):
        return None
    box = tuple(ink.components.boxes[number].tolist())
    return Mark(kind, box, float(found[kind] / total(found)), (number,))


def with_colons(marks):
    """Return marks in which a point and a raised one above it are a colon; alone that is dirt."""
    raised = [mark for mark in marks if mark.kind == "colon"]
    found = [mark for mark in marks if mark.kind != "colon"]
    for n, mark in enumerate(found):
        above = [each for each in raised if is_above(each, mark)]
        if mark.kind == "point" and above:
            found[n] = colon(above[0], mark)
    return tuple(sorted(found, key=lambda mark: mark.box))


def is_above(upper, lower):
    """Whether a mark is at most its own width aside of another one."""
    (left, _, right, _), (lower_left, _, lower_right, _) = upper.box, lower.box
    return abs(left + right - lower_left - lower_right) <= 2 * (right - left)


def colon(upper, lower):
    box = np.array([upper.box, lower.box])
    edges = (*box[:, :2].min(axis=0).tolist(), *box[:, 2:].max(axis=0).tolist())
    confidence = min(upper.confidence, lower.confidence)
    return Mark("colon", edges, confidence, upper.components + lower.components)


def total(found):
    return sum(found.values())


def sign_probabilities(segments, bodies, ink):
    """Return the probability that each segment is a sign beside `bodies`: segment → 0 to 1.

    The bodies are those of the segments that may be digits.
    """
    place = place_of(bodies, ink)
    return {each: sign_probability(each, place.without(each), ink) for each in segments}


def sign_probability(segment, place, ink):
    if len(segment.components) > 1 or not place.items:
        return 0.0
    found = likelihoods(segment.components[0], place, ink)
    return float(sum(found[kind] for kind in [*SIGNS, "colon"]) / total(found))


def place_of(items, ink):
    """Return the `Place` of some `Digit`s or `Segment`s."""
    items = sorted(items, key=lambda item: item.box[0] + item.box[2])
    numbers = [list(item.components) for item in items]
    pens = [ink.stroke_widths[each].max() for each in numbers]
    darknesses = [ink.full_darkness[each].max() for each in numbers]
    leans = [slant(item, ink.components) for item in items]
    boxes = [item.box for item in items]
    return Place(items, *map(np.array, (boxes, pens, darknesses, leans)))


def likelihoods(number, place, ink):
    """Return how well a component fits each sign, a 1, other writing and dirt: kind → 0 to 1."""
    found = dict.fromkeys([*SIGNS, "colon", "one", "other"], 0.0) | {"dirt": DIRT}
    if not (is_near(number, place, ink.components) and is_beside(number, place, ink.components)):
        return found
    stroke = stroke_of(number, ink.components)
    darkness = min(ink.full_darkness[number] / place.darkness, DARKNESS[0])
    written, values = normal(darkness, DARKNESS), values_of(stroke, place)
    for kind, shape in SHAPES.items():
        found[kind] = written * fit(values, shape)
    found["slash"] *= SLASH
    if not place.boxes[0, 0] < stroke.x < place.boxes[-1, 2]:
        found["slash"] = 0.0
        found["point"] *= AT_END
        found["comma"] *= AT_END
    if stroke.length > MIN_OTHER * place.height:
        found["other"] = OTHER * written * normal(min(values["width"], 0), ONE.width)
        found["colon"] = 0.0  # as high as a plus
    return found


def values_of(stroke, place):
    """Return what the `Shape`s hold the means of."""
    return {
        "length": np.log(stroke.length / place.height),
        "height": np.log(stroke.height / place.height),
        "elongation": np.log(stroke.length / stroke.width),
        "lean": (stroke.lean - place.lean + 45) % 180 - 45,  # -45 to 135: a minus has 90
        "middle": (place.baseline(stroke.x) - stroke.y) / place.height,
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


def is_near(number, place, components):
    """Whether a component, not cut off by the picture's border, is about in the row of a place."""
    left, top, right, bottom = components.boxes[number]
    x, reach = (left + right) / 2, REACH * place.height
    is_between = place.boxes[0, 0] - reach < x < place.boxes[-1, 2] + reach
    middle = (place.baseline(x) - (top + bottom) / 2) / place.height
    on_border = components.pixels_on_border()[number]
    is_whole = on_border < BORDER_SHARE * max(right - left, bottom - top)
    return is_between and is_whole and -BAND < middle < 1 + BAND


def is_beside(number, place, components):
    """Whether a component is beside the ink of every digit, not above, below or inside it."""
    left, top, right, bottom = components.boxes[number]
    middle = (left + right) / 2
    for item in place.items:
        if item.box[0] <= middle < item.box[2]:
            labels = components.labels[top:bottom, item.box[0] : item.box[2]]
            inside = np.isin(labels, item.components).any(axis=0)
            columns = item.box[0] + np.flatnonzero(inside)
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
    across, down = columns - x, rows - y
    return x + left, y + top, (across**2).mean(), (across * down).mean(), (down**2).mean()
