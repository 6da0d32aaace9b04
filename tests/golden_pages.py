"""Pages that the project draws itself, each for one rule of the picture reader.

A page looks like something that people photograph or scan, is drawn from a seed, and is read wrong
as soon as its rule is switched off: `tools/reader_rules.py --check` proves it.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from digits import answers, generated, hands

GOLDEN = {}  # name → Page
SHARP = 4  # times as large as it will be, so that a stroke has soft edges


class Page(NamedTuple):
    """A page: `draw` takes a random generator and returns a PIL image; `text` is written on it."""

    draw: object
    text: str

    @property
    def reason(self):
        return self.draw.__doc__


def golden(text):
    """Return a decorator which enters a function that draws a page with this text."""

    def entered(draw):
        GOLDEN[draw.__name__] = Page(draw, text)
        return draw

    return entered


def drawn(name, seed=1):
    """Return the golden page of that name, a PIL image."""
    return GOLDEN[name].draw(np.random.default_rng(seed))


def read_text(page, predict):
    """Return what is read on a PIL page: its digits, with a question mark where that is not sure.

    It is empty where no digit is found.
    """
    answer = answers.of_drawing(page, predict)
    assert answer.status != "unreadable", answer.error
    return answer.text + "?" * (answer.status == "unsure")


# Ink: float arrays, 0 paper to 1 ink.


def digit(label, height, pen, random, hand=0, unsteady=1.5):
    """Return a digit in pen strokes, `height` pixels high, of a pen that is `pen` pixels wide."""
    curves = [
        generated.curve(points + random.normal(0, unsteady, points.shape), corners)
        for points, corners in generated.strokes(hands.DIGITS[label][hand])
    ]
    return strokes([each * (height - pen) / 100 for each in curves], pen)


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


# What lies on the page beside the digits.


@golden("7")
def underline(random):
    """An underline below a digit is no part of it."""
    ink = blank(200, 240)
    write(ink, "7", 90, 40, random, height=80)
    put(ink, strokes([np.array([[0, 4], [40, 0], [90, 3.0]])], 6), 70, 134)
    return photo(paper(ink), random)


@golden("352")
def desk(random):
    """A strip of the desk along the edge of the picture is no digit."""
    ink = blank(240, 340)
    write(ink, "352", 90, 80, random, height=80)
    grey = paper(ink)
    grey[:, :26] = 0.3 + 0.03 * cloudy((240, 26), 12, random)
    return photo(grey, random)


@golden("63")
def shadow(random):
    """The border of a shadow that falls across the page is no ink."""
    ink = blank(240, 320)
    write(ink, "63", 90, 70, random, height=100, pen=9)
    rows, columns = grid(ink)
    shade = 0.45 / (1 + np.exp(-(columns + 0.6 * rows - 250) / 1.5))
    return photo(paper(ink) * (1 - shade), random)


@golden("28")
def crease(random):
    """A crease beside the digits is fainter than they are, and no digit."""
    ink = blank(240, 320)
    end = write(ink, "28", 60, 80, random, height=80)
    put(ink, 0.28 * strokes([np.array([[4, 0], [0, 45], [3, 90.0]])], 4), end + 30, 76)
    return photo(paper(ink), random)


@golden("125")
def comma(random):
    """A comma is lower than the digits, and none."""
    ink = blank(200, 340)
    end = write(ink, "12", 40, 60, random, height=80)
    put(ink, strokes([np.array([[6, 0], [6, 8], [0, 20.0]])], 7), end + 8, 128)
    write(ink, "5", end + 36, 60, random, height=80)
    return photo(paper(ink), random)


@golden("46")
def grit(random):
    """Specks of dust are no marks of writing, however many there are."""
    ink = blank(260, 340)
    write(ink, "46", 100, 80, random, height=100, pen=9)
    for _ in range(140):
        side = random.integers(3, 6)
        put(ink, strokes([np.zeros((1, 2))], side), *random.uniform(4, [330, 250]))
    return photo(paper(ink), random)


@golden("")
def rings(random):
    """A pattern of very many rings holds no number."""
    ink = blank(300, 420)
    for row in range(8):
        for column in range(10):
            put(ink, digit(0, 24, 4, random), 12 + 40 * column, 10 + 36 * row)
    return photo(paper(ink), random)


@golden("40")
def show_through(random):
    """Writing that shows through from the back of the page is too faint to be ink."""
    ink = blank(220, 300)
    write(ink, "40", 70, 70, random, height=80)
    back = blank(220, 300)
    write(back, "95", 180, 40, random, height=80)
    return scan(paper(np.maximum(ink, 0.045 * back)))


@golden("")
def watermark(random):
    """A watermark that hardly differs from its paper is no ink."""
    ink = blank(220, 300)
    write(ink, "8", 110, 50, random, height=120, pen=14)
    return scan(paper(0.05 * ink))


@golden("3")
def faint_pencil(random):
    """A faint pencil is ink."""
    ink = blank(220, 200)
    write(ink, "3", 60, 60, random, height=90, pen=6)
    return photo(paper(0.11 * ink), random, grain=0.004)


@golden("64")
def night(random):
    """The grain of a picture taken in bad light is no ink."""
    ink = blank(220, 300)
    write(ink, "64", 70, 60, random, height=100, pen=10)
    return photo(paper(ink, contrast=0.6, light=0.5), random, grain=0.045, blur=0.5)


@golden("9")
def rough_paper(random):
    """Rough paper or wood under the ink, whose grain is strong, still is no ink."""
    ink = blank(260, 260)
    write(ink, "9", 90, 50, random, height=150, pen=18)
    grain = 0.05 * cloudy(ink.shape, 3, random) + 0.05 * cloudy(ink.shape, 8, random)
    return photo(paper(ink, contrast=0.75, light=0.8) + grain, random)


# Lines of the paper.


def lines(ink, gap, first, wide=2, tilt=0.0):
    """Return ruled lines across a page, 0 to 1, `gap` pixels apart."""
    rows, columns = grid(ink)
    return ((rows + tilt * columns - first) % gap < wide).astype(np.float32)


@golden("508")
def ruled(random):
    """The lines of ruled paper are no ink."""
    ink = blank(240, 340)
    write(ink, "508", 80, 66, random, height=90, pen=7)
    return photo(paper(np.maximum(ink, 0.5 * lines(ink, 60, 30))), random)


@golden("27")
def ruled_askew(random):
    """The lines of ruled paper are found in a picture taken askew."""
    ink = blank(240, 340)
    write(ink, "27", 110, 66, random, height=90, pen=7)
    return photo(paper(np.maximum(ink, 0.5 * lines(ink, 60, 30, tilt=0.08))), random)


@golden("36")
def squared(random):
    """The lines of squared paper are no ink."""
    ink = blank(240, 280)
    write(ink, "36", 80, 66, random, height=90, pen=8)
    both = np.maximum(lines(ink, 40, 17), lines(ink.T, 40, 11).T)
    return photo(paper(np.maximum(ink, 0.45 * both)), random)


@golden("92")
def ruled_with_margin(random):
    """A ruled line that ends just before the picture's edge is one."""
    ink = blank(240, 340)
    write(ink, "92", 100, 66, random, height=90, pen=7)
    ruling = lines(ink, 60, 30)
    ruling[:, :5] = ruling[:, -5:] = 0
    return photo(paper(np.maximum(ink, 0.5 * ruling)), random)


