"""Non-digits: what a reader of pages cuts out beside digits, and what else people draw."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from digits.data import pen_strokes
from digits.data.pen import HEIGHT, cropped, curve, handwritten, penned
from digits.data.printed import printed

LEFT, RIGHT, UPPER, LOWER = "left", "right", "upper", "lower"
# The parts of each digit that look like no digit: the upper part of a 9 is a 0, its stem a 1.
PARTS = {
    0: (LEFT, RIGHT, UPPER, LOWER),
    2: (LEFT, LOWER),
    3: (LEFT, UPPER, LOWER),
    4: (LEFT, UPPER),
    5: (LEFT, RIGHT, UPPER, LOWER),
    6: (LEFT, RIGHT),
    7: (LEFT,),
    8: (LEFT,),
    9: (LEFT,),
}
ALL_BUT_ONE = (0, 2, 3, 4, 5, 6, 7, 8, 9)
STRAIGHT = 0.25  # thickness of ink by its length: a bar, which is a 1 if it is upright
MIN_NEIGHBOUR = 0.15  # of a digit's ink: less of its neighbour is hardly seen
PRINTED = 0.3  # the share of printed digits among those that are cut or have a neighbour
TOUCHING = 0.6  # the share of neighbours that touch
MARGIN = 20  # pixels
FILLED = 0.4  # the share of frames with something in them


def letter_or_sign(random):
    return handwritten(pen_strokes.SIGNS[random.integers(len(pen_strokes.SIGNS))], random)


def no_bar(draw, random):
    """Return ink that a function draws, uint8 (h, w), drawn anew while it is a bar."""
    ink = draw(random)
    while thickness(ink) < STRAIGHT:
        ink = draw(random)
    return ink


def thickness(ink):
    """Return the width of ink by its length, 0 to 1: standard deviations along its two axes."""
    places = np.argwhere(ink > 127)
    if len(places) < 10:
        return 0.0
    least, most = np.linalg.eigvalsh(np.cov(places.T))
    return np.sqrt(max(least, 0) / most)


def scribble(random):
    """Return a few wild strokes, uint8 (h, w)."""
    return no_bar(strokes_anywhere, random)


def strokes_anywhere(random):
    lengths = random.integers(3, 12, random.integers(1, 4))
    points = [random.uniform(0, [90, 100], (n, 2)) for n in lengths]
    return penned([curve(each, ()) for each in points], random)


def any_digit(random, labels=range(10)):
    """Return a digit that is printed or written, uint8 (h, w)."""
    label = random.choice(labels)
    if random.random() < PRINTED:
        return printed(label, random)
    styles = pen_strokes.DIGITS[label]
    return handwritten(styles[random.integers(len(styles))], random)


def part(random):
    """Return a part of a digit that looks like no digit itself, uint8 (h, w)."""
    return no_bar(cut_digit, random)


def cut_digit(random):
    label = random.choice(list(PARTS))
    side = PARTS[label][random.integers(len(PARTS[label]))]
    return cut(any_digit(random, [label]), side, random.uniform(0.3, 0.52), random)


def cut(ink, side, share, random):
    """Return the share of ink at one side of a slightly slanted line, uint8 (h, w)."""
    turned = {LEFT: ink, RIGHT: ink[:, ::-1], UPPER: ink.T, LOWER: ink[::-1].T}[side]
    row, column = np.ogrid[: turned.shape[0], : turned.shape[1]]
    slope = random.normal(0, 0.15)
    kept = column < share * turned.shape[1] + slope * (row - turned.shape[0] / 2)
    kept = np.where(kept, turned, 0)
    return cropped({LEFT: kept, RIGHT: kept[:, ::-1], UPPER: kept.T, LOWER: kept.T[::-1]}[side])


def with_neighbour(random):
    """Return a digit with the end of its neighbour, or with an upright line, uint8 (h, w)."""
    ink = any_digit(random, ALL_BUT_ONE)
    is_right, level = random.random() < 0.5, random.integers(-10, 11)
    other = line_or_end(LEFT if is_right else RIGHT, random)
    while other.sum() < MIN_NEIGHBOUR * ink.sum():
        other = line_or_end(LEFT if is_right else RIGHT, random)
    return beside(ink, other, level, random) if is_right else beside(other, ink, level, random)


def line_or_end(side, random):
    """Return an upright line, or the end at that side of a digit, uint8 (h, w)."""
    if random.random() < 0.2:
        height, width = int(HEIGHT * random.uniform(0.9, 1.4)), random.integers(5, 16)
        return np.full((height, width), 255, np.uint8)
    return cut(any_digit(random), side, random.uniform(0.2, 0.4), random)


def row(random):
    """Return two or three digits side by side, most of which touch, uint8 (h, w)."""
    count = 2 + (random.random() < 0.25)
    labels = [0] if random.random() < 0.25 else range(10)
    ink = any_digit(random, labels)
    for _ in range(count - 1):
        ink = beside(ink, any_digit(random, labels), random.integers(-10, 11), random)
    return ink


def beside(left, right, level, random):
    """Return two inks in a row, the right one `level` pixels lower; most touch, uint8 (h, w)."""
    top, height = max(0, -level), max(len(left), len(right) + level) + max(0, -level)
    page = np.zeros((height, left.shape[1] + right.shape[1]), np.uint8)
    page[top : top + len(left), : left.shape[1]] = left
    second = np.zeros_like(page)
    second[top + level : top + level + len(right), -right.shape[1] :] = right
    gap = row_gap(page, second)
    moved = gap if random.random() < TOUCHING else gap - random.integers(2, 12)
    return cropped(np.maximum(page, np.roll(second, -max(0, moved), axis=1)))


def row_gap(left, right):
    """Return how many pixels the right ink may move to the left until it touches."""
    both = left.any(axis=1) & right.any(axis=1)
    if not both.any():
        return 0
    ends = left.shape[1] - left[both, ::-1].argmax(axis=1)
    return int((right[both].argmax(axis=1) - ends).min()) + 2


def mark(random):
    """Return a point, a comma, a level bar, two of them, or a slash that is no 1, uint8 (h, w)."""
    return MARKS[random.integers(len(MARKS))](random)


def point(random):
    """Return a round, square or ragged point, uint8 (h, w)."""
    width, height = HEIGHT * np.exp(random.uniform(-0.5, 0, 2))
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    radii = 1 + random.uniform(0, 0.25) * random.standard_normal(12)
    corners = np.stack([width * np.cos(angles), height * np.sin(angles)], axis=1)
    page = Image.new("L", (4 * HEIGHT, 4 * HEIGHT))
    outline = 2 * HEIGHT + 0.5 * corners * np.clip(radii, 0.5, 1.5)[:, np.newaxis]
    ImageDraw.Draw(page).polygon(outline.ravel().tolist(), fill=255)
    return cropped(np.asarray(page))


def comma(random):
    """Return a point with a tail to the lower left, uint8 (h, w)."""
    radius, length = random.uniform(16, 26), random.uniform(45, 75)
    along = np.linspace(0, 1, 30)[:, np.newaxis]
    tail = [[0, 0], [random.uniform(0, 14), length / 2], [-random.uniform(5, 40), length]]
    places = (1 - along) ** 2 * tail[0] + 2 * along * (1 - along) * tail[1] + along**2 * tail[2]
    return of_dots(places, radius * (1 - random.uniform(0.4, 0.85) * along))


def of_dots(places, radii):
    page = Image.new("L", (4 * HEIGHT, 4 * HEIGHT))
    pen = ImageDraw.Draw(page).ellipse
    for (x, y), (r,) in zip((places + 2 * HEIGHT).tolist(), radii.tolist(), strict=True):
        pen((x - r, y - r, x + r, y + r), fill=255)
    return cropped(np.asarray(page))


def two_points(random):
    """Return two or three points above or beside each other, uint8 (h, w)."""
    first, second = point(random), point(random)
    distance = int(random.uniform(1.4, 4) * HEIGHT)
    page = np.zeros((2 * distance + 2 * HEIGHT, 2 * HEIGHT), np.uint8)
    for n, ink in enumerate([first, second] + [first] * (random.random() < 0.2)):
        page[n * distance : n * distance + len(ink), : ink.shape[1]] = ink
    return cropped(page.T if random.random() < 0.3 else page)


def bar(random):
    """Return a level bar, long or short, uint8 (h, w)."""
    thick = random.uniform(0.08, 0.35) * HEIGHT
    return of_line(random.uniform(-0.3, 0.3), thick, random)


def slash(random):
    """Return a straight stroke that leans by more than 35° to either side, uint8 (h, w)."""
    lean = np.radians(random.uniform(36, 75)) * random.choice([-1, 1])
    return of_line(np.pi / 2 - lean, random.uniform(0.07, 0.2) * HEIGHT, random)


def of_line(angle, thick, random):
    """Return a slightly bent line at an angle in radians, uint8 (h, w)."""
    along = np.linspace(-0.5, 0.5, 60)[:, np.newaxis] * (HEIGHT - thick)
    bent = random.normal(0, 0.06) * HEIGHT * (4 * (along / HEIGHT) ** 2)
    places = along * [np.cos(angle), -np.sin(angle)] + bent * [np.sin(angle), np.cos(angle)]
    return of_dots(places, np.full((60, 1), thick / 2))


MARKS = (point, comma, two_points, bar, bar, slash)


def frame(random):
    """Return two to four borders of a cell, empty or with a digit or point in it, uint8 (h, w)."""
    sides = FRAMES[random.integers(len(FRAMES))]
    width, turn = HEIGHT * random.uniform(0.85, 1.8), random.normal(0, 0.03)
    page = Image.new("L", (5 * HEIGHT, 5 * HEIGHT))
    for left, top, right, bottom in borders(sides, width, random):
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        placed = corners @ [[1, turn], [-turn, 1]] + 1.5 * HEIGHT
        ImageDraw.Draw(page).polygon(placed.ravel().tolist(), fill=255)
    ink = np.array(page)
    if random.random() < FILLED:
        put_inside(ink, width, random)
    return cropped(ink)


def borders(sides, width, random):
    """Return a box, left, top, right, bottom, for each border; two may cross or form a T."""
    level, upright = random.uniform(5, 18) * random.uniform(0.8, 1.25, 2)
    x, y = random.uniform(15, 70, 2) * (random.random(2) < 0.4) * (len(sides) == 2)
    left, right = -x * (LEFT in sides), width + x * (RIGHT in sides)
    top, bottom = -y * (UPPER in sides), HEIGHT + y * (LOWER in sides)
    boxes = {
        UPPER: (left, 0, right, level),
        LOWER: (left, HEIGHT - level, right, HEIGHT),
        LEFT: (0, top, upright, bottom),
        RIGHT: (width - upright, top, width, bottom),
    }
    return [boxes[side] for side in sides]


def put_inside(ink, width, random):
    """Put a digit or a point into a cell of ink, in place."""
    is_digit = random.random() < 0.7
    inside = any_digit(random) if is_digit else point(random)
    share = random.uniform(0.45, 0.7) if is_digit else random.uniform(0.08, 0.2)
    scale = share * HEIGHT / max(inside.shape)
    sides = [max(2, round(scale * side)) for side in inside.shape[::-1]]
    small = np.asarray(Image.fromarray(inside).resize(sides, Image.Resampling.BOX))
    top = int(2 * HEIGHT - small.shape[0] / 2 + random.integers(-8, 9))
    left = int(1.5 * HEIGHT + width / 2 - small.shape[1] / 2 + random.integers(-8, 9))
    place = ink[top : top + small.shape[0], left : left + small.shape[1]]
    np.maximum(place, small, out=place)


FRAMES = (
    (UPPER, RIGHT),  # the more often, since it is like a 7
    (UPPER, RIGHT),
    (UPPER, RIGHT),
    (UPPER, RIGHT),
    (UPPER, LEFT),
    (LOWER, LEFT),
    (LOWER, RIGHT),
    (LEFT, UPPER, RIGHT),
    (LEFT, LOWER, RIGHT),
    (UPPER, RIGHT, LOWER),
    (UPPER, LEFT, LOWER),
    (UPPER, RIGHT, LOWER, LEFT),
    (UPPER, RIGHT, LOWER, LEFT),
    (UPPER, RIGHT, LOWER, LEFT),
)


def blot(random):
    """Return a shape without strokes, like a stain on a photograph, uint8 (h, w)."""
    side = int(random.integers(3, 12))
    rough = Image.fromarray(random.random((side, side)).astype(np.float32))
    smooth = np.asarray(rough.resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC))
    shape = np.clip(4 * (smooth - random.uniform(0.35, 0.6)), 0, 1)
    height, width = random.integers(HEIGHT // 3, HEIGHT + 1, 2)
    return cropped(np.rint(255 * shape[:height, :width]).astype(np.uint8))


def shadow(random):
    """Return a surface with straight edges that fades to one side, uint8 (h, w)."""
    return no_bar(faded_surface, random)


def faded_surface(random):
    corners = random.uniform(0, HEIGHT, (random.integers(3, 5), 2))
    page = Image.new("L", (HEIGHT, HEIGHT))
    ImageDraw.Draw(page).polygon(corners.ravel().tolist(), fill=255)
    fading = np.linspace(random.uniform(0, 1), 1, HEIGHT)
    soft = page.filter(ImageFilter.BoxBlur(random.uniform(0, 8)))
    return cropped(np.rint(np.asarray(soft) * fading).astype(np.uint8))


def negative(random):
    """Return a digit, or a part of one, with paper and ink exchanged, uint8 (h, w)."""
    ink = any_digit(random)
    if random.random() < 0.5:
        side, share = random.choice([LEFT, RIGHT, UPPER, LOWER]), random.uniform(0.3, 0.7)
        ink = cut(ink, side, share, random)
    return 255 - np.pad(ink, random.integers(0, MARGIN, (2, 2)))


SHARES = {
    letter_or_sign: 0.19,
    scribble: 0.05,
    part: 0.18,
    with_neighbour: 0.11,
    row: 0.12,
    mark: 0.09,
    frame: 0.15,
    negative: 0.05,
    blot: 0.03,
    shadow: 0.03,
}
