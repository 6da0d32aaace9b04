"""Pages that the project draws itself, each for one rule of the picture reader.

A page looks like something that people photograph or scan, is drawn from a seed, and is read wrong
as soon as its rule is switched off: `benchmarks/reader_rules.py` checks it.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from digits.data import pen_strokes, synthetic
from digits.page import pipeline

GOLDEN = {}  # name → Page
SHARP = 4  # times as large as it will be, so that a stroke has soft edges


class Page(NamedTuple):
    """A page: `draw` takes a random generator and returns a PIL image; `written` is on it."""

    draw: object
    written: str

    @property
    def reason(self):
        return self.draw.__doc__


def golden(written):
    """Return a decorator which enters a function that draws a page with this written on it."""

    def entered(draw):
        GOLDEN[draw.__name__] = Page(draw, written)
        return draw

    return entered


def drawn(name, seed=1):
    """Return the golden page of that name, a PIL image."""
    return GOLDEN[name].draw(np.random.default_rng(seed))


def is_read(name, predict):
    """Whether a golden page is read as written: "?" behind it if not sure, "" if no digit."""
    answer = pipeline.answer_to_drawing(drawn(name), predict)
    assert answer.status != "unreadable", answer.error
    return answer.written + "?" * (answer.status == "unsure") == GOLDEN[name].written


# Ink: float arrays, 0 paper to 1 ink.


def digit(label, height, pen, random, style=0, unsteady=1.5):
    """Return a digit in pen strokes, `height` pixels high, of a pen that is `pen` pixels wide."""
    curves = curves_of(pen_strokes.DIGITS[label][style], random, unsteady)
    return strokes([each * (height - pen) / 100 for each in curves], pen)


def curves_of(text, random=None, unsteady=0.0):
    """Return the curves of a writing style's text, 100 high, their points moved at random."""
    curves = []
    for points, corners in synthetic.strokes(text):
        moved = random.normal(0, unsteady, points.shape) if unsteady else 0
        curves.append(synthetic.curve(points + moved, corners))
    return curves


def strokes(curves, pen):
    """Return curves, each points x, y in pixels, drawn with a round pen `pen` pixels wide."""
    low = np.min([each.min(axis=0) for each in curves], axis=0) - pen / 2
    high = np.max([each.max(axis=0) for each in curves], axis=0) + pen / 2
    width, height = (int(np.ceil(side)) for side in high - low)
    page = Image.new("L", (SHARP * width, SHARP * height))
    brush = ImageDraw.Draw(page)
    for curve in curves:
        points, r = SHARP * (curve - low), SHARP * pen / 2
        brush.line([tuple(point) for point in points], 255, round(2 * r))
        for x, y in points:
            brush.ellipse((x - r, y - r, x + r, y + r), 255)
    return np.asarray(page.reduce(SHARP), np.float32) / 255


def blank(height, width):
    return np.zeros((height, width), np.float32)


def put(page, ink, left, top):
    """Lay ink on a page of ink, in place; what goes beyond the page is cut off."""
    left, top = round(left), round(top)
    cut = ink[max(-top, 0) :, max(-left, 0) :]
    place = page[max(top, 0) :, max(left, 0) :][: cut.shape[0], : cut.shape[1]]
    np.maximum(place, cut[: place.shape[0], : place.shape[1]], out=place)


def write(page, text, left, top, random, height=70, pen=7, gap=16, **how):
    """Write digits in a row on a page, in place, and return where the row ends."""
    for label in text:
        ink = digit(int(label), height, pen, random, **how)
        put(page, ink, left, top + height - ink.shape[0] + random.integers(-2, 3))
        left += ink.shape[1] + gap
    return left - gap


# From ink to a picture.


def paper(ink, contrast=0.7, light=0.9):
    """Return dark ink on paper as grey, 0 black to 1 white."""
    return light * (1 - contrast * ink)


def photo(grey, random, grain=0.01, blur=0.8):
    """Return grey as a photograph of it: a PIL image, slightly blurred, with grain."""
    soft = scan(grey).filter(ImageFilter.GaussianBlur(blur))
    return scan(np.asarray(soft) / 255 + random.normal(0, grain, grey.shape))


def scan(grey):
    """Return grey as a PIL image, just as it is."""
    return Image.fromarray(np.rint(255 * np.clip(grey, 0, 1)).astype(np.uint8))