@golden("1")
def full_height(random):
    """A stroke of a digit that fills its small picture is no line of the paper."""
    ink = blank(70, 58)
    write(ink, "1", 24, -3, random, height=77, pen=7)
    return scan(paper(ink))


@golden("75")
def wide_bar(random):
    """A broad bar across the picture is no line of the paper; a digit is read that stands on it."""
    ink = blank(220, 320)
    write(ink, "75", 100, 60, random, height=90, pen=14)
    return photo(paper(ink), random)


# Pens and papers.


@golden("58")
def thick_marker(random):
    """The strokes of a thick marker are ink, not paper."""
    ink = blank(260, 360)
    write(ink, "58", 70, 40, random, height=180, pen=40, gap=24)
    return photo(paper(ink), random)


@golden("274")
def thin_pen(random):
    """A pen that is thin for the digits' height is thickened to what MNIST has."""
    ink = blank(300, 460)
    write(ink, "274", 60, 50, random, height=200, pen=3, gap=30)
    return photo(paper(ink), random, blur=0.6)


@golden("936")
def fine_pen(random):
    """A fine pen fades where its line falls between the pixels of a small picture."""
    ink = blank(80, 130)
    write(ink, "936", 20, 20, random, height=40, pen=1.1, gap=8)
    return photo(paper(ink), random, grain=0.004, blur=0.3)


