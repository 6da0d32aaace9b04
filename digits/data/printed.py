"""Printed digits: a font's, a broad nib's, a meter's, a display's of seven bars or of dots."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, features

from digits.data import pen_strokes
from digits.data.pen import HEIGHT, cropped, curve, drawn, evenly, posture, strokes

UPRIGHT = (0.1, 0.05, 0.2)  # standard deviations of slant, turn and proportion, as of a writer
BLURRED, SHADED = 0.3, 0.12  # shares of the images
ROUND_DIGITS = (0, 3, 6, 8, 9)  # those that are still read when their thinnest places are lost

# The bars of a display: a is the upper one, then clockwise; g is the middle one.
BARS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
OTHER_BARS = {6: "fgedc", 7: "fabc", 9: "abcfg"}
BAR_ENDS = {
    "a": (0, 0, 1, 0),
    "b": (1, 0, 1, 1),
    "c": (1, 1, 1, 2),
    "d": (0, 2, 1, 2),
    "e": (0, 1, 0, 2),
    "f": (0, 0, 0, 1),
    "g": (0, 1, 1, 1),
}
# The dots of a display, 5 by 7: a hexadecimal number for each row.
DOTS = (
    "0E 11 11 11 11 11 0E",
    "04 0C 04 04 04 04 0E",
    "0E 11 01 02 04 08 1F",
    "1F 02 04 02 01 11 0E",
    "02 06 0A 12 1F 02 02",
    "1F 10 1E 01 01 11 0E",
    "06 08 10 1E 11 11 0E",
    "1F 01 02 04 08 08 08",
    "0E 11 11 0E 11 11 0E",
    "0E 11 11 0F 01 02 0C",
)


def printed(label, random):
    """Return a printed digit, uint8 (h, w), cropped to the ink."""
    kind = random.choice(list(SHARES), p=list(SHARES.values()))
    ink = kind(label, random)
    if random.random() < SHADED:
        ink = shaded(ink, random)
    return blurred(ink, random.uniform(1, 4)) if random.random() < BLURRED else ink


def of_font(label, random):
    """Return a digit of Pillow's own font, or, where Pillow has no FreeType, of a meter."""
    if not features.check("freetype2"):
        return of_meter(label, random)
    page = Image.new("L", (2 * HEIGHT, 2 * HEIGHT))
    weight = int(random.integers(0, 7))
    middle = (HEIGHT, HEIGHT)
    ImageDraw.Draw(page).text(
        middle, str(label), 255, font(), anchor="mm", stroke_width=weight, stroke_fill=255
    )
    (a, b), (c, d) = np.linalg.inv(posture(random, 0.05, UPRIGHT))
    placed = (a, b, HEIGHT * (1 - a - b), c, d, HEIGHT * (1 - c - d))
    return cropped(np.asarray(page.transform(page.size, Image.Transform.AFFINE, placed)))


@cache
def font():
    return ImageFont.load_default(HEIGHT)


def of_meter(label, random):
    """Return a digit of even strokes, as on the wheels of a meter."""
    radius = random.uniform(3.5, 12)
    return drawn([with_radii(points, radius) for points in figure(label, random)])


def of_broad_nib(label, random):
    """Return a digit with thick upright strokes and thin level ones, as in a serif font.

    Where it is round, a scan may have lost the thinnest places.
    """
    thickest, thinnest = random.uniform(5, 11), random.uniform(0.1, 0.6)
    lost = random.uniform(-0.4, 0.6)
    lines = []
    for points in figure(label, random):
        line = evenly(points, 1)[1]
        across, down = np.abs(np.gradient(line, axis=0)).T
        share = down / np.hypot(across, down)
        if label in ROUND_DIGITS:
            line, share = line[share >= lost], share[share >= lost]
        lines.append(with_radii(line, thickest * np.maximum(thinnest, share)))
    return drawn(lines)


def figure(label, random):
    """Return the curves of a printed digit, float64 (n, 2) each, `HEIGHT` pixels high."""
    styles = pen_strokes.PRINTED[label]
    style = styles[random.integers(len(styles))]
    matrix = posture(random, 0.05, UPRIGHT).T
    return [curve(*each) @ matrix for each in strokes(style)]


def with_radii(points, radii):
    """Return x, y and radius of dots along points, (n, 2); of one radius, they are made even."""
    if np.isscalar(radii):
        points = evenly(points, 1)[1]
    return np.column_stack([points, np.broadcast_to(radii, len(points))])


def of_bars(label, random):
    """Return a digit of seven bars, with gaps between them."""
    bars = BARS[label]
    if label in OTHER_BARS and random.random() < 0.3:
        bars = OTHER_BARS[label]
    width, thickness = random.uniform(40, 65), random.uniform(7, 20)
    gap, bevel = random.uniform(0, 4), random.uniform(0, thickness / 2)
    slant = random.uniform(0, 0.2) * (random.random() < 0.6)
    page = Image.new("L", (2 * HEIGHT, 2 * HEIGHT))
    for bar in bars:
        ends = np.reshape(BAR_ENDS[bar], (2, 2)) * [width, HEIGHT / 2]
        outline = bar_outline(ends, thickness, gap, bevel)
        outline[:, 0] -= slant * outline[:, 1]
        ImageDraw.Draw(page).polygon((outline + HEIGHT / 2).ravel().tolist(), fill=255)
    return cropped(np.asarray(page))


def bar_outline(ends, thickness, gap, bevel):
    """Return the corners, float64 (6, 2), of a bar between two places, with bevelled ends."""
    along = np.sign(ends[1] - ends[0])
    across = along[::-1] * thickness / 2
    first, last = ends + np.outer([1, -1], along) * (gap + thickness / 2 - bevel)
    inner = first + bevel * along, last - bevel * along
    corners = [first, inner[0] + across, inner[1] + across]
    return np.array([*corners, last, inner[1] - across, inner[0] - across])


def of_dots(label, random):
    """Return a digit of dots, as on a bus or a printed receipt."""
    rows = [f"{int(row, 16):05b}" for row in DOTS[label].split()]
    places = np.argwhere(np.array([list(row) for row in rows]) == "1")[:, ::-1]
    distance, share = HEIGHT / 7, random.uniform(0.35, 0.6)
    points = places * distance @ posture(random, 0.05, UPRIGHT).T
    return drawn([with_radii(points, np.full(len(points), share * distance))])


def shaded(ink, random):
    """Return ink whose one side is fainter."""
    middle, angle = np.array(ink.shape) / 2, random.uniform(0, 2 * np.pi)
    row, column = np.ogrid[: ink.shape[0], : ink.shape[1]]
    side = (row - middle[0]) * np.sin(angle) + (column - middle[1]) * np.cos(angle)
    faint = np.where(side > random.uniform(-20, 20), random.uniform(0.4, 0.8), 1)
    return np.rint(ink * faint).astype(np.uint8)


def blurred(ink, radius):
    """Return ink that is out of focus."""
    page = Image.fromarray(np.pad(ink, 10)).filter(ImageFilter.GaussianBlur(radius))
    return cropped(np.where(np.asarray(page) > 25, page, 0).astype(np.uint8))


SHARES = {of_font: 0.25, of_meter: 0.2, of_broad_nib: 0.25, of_bars: 0.25, of_dots: 0.05}