def grid(ink):
    """Return the rows and columns of a page's pixels."""
    return np.indices(ink.shape)


def cloudy(shape, size, random):
    """Return soft noise of clouds about `size` pixels wide, mean 0, standard deviation 1."""
    few = random.normal(0, 1, [max(2, side // size + 2) for side in shape]).astype(np.float32)
    wide = Image.fromarray(few).resize(shape[::-1], Image.Resampling.BICUBIC)
    values = np.asarray(wide)
    return (values - values.mean()) / values.std()


def lines(ink, gap, first, tilt=0.0, wide=3):
    """Return ruled lines across a page, 0 to 1, `gap` pixels apart."""
    rows, columns = grid(ink)
    return ((rows + tilt * columns - first) % gap < wide).astype(np.float32)


def sign(number, height, pen):
    """Return a letter or another sign that is no digit, in pen strokes."""
    return strokes([each * height / 100 for each in curves_of(pen_strokes.SIGNS[number])], pen)


def write_signs(page, numbers, left, top, height=80, pen=7):
    """Write signs in a row on a page, in place."""
    for number in numbers:
        ink = sign(number, height, pen)
        put(page, ink, left, top)
        left += ink.shape[1] + 12


# Paper and light.


@golden("")
def watermark(random):
    """A watermark that hardly differs from its paper is no ink."""
    ink = blank(220, 300)
    write(ink, "8", 110, 50, random, height=120, pen=14)
    return scan(paper(0.05 * ink))


@golden("42")
def bad_light(random):
    """The grain of a picture taken in bad light is no ink."""
    ink = blank(200, 260)
    write(ink, "42", 60, 40, random, height=80, pen=8)
    return photo(paper(ink, contrast=0.5, light=0.6), random, grain=0.17, blur=0.5)


@golden("7")
def wood(random):
    """The coarse grain of what a digit is written on is no ink."""
    ink = blank(220, 300)
    write(ink, "7", 50, 40, random, height=140, pen=16)
    return photo(paper(ink, 0.85, 0.8) + 0.12 * cloudy(ink.shape, 14, random), random)


@golden("3")
def rough_paper(random):
    """Faint ink on rough paper is ink, although the grain is nearly as strong."""
    ink = blank(240, 240)
    write(ink, "3", 70, 40, random, height=140, pen=16)
    return photo(paper(ink, 0.4, 0.8) + 0.06 * cloudy(ink.shape, 8, random), random)


@golden("38")
def shadow_between(random):
    """A shadow with light on both sides of it is paper."""
    ink = blank(240, 340)
    write(ink, "38", 110, 70, random, height=100, pen=9)
    rows, columns = grid(ink)
    depth = np.minimum(columns + 0.2 * rows - 80, 230 - columns - 0.2 * rows)
    return photo(paper(ink) * (1 - 0.45 / (1 + np.exp(-depth / 1.5))), random)


@golden("7")
def thick_and_lit_from_a_side(random):
    """The paper beside a thick 7 is no light ink, although the light falls off across it."""
    ink = np.pad(digit(7, 100, 28, random, unsteady=1), 36)
    light = 1 - 0.75 * np.linspace(0, 1, ink.shape[1])
    return photo(paper(ink, contrast=0.9) * light, random)


@golden("81")
def price_tag(random):
    """A slip of paper on a dark table is paper; what is written on it is the ink."""
    table = 0.2 + 0.02 * cloudy((260, 300), 10, random)
    ink = blank(70, 120)
    write(ink, "81", 34, 12, random, height=46, pen=5, gap=10)
    table[90:160, 80:200] = paper(ink, contrast=0.45)
    return photo(table, random)


@golden("26")
def red_on_green(random):
    """Ink is read that differs from its paper in colour alone, also beside black specks."""
    ink = blank(200, 260)
    write(ink, "26", 70, 50, random, height=90, pen=9)
    green, red = np.array([120, 170, 130]), np.array([205, 130, 125])
    colours = green + ink[..., np.newaxis] * (red - green)
    colours += random.normal(0, 2, colours.shape)
    for _ in range(3):
        row, column = random.integers(5, [190, 250])
        colours[row : row + 3, column : column + 3] = 20
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


@golden("73")
def white_on_transparent(random):
    """A transparent picture with white ink lies on dark paper."""
    ink = blank(200, 260)
    write(ink, "73", 70, 50, random, height=90, pen=9)
    page = Image.new("L", ink.shape[::-1], 255)
    page.putalpha(scan(ink))
    return page


# Lines of the paper, and frames.


@golden("36")
def squared(random):
    """The lines of squared paper are no ink."""
    ink = blank(240, 280)
    write(ink, "36", 80, 66, random, height=90, pen=8)
    both = np.maximum(lines(ink, 40, 17), lines(ink.T, 40, 11).T)
    return photo(paper(np.maximum(ink, 0.8 * both)), random)


@golden("27")
def ruled_askew(random):
    """The lines of ruled paper are no ink in a picture taken askew either."""
    ink = blank(240, 340)
    write(ink, "27", 110, 66, random, height=90, pen=7)
    return photo(paper(np.maximum(ink, 0.8 * lines(ink, 60, 30, tilt=0.08))), random)


@golden("92")
def ruled_with_margin(random):
    """A line that ends just before the picture's edge is one of the paper."""
    ink = blank(240, 340)
    write(ink, "92", 100, 66, random, height=90, pen=7)
    ruled = lines(ink, 60, 30)
    ruled[:, :5] = ruled[:, -5:] = 0
    return photo(paper(np.maximum(ink, 0.8 * ruled)), random)


@golden("")
def bars_of_a_cell(random):
    """Upright bars along the sides of an empty cell are its frame, though they end before it."""
    ink = blank(90, 90)
    ink[5:80, 4:9] = ink[8:84, 82:86] = 1
    return photo(1 - paper(ink), random)


@golden("")
def empty_cell(random):
    """A cell of a table without a digit has only lines along its edges, which are none."""
    ink = blank(50, 50)
    ink[2:5] = ink[:, -6:-2] = 1
    return photo(paper(ink), random, blur=0.5)


@golden("4906")
def boxes_of_a_form(random):
    """A row of boxes with a digit in each is one number, also where a stroke crosses a line."""
    ink = blank(160, 380)
    for n, label in enumerate("4906"):
        put(ink, digit(int(label), 60, 5, random), 56 + 70 * n, 50 + 6 * (n == 1))
    ink[40:43, 40:323] = ink[112:115, 40:323] = 0.9
    for left in range(40, 330, 70):
        ink[40:115, left : left + 3] = 0.9
    return photo(paper(ink), random)


@golden("7")
def corner_of_a_frame(random):
    """The corner of a frame around a digit, which leaves the picture, is no digit."""
    ink = blank(240, 200)
    put(ink, digit(7, 100, 8, random), 90, 80)
    ink[70:77, 70:] = ink[70:, 70:77] = 1
    return photo(paper(ink), random)


@golden("141")
def strip(random):
    """A 1 along the edge of a strip that was cut out tightly is a digit, as high as the others."""
    ink = blank(90, 400)
    write(ink, "141", 20, 6, random, height=28, pen=3, gap=6, unsteady=0)
    found = np.argwhere(ink > 0.5)
    (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
    return scan(paper(ink[top : bottom + 1, left : right + 1]))


@golden("583")
def scan_with_white_margin(random):
    """A page with a pure white margin around it is read as without it, whatever its grain."""
    ink = blank(120, 260)
    write(ink, "583", 40, 30, random, height=60)
    page = paper(ink, light=0.85) + 0.03 * cloudy(ink.shape, 6, random)
    return scan(np.pad(np.minimum(page, 1), 140, constant_values=1))


@golden("7")
def underline(random):
    """An underline below a digit is no part of it."""
    ink = blank(200, 240)
    write(ink, "7", 90, 40, random, height=80)
    put(ink, strokes([np.array([[0, 4], [40, 2], [90, 0.0]])], 6), 70, 134)
    return photo(paper(ink), random)


# Small pictures, as data sets have them.


@golden("5")
def broken_and_small(random):
    """A small picture holds one digit, however broken."""
    ink = blank(28, 28)
    put(ink, digit(5, 21, 2.6, random), 7, 3)
    ink[8:10] = ink[14] = ink[19] = 0
    return scan(ink)


@golden("2")
def small_and_thick(random):
    """The thick strokes of a small digit are ink, not paper."""
    return scan(np.pad(digit(2, 20, 5.6, random, unsteady=1), 1))


@golden("2")
def small_and_sharp(random):
    """A small picture has no grain that must be smoothed away."""
    return scan(1 - np.pad(digit(2, 28, 7, random, unsteady=1), 1))


@golden("2")
def small_and_dark(random):
    """Around the digit of a small picture is paper, whatever lies on the picture's border."""
    ink = np.pad(digit(2, 26, 8, random, unsteady=1), 1)
    return scan(1 - ink)


@golden("2")
def foot_on_the_edge(random):
    """A stroke on the border of a small picture ends there; a shadow would go on beyond it."""
    ink, two = blank(140, 70), digit(2, 100, 13, random, style=2)
    put(ink, np.asarray(Image.fromarray(two).resize((56, 100))), 7, 40)
    return photo(0.2 + 0.7 * ink, random)


@golden("3")
def more_ink_than_paper(random):
    """A digit that was cut out of its page may be more ink than paper."""
    return scan(1 - np.pad(digit(3, 40, 10, random, unsteady=1), 1))


@golden("2")
def flat_foot(random):
    """The flat foot of a small digit is no line of the paper, although it is as thin and long."""
    ink = np.pad(digit(2, 48, 1, random, style=2, unsteady=0.5), 1)
    return scan(ink <= 0.4)


@golden("1")
def thick_and_tight(random):
    """A thick 1 that fills a bitmap has nothing narrow, so that its polarity is never sure."""
    return scan(digit(1, 24, 7, random, style=2, unsteady=0.5) > 0.5)


@golden("2")
def cut_out_tightly(random):
    """A digit that touches the edges of its picture is one."""
    return scan(digit(2, 28, 4, random, style=2, unsteady=0.5))


# Pens.


@golden("8")
def thick_marker(random):
    """The strokes of a thick marker are ink, not paper."""
    ink = blank(260, 260)
    write(ink, "8", 40, 30, random, height=200, pen=58)
    return photo(paper(ink), random)


@golden("7")
def faint_shadow(random):
    """The faint shadow of a thick marker, on one side of its strokes, is outside a digit's box."""
    ink = np.pad(digit(7, 100, 28, random, style=1, unsteady=1), 36)
    shadow = np.roll(ink, (13, 13), axis=(0, 1))
    return scan(paper(np.maximum(ink, 0.085 * shadow), contrast=1, light=1))


@golden("4")
def pressed_pencil(random):
    """A dark spot where a pencil was pressed does not make its other strokes fade."""
    ink = blank(200, 200)
    write(ink, "4", 60, 50, random, height=100, pen=8)
    row, column = np.argwhere(ink > 0.9)[20]
    rows, columns = grid(ink)
    spot = np.hypot(rows - row, columns - column) < 7
    return photo(paper(np.maximum(0.15 * ink, spot), 0.9), random)


@golden("25")
def gap_above(random):
    """What a gap of the pen parts, one above the other, is one digit."""
    ink = blank(160, 220)
    write(ink, "25", 40, 40, random, height=80, gap=24)
    ink[64:69] = 0
    return photo(paper(ink), random)


@golden("21")
def broken_one(random):
    """A 1 that a gap of the pen parts is one digit, although its halves look like ones."""
    ink = blank(160, 220)
    write(ink, "21", 40, 40, random, height=80, gap=24)
    ink[76:81] = 0
    return photo(paper(ink), random)


@golden("49")
def gap_beside(random):
    """What a gap of the pen parts, side by side, is one digit."""
    ink = blank(160, 260)
    left = 26 + write(ink, "4", 40, 40, random, height=80, style=3)
    nine = digit(9, 80, 7, random, style=3)
    nine[:, nine.shape[1] // 2 :][:, :5] = 0
    put(ink, nine, left, 40)
    return photo(paper(ink), random)


@golden("2")
def broken(random):
    """All that is on a page may be one digit that is broken, although a part looks like one."""
    ink = blank(200, 200)
    two = digit(2, 110, 9, random, style=1)
    two[:, two.shape[1] // 2 :][:, :10] = 0
    put(ink, two, 60, 40)
    return photo(paper(ink), random)


@golden("2")
def broken_across(random):
    """Of two ways to read a page, that is likelier which reads more of its ink."""
    ink = blank(200, 200)
    put(ink, digit(2, 110, 9, random), 60, 40)
    ink[95:105] = 0
    return photo(paper(ink), random)


@golden("8")
def broad_hand(random):
    """A broad digit is not cut in two."""
    ink = blank(140, 300)
    eight = digit(8, 80, 8, random, style=1)
    broad = Image.fromarray(eight).resize((int(2.5 * eight.shape[1]), 80))
    put(ink, np.asarray(broad), 50, 30)
    return photo(paper(ink), random)


@golden("7?")
def seven_or_one(random):
    """A digit that may be a 1 or a 7 is not sure."""
    ink = blank(160, 160)
    put(ink, strokes([np.array([[0, 18], [32, 0], [30, 90.0]])], 9), 60, 34)
    return photo(paper(ink), random)


# Several digits.


@golden("83")
def touching(random):
    """Digits that touch are parted."""
    ink = blank(120, 200)
    write(ink, "83", 50, 20, random, height=80, gap=-4)
    return photo(paper(ink), random)


@golden("300")
def touching_zeros(random):
    """A seam parts two zeros where they touch, halfway down, and cuts nothing off their sides."""
    ink = blank(130, 320)
    write(ink, "300", 50, 22, random, height=80, pen=8, gap=-3)
    return photo(paper(ink), random)


@golden("62")
def touching_and_overlapping(random):
    """A seam between touching digits does not wind about their strokes."""
    ink = blank(130, 240)
    write(ink, "62", 50, 22, random, height=80, pen=8, gap=-6)
    return photo(paper(ink), random)


@golden("66?")
def two_ways_to_cut(random):
    """Touching digits that may as well be cut elsewhere, and read as others, are not sure."""
    ink = blank(130, 240)
    write(ink, "66", 50, 22, random, height=80, pen=5, gap=-3)
    return photo(paper(ink), random)


@golden("22")
def touching_and_slanted(random):
    """Two digits that touch are too broad for one."""
    ink = blank(130, 260)
    write(ink, "22", 70, 20, random, height=80, pen=6, gap=-5, style=1)
    slant = (1, 0.45, -27, 0, 1, 0)
    slanted = scan(ink).transform(ink.shape[::-1], Image.Transform.AFFINE, slant)
    return photo(paper(np.asarray(slanted, np.float32) / 255), random)


@golden("4286")
def sloping_row(random):
    """A row that slopes is one."""
    ink, left = blank(300, 660), 30
    for n, label in enumerate("4286"):
        left = 90 + write(ink, label, left, 30 + 34 * n, random, height=80)
    return photo(paper(ink), random)


@golden("7035")
def climbing_row(random):
    """A row that climbs steeply is one, where its digits are near each other."""
    ink = blank(320, 320)
    for n, label in enumerate("7035"):
        ink_of_digit = digit(int(label), 70, 6, random)
        put(ink, ink_of_digit, 60 + 66 * n - ink_of_digit.shape[1] / 2, 210 - 44 * n)
    return photo(paper(ink), random)


@golden("25/41")
def staggered_rows(random):
    """A row that begins below the end of another is a row of its own."""
    ink = blank(260, 340)
    end = write(ink, "25", 30, 30, random, height=80)
    write(ink, "41", end + 10, 96, random, height=80)
    return photo(paper(ink), random)


ROWS_OF_NUMBERS = ["".join(str((7 * n + 3 * row) % 10) for n in range(18)) for row in range(9)]


@golden("/".join(ROWS_OF_NUMBERS))
def page_of_numbers(random):
    """In a long row, only near neighbours are tried as one digit, or there are too many to try."""
    ink = blank(600, 670)
    for row, text in enumerate(ROWS_OF_NUMBERS):
        write(ink, text, 20, 30 + 61 * row, random, height=36, pen=4, gap=8)
    return photo(paper(ink), random)


@golden("11/11")
def ones_above_ones(random):
    """A 1 above another is a digit of its own."""
    ink = blank(260, 240)
    write(ink, "11", 70, 30, random, height=80)
    write(ink, "11", 70, 128, random, height=80)
    return photo(paper(ink), random)


@golden("57")
def row_cut_by_the_edge(random):
    """A row that the picture's edge cuts through is not read."""
    ink = blank(220, 300)
    write(ink, "57", 80, 100, random, height=80)
    write(ink, "171", 60, -30, random, height=80, gap=26)
    return photo(paper(ink), random)


@golden("2543")
def sideways(random):
    """A page on its side is turned and read."""
    ink = blank(160, 308)
    write(ink, "2543", 30, 40, random, height=80)
    return photo(paper(ink), random).transpose(Image.Transpose.ROTATE_90)


@golden("9?")
def one_sideways(random):
    """A single digit on its side is not turned: it stays not sure."""
    ink = blank(160, 122)
    write(ink, "9", 30, 40, random, height=80)
    return photo(paper(ink), random).transpose(Image.Transpose.ROTATE_270)


# Signs in a number.


def dot_of(pen, wide=1.3):
    """Return a touch of a pen, `wide` times as wide as its strokes."""
    return strokes([np.zeros((1, 2))], wide * pen)


def line(*points, pen=7):
    """Return a stroke through points x, y."""
    return strokes([np.array(points, float)], pen)


def two_parts(first, second, gap, random):
    """Return a page with two numbers side by side, a gap in pixels apart; and where the gap is."""
    ink = blank(180, 420)
    end = write(ink, first, 60, 50, random, height=80)
    write(ink, second, end + gap, 50, random, height=80)
    return ink, end


@golden("-74")
def minus(random):
    """A bar at half the digits' height, before the first one, is a minus."""
    ink = blank(180, 320)
    put(ink, line([0, 2], [18, 0], [36, 1]), 50, 84)
    write(ink, "74", 108, 50, random, height=80)
    return photo(paper(ink), random)


@golden("3.5")
def point(random):
    """A touch of the pen between digits, at their feet, is a point."""
    ink, end = two_parts("3", "5", 34, random)
    put(ink, dot_of(7), end + 13, 121)
    return photo(paper(ink), random)


@golden("12/6")
def slash(random):
    """A long stroke that leans further than the digits is a slash, no 1 or 7."""
    ink, end = two_parts("12", "6", 66, random)
    put(ink, line([52, 0], [26, 52], [0, 104]), end + 4, 36)
    return photo(paper(ink), random)


@golden("111")
def leaning_one(random):
    """A stroke as high as the digits is a 1, although it leans further."""
    ink, end = two_parts("1", "1", 66, random)
    put(ink, line([24, 0], [12, 38], [0, 76]), end + 16, 50)
    return photo(paper(ink), random)


@golden("1240?")
def colon(random):
    """Two points above each other are a colon, which is not read."""
    ink, end = two_parts("12", "40", 34, random)
    put(ink, dot_of(7), end + 13, 76)
    put(ink, dot_of(7), end + 13, 116)
    return photo(paper(ink), random)


@golden("25?")
def degrees(random):
    """A small ring beside the digits, of their ink, may change what they say."""
    ink = blank(180, 320)
    end = write(ink, "25", 60, 50, random, height=80)
    put(ink, digit(0, 28, 6, random), end + 34, 44)
    return photo(paper(ink), random)


@golden("46?")
def crumbs(random):
    """A crumb where a point would be may be none, where there are others as large."""
    ink, end = two_parts("4", "6", 40, random)
    put(ink, dot_of(7), end + 16, 120)
    for n in range(14):
        put(ink, dot_of(7, random.uniform(1, 1.6)), 12 + 28 * n, random.choice([3, 167]))
    return photo(paper(ink), random)


@golden("28")
def faint_spot(random):
    """A spot that is much fainter than the digits is no point."""
    ink, end = two_parts("2", "8", 34, random)
    put(ink, 0.3 * dot_of(7), end + 13, 121)
    return photo(paper(ink), random)


@golden("53")
def spot_behind(random):
    """A spot behind the last digit, that is no good point, is dirt."""
    ink = blank(180, 260)
    end = write(ink, "53", 40, 50, random, height=80)
    put(ink, 0.5 * dot_of(7, 2), end + 13, 113)
    return photo(paper(ink), random)


@golden("53")
def spot_above(random):
    """A spot above a number is dirt."""
    ink = blank(180, 260)
    end = write(ink, "53", 40, 50, random, height=80)
    put(ink, dot_of(7), end + 13, 20)
    return photo(paper(ink), random)


@golden("53")
def cross_above(random):
    """A sign well above a number is none of its own."""
    ink = blank(240, 320)
    end = write(ink, "53", 60, 120, random, height=80)
    put(ink, line([0, 0], [30, 0]), end + 20, 55)
    put(ink, line([0, 0], [0, 30]), end + 35, 40)
    return photo(paper(ink), random)


# What is no digit.


@golden("46")
def dust(random):
    """Specks of dust are no marks of writing, however many there are."""
    ink = blank(260, 340)
    write(ink, "46", 100, 80, random, height=100, pen=9)
    for _ in range(140):
        speck = strokes([np.zeros((1, 2))], random.integers(3, 6))
        put(ink, speck, *random.uniform(4, [330, 250]))
    return photo(paper(ink), random)


@golden("28")
def crease(random):
    """A crease beside the digits is fainter than they are, and no digit."""
    ink = blank(240, 320)
    end = write(ink, "28", 60, 80, random, height=80)
    put(ink, 0.28 * strokes([np.array([[4, 0], [0, 45], [3, 90.0]])], 4), end + 60, 76)
    return photo(paper(ink), random)


@golden("71")
def rubbed_out(random):
    """What was rubbed out below the digits is fainter than they are, and no ink."""
    ink, old = blank(180, 260), blank(180, 260)
    write(ink, "71", 60, 40, random, height=90, pen=8)
    write(old, "48", 85, 48, random, height=90, pen=8)
    return photo(paper(np.maximum(ink, 0.25 * old)), random)


@golden("50,")
def comma(random):
    """A comma is lower than the digits, and none."""
    ink = blank(170, 280)
    end = write(ink, "50", 40, 40, random, height=80)
    put(ink, strokes([np.array([[6, 0], [6, 8], [0, 20.0]])], 7), end + 8, 112)
    return photo(paper(ink), random)


@golden("")
def letters(random):
    """Letters are no digits."""
    ink = blank(180, 348)
    write_signs(ink, (1, 2, 4, 5), 40, 50)
    return photo(paper(ink), random)


@golden("39")
def letters_below(random):
    """A row of letters below a number is no number."""
    ink = blank(300, 380)
    write(ink, "39", 60, 30, random, height=90)
    write_signs(ink, (1, 2, 4, 5), 40, 170)
    return photo(paper(ink), random)


@golden("25?")
def letter_behind(random):
    """A letter as high as the digits beside it is none, but may change what they say."""
    ink = blank(170, 330)
    end = write(ink, "25", 40, 40, random, height=80)
    put(ink, sign(3, 80, 7), end + 30, 40)
    return photo(paper(ink), random)


@golden("")
def page_of_letters(random):
    """A page full of letters, most of which look like no digit, holds no number."""
    ink = blank(460, 600)
    for row in range(7):
        write_signs(ink, random.choice([0, 1, 2, 4, 5, 7, 8, 12], 10), 20, 20 + 60 * row, 40, 4)
    return photo(paper(ink), random)


@golden("")
def detail(random):
    """One 7 between many large marks that are no digits is a detail, and no number."""
    ink = blank(560, 420)
    for n in range(36):
        dash = line([0, 0], [random.uniform(70, 80), random.uniform(-2, 2)], pen=14)
        put(ink, dash, 20 + 130 * (n % 3) + random.uniform(-4, 4), 20 + 44 * (n // 3))
    put(ink, digit(7, 32, 4, random), 122, 200)
    return photo(paper(ink), random)


@golden("28")
def hatching_below(random):
    """A hatched field below a number is a pattern, whose strokes overlap, and no row of ones."""
    ink = blank(280, 340)
    write(ink, "28", 60, 30, random, height=80)
    for n in range(9):
        stroke = np.array([[40.0, 0], [0, 84]]) + random.normal(0, 3, (2, 2))
        put(ink, strokes([stroke], 5), 40 + 22 * n, 160)
    return photo(paper(ink), random)


@golden("")
def barcode(random):
    """The bars of a barcode are no ones."""
    ink, left = blank(160, 420), 40
    while left < 370:
        bar, gap = 3 * random.integers(1, 4, 2)
        ink[30:130, left : left + bar] = 1
        left += bar + gap
    return photo(paper(ink), random)


@golden("")
def rings(random):
    """A pattern of very many rings holds no number."""
    ink = blank(300, 420)
    for row in range(8):
        for column in range(10):
            put(ink, digit(0, 24, 4, random), 12 + 40 * column, 10 + 36 * row)
    return photo(paper(ink), random)