@golden("48")
def chalk(random):
    """Light ink on dark is read."""
    ink = blank(220, 300)
    write(ink, "48", 70, 60, random, height=100, pen=8)
    return photo(1 - paper(ink, light=0.8), random, grain=0.02)


@golden("26")
def red_on_green(random):
    """Ink is read that differs from its paper in colour alone."""
    ink = blank(200, 260)
    write(ink, "26", 70, 50, random, height=90, pen=9)
    papers, inks = np.array([120, 170, 130]), np.array([205, 130, 125])
    colours = papers + ink[..., np.newaxis] * (inks - papers)
    noisy = colours + random.normal(0, 2, colours.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


# Batch two


@golden("81")
def price_tag(random):
    """A slip of paper on a dark table is paper; what is written on it is the ink."""
    grey = np.full((260, 300), 0.2) + 0.02 * cloudy((260, 300), 10, random)
    ink = blank(70, 120)
    write(ink, "81", 34, 12, random, height=46, pen=5, gap=10)
    grey[90:160, 80:200] = paper(ink, contrast=0.45)
    return photo(grey, random)


@golden("36")
def marker_lit_from_a_side(random):
    """Thick strokes in light that falls off across the page are dark ink."""
    ink = blank(260, 330)
    write(ink, "36", 40, 30, random, height=200, pen=44, gap=16)
    return photo(paper(ink, 0.5) * np.linspace(1, 0.2, 330), random)


@golden("85")
def out_of_focus(random):
    """The blurred edges of neighbours meet, and do not make them one."""
    ink = blank(240, 300)
    write(ink, "85", 80, 70, random, height=100, pen=13, gap=6)
    return photo(paper(ink), random, blur=4.5)


@golden("68")
def pressed_pencil(random):
    """A dark spot where the pencil was pressed does not make the rest of its stroke fade."""
    ink = blank(220, 260)
    write(ink, "68", 60, 60, random, height=100, pen=8)
    rows, columns = grid(ink)
    spots = np.zeros_like(ink)
    for y, x in ((68, 106), (70, 170)):
        spots = np.maximum(spots, np.hypot(rows - y, columns - x) < 7)
    return photo(paper(np.maximum(0.25 * ink, spots), 0.9), random)


@golden("247")
def ruled_boldly(random):
    """Bold ruled lines are told from the strokes of digits that touch them."""
    ink = blank(240, 340)
    write(ink, "247", 80, 61, random, height=90, pen=5)
    return photo(paper(np.maximum(ink, 0.8 * lines(ink, 60, 30, wide=3))), random)


@golden("27")
def ruled_boldly_askew(random):
    """Bold lines"""
    ink = blank(240, 340)
    write(ink, "27", 110, 66, random, height=90, pen=7)
    return photo(paper(np.maximum(ink, 0.8 * lines(ink, 60, 30, wide=3, tilt=0.08))), random)


@golden("36")
def squared_boldly(random):
    """Bold"""
    ink = blank(240, 280)
    write(ink, "36", 80, 66, random, height=90, pen=8)
    both = np.maximum(lines(ink, 40, 17, wide=3), lines(ink.T, 40, 11, wide=3).T)
    return photo(paper(np.maximum(ink, 0.8 * both)), random)


@golden("92")
def ruled_boldly_with_margin(random):
    """Bold"""
    ink = blank(240, 340)
    write(ink, "92", 100, 66, random, height=90, pen=7)
    ruling = lines(ink, 60, 30, wide=3)
    ruling[:, :5] = ruling[:, -5:] = 0
    return photo(paper(np.maximum(ink, 0.8 * ruling)), random)


@golden("7")
def edge_to_edge(random):
    """The thick bar of a 7 that was cut out is no line from edge to edge."""
    ink = digit(7, 140, 16, random)[:, 2:-2]
    return scan(paper(ink))


@golden("7")
def tiny_edge_to_edge(random):
    """The bar of a 7 in a tiny picture is no line from edge to edge."""
    ink = digit(7, 34, 1.6, random)[:, 1:-1]
    return scan(paper(ink))


@golden("6")
def sudoku_cell(random):
    """The frame of a cell along the picture's edges is no digit."""
    ink = blank(56, 56)
    write(ink, "6", 19, 10, random, height=36, pen=4)
    ink[:, :3] = ink[:2] = ink[-3:] = 0.9
    return photo(paper(ink), random, blur=0.5)


@golden("")
def dust(random):
    """A few specks of dust on blank paper are no digits."""
    ink = blank(90, 96)
    ink[random.integers(4, 86, 9), random.integers(4, 92, 9)] = random.uniform(0.4, 0.9, 9)
    return scan(paper(ink))


@golden("342")
def touching(random):
    """Digits that touch are parted."""
    ink = blank(200, 300)
    write(ink, "342", 70, 50, random, height=90, pen=8, gap=-5)
    return photo(paper(ink), random)


@golden("25/41")
def close_rows(random):
    """Rows that lie close together are two."""
    ink = blank(260, 300)
    write(ink, "25", 80, 40, random, height=80)
    write(ink, "41", 90, 130, random, height=80)
    return photo(paper(ink), random)


@golden("4286")
def sloping_row(random):
    """A row that slopes is one."""
    ink, left = blank(300, 380), 40
    for n, label in enumerate("4286"):
        left = 22 + write(ink, label, left, 30 + 34 * n, random, height=80)
    return photo(paper(ink), random)


@golden("5")
def flying_bar(random):
    """The bar of a 5 that flies off to its right belongs to it."""
    ink = blank(220, 260)
    body = [generated.curve(*generated.strokes("8,8! 5,42! 30,36 55,55 55,82 28,100 0,92")[0])]
    put(ink, strokes(body, 7), 80, 70)
    put(ink, strokes([np.array([[0, 5], [44, 0.0]])], 7), 112, 50)
    return photo(paper(ink), random)


@golden("8")
def two_rings(random):
    """An 8 of two rings that do not quite meet is one digit."""
    ink = blank(220, 220)
    put(ink, digit(0, 46, 7, random, hand=5), 84, 50)
    put(ink, digit(0, 56, 7, random, hand=5), 80, 50 + 51)
    return photo(paper(ink), random)


@golden("11/11")
def ones_above_ones(random):
    """A 1 above another is a digit of its own."""
    ink = blank(280, 220)
    write(ink, "11", 80, 40, random, height=80, gap=40)
    write(ink, "11", 80, 150, random, height=80, gap=40)
    return photo(paper(ink), random)


@golden("174")
def slanted(random):
    """Slanted digits whose boxes overlap are not joined."""
    ink = blank(160, 300)
    left = write(ink, "174", 100, 30, random, height=90)
    sheared = scan(ink).transform(ink.shape[::-1], Image.Transform.AFFINE, (1, 0.6, -60, 0, 1, 0))
    return photo(paper(np.asarray(sheared, np.float32) / 255), random)


@golden("39")
def letters_beside(random):
    """A row of letters beside a number is no number."""
    ink = blank(280, 380)
    write(ink, "39", 60, 30, random, height=90)
    left = 50
    for sign in (0, 4, 5, 7, 12):
        mark = strokes([0.8 * generated.curve(*s) for s in generated.strokes(hands.SIGNS[sign])], 7)
        put(ink, mark, left, 160)
        left += mark.shape[1] + 12
    return photo(paper(ink), random)


@golden("")
def letters(random):
    """Letters alone are no digits."""
    ink, left = blank(200, 380), 50
    for sign in (0, 4, 5, 7, 12):
        mark = strokes([0.8 * generated.curve(*s) for s in generated.strokes(hands.SIGNS[sign])], 7)
        put(ink, mark, left, 60)
        left += mark.shape[1] + 12
    return photo(paper(ink), random)


@golden("57")
def row_cut_by_the_edge(random):
    """A row that the picture's edge cuts through is not read."""
    ink = blank(240, 300)
    write(ink, "57", 80, 110, random, height=80)
    write(ink, "362", 60, -42, random, height=80)
    return photo(paper(ink), random)


@golden("5")
def broken_and_small(random):
    """A small digit is one, however broken."""
    ink = blank(28, 28)
    put(ink, digit(5, 21, 2.6, random), 7, 3)
    ink[8:10] = ink[14] = ink[19] = 0
    return scan(1 - paper(ink, contrast=1, light=1))


@golden("")
def barcode(random):
    """Bars side by side are no ones."""
    ink = blank(160, 420)
    left = 40
    while left < 370:
        bar, gap = 3 * random.integers(1, 4, 2)
        ink[30:130, left : left + bar] = 1
        left += bar + gap
    return photo(paper(ink), random)


@golden("28")
def number_beside_hatching(random):
    """A hatched field beside a number is a pattern"""
    ink = blank(280, 340)
    write(ink, "28", 60, 30, random, height=80)
    for n in range(9):
        stroke = [np.array([[40.0, 0], [0, 84]]) + random.normal(0, 3, (2, 2))]
        put(ink, strokes(stroke, 5), 40 + 22 * n, 160)
    return photo(paper(ink), random)


@golden("26")
def red_on_green_with_specks(random):
    """A few black specks do not hide"""
    ink = blank(200, 260)
    write(ink, "26", 70, 50, random, height=90, pen=9)
    papers, inks = np.array([120, 170, 130]), np.array([205, 130, 125])
    colours = papers + ink[..., np.newaxis] * (inks - papers)
    noisy = colours + random.normal(0, 2, colours.shape)
    for _ in range(4):
        y, x = random.integers(5, [190, 250])
        noisy[y : y + 4, x : x + 4] = 20
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


@golden("73")
def white_on_transparent(random):
    """White ink on a transparent picture"""
    ink = blank(200, 260)
    write(ink, "73", 70, 50, random, height=90, pen=9)
    page = Image.new("L", ink.shape[::-1], 255)
    page.putalpha(scan(ink))
    return page


@golden("247")
def hair(random):
    """A very thin pen"""
    ink = blank(420, 640)
    write(ink, "247", 60, 50, random, height=320, pen=2.2, gap=50)
    return photo(paper(ink), random, blur=0.5, grain=0.005)


@golden("5")
def bar_along_the_edge(random):
    """cut out tightly"""
    ink = blank(22, 16)
    put(ink, digit(5, 24, 3, random), -1, -1)
    ink[:3, 1:] = 1
    return scan(1 - ink)


@golden("8")
def more_ink_than_paper(random):
    """fat"""
    ink = digit(8, 20, 4.5, random, hand=1)
    return scan(1 - ink)


@golden("")
def facade(random):
    """A detail of a photograph of much else is no digit."""
    ink = blank(300, 400)
    for row in range(3):
        for column in range(6):
            top, left = 20 + 95 * row, 10 + 64 * column
            ink[top : top + 70, left : left + 46] = 0.7
            ink[top + 6 : top + 32, left + 6 : left + 40] = 0.2
            ink[top + 38 : top + 64, left + 6 : left + 40] = 0.3
    ink[180:200, 122:126] = 1
    return photo(paper(ink), random)


@golden("42")
def night_2(random):
    """The grain of a picture taken in bad light is no ink."""
    ink = blank(220, 300)
    write(ink, "42", 70, 60, random, height=100, pen=10)
    return photo(paper(ink, contrast=0.6, light=0.5), random, grain=0.1, blur=0.5)


@golden("9")
def rough_paper_2(random):
    ink = blank(260, 260)
    write(ink, "9", 90, 50, random, height=150, pen=18)
    grain = 0.05 * cloudy(ink.shape, 3, random) + 0.05 * cloudy(ink.shape, 8, random)
    return photo(paper(ink, contrast=0.5, light=0.8) + grain, random)


@golden("")
def signs(random):
    """A heart is none"""
    ink = blank(180, 180)
    mark = strokes([0.8 * generated.curve(*s) for s in generated.strokes(hands.SIGNS[38])], 7)
    put(ink, mark, 60, 50)
    return photo(paper(ink), random)
