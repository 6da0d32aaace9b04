"""Figures that are not by hand as ink, float (h, w): in print, and in seven segments."""

import numpy as np
from golden_pages import SHARP, strokes
from PIL import Image, ImageDraw, ImageFont

from digits.data.pen import curve
from digits.data.pen import strokes as strokes_of
from digits.data.printed import BARS
from scenes.hands import joined

# A bar's ends, x, y, in a digit 1 high.
BAR_ENDS = {
    "a": ((0.04, 0), (0.5, 0)),
    "b": ((0.54, 0.04), (0.54, 0.46)),
    "c": ((0.54, 0.54), (0.54, 0.96)),
    "d": ((0.04, 1), (0.5, 1)),
    "e": ((0, 0.54), (0, 0.96)),
    "f": ((0, 0.04), (0, 0.46)),
    "g": ((0.04, 0.5), (0.5, 0.5)),
}

# Printed figures with thick and thin parts, as pen strokes for a broad nib.
SERIF = (
    "30,0 8,18 2,50 8,82 30,100 52,82 58,50 52,18 30,0",
    "4,16! 22,2! 22,98; 6,98 38,98",
    "6,26 12,6 30,0 50,10 50,32 30,62 4,96! 56,96! 58,82",
    "6,18 24,0 46,10 46,32 24,46! 50,56 54,82 30,100 8,96 4,82",
    "42,98 42,0! 0,70! 60,70; 28,98 54,98",
    "52,2! 14,2! 8,46! 28,38 52,50 54,80 30,100 8,96 4,84",
    "50,8 34,0 12,24 4,66 14,96 32,100 54,82 48,56 28,48 6,66",
    "4,20! 6,2! 56,2! 34,50 26,98",
    "30,0 10,10 12,34 44,56 56,80 30,100 4,80 16,56 46,34 48,10 30,0",
    "8,92 24,100 46,76 54,34 44,4 26,0 4,18 10,44 30,52 52,34",
)


def printed(text, height, weight=0.0):
    """Return text in Pillow's own font; `weight` thickens it, in heights of a digit."""
    font = ImageFont.load_default(size=round(1.38 * SHARP * height))  # its digits are 0.72 high
    width = round(SHARP * weight * height / 2)
    left, top, right, bottom = font.getbbox(text, stroke_width=width)
    page = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(page).text((-left, -top), text, 255, font, stroke_width=width)
    return np.asarray(page.reduce(SHARP), np.float32) / 255


def serif(label, height, nib):
    """Return a digit with thick and thin parts: a nib that is `nib` pixels wide, and flat."""
    thin = max(1.0, nib / 5)
    curves = [curve(*each) * (height - thin) / 100 for each in strokes_of(SERIF[label])]
    return strokes([moved for each in curves for moved in nibbed(each, nib, thin)], thin)


def nibbed(curve, nib, thin):
    """Return a curve beside itself, again and again, as far as the nib is wide."""
    steps = max(2, int(2 * nib / thin))
    return [curve + np.array([shift, 0]) for shift in np.linspace(0, nib - thin, steps)]


def seven_segments(label, height, bar, gap, lit=None):
    """Return a seven-segment digit of bars `bar` wide, with gaps between them, all in pixels.

    The bars have pointed ends. `lit` is which of them are, by default those of the label.
    """
    page = Image.new("L", (SHARP * round(0.54 * height + bar + 2), SHARP * round(height + bar + 2)))
    brush = ImageDraw.Draw(page)
    for name in BARS[label] if lit is None else lit:
        start, end = (np.array(each) * height + bar / 2 for each in BAR_ENDS[name])
        along = (end - start) / np.hypot(*(end - start))
        across, start, end = along[::-1] * bar / 2, start + along * gap, end - along * gap
        tip = along * bar / 2
        outline = (start, start + tip + across, end - tip + across, end)
        outline += (end - tip - across, start + tip - across)
        brush.polygon([tuple(SHARP * point) for point in outline], 255)
    return np.asarray(page.reduce(SHARP), np.float32) / 255


def segment_row(text, height, random, lit=None):
    """Return a number in seven segments as ink."""
    bar, gap = height * random.uniform(0.08, 0.16), height * random.uniform(0.005, 0.04)
    inks = [seven_segments(int(each), height, bar, gap, lit) for each in text]
    slant = random.uniform(0, 0.18) * (random.random() < 0.5)
    return slanted(spaced(inks, height * random.uniform(0.15, 0.35)), slant)


def spaced(inks, gap):
    """Return inks side by side on one foot, `gap` pixels apart."""
    height, marks, left = max(map(len, inks)), [], 0.0
    for ink in inks:
        marks.append((ink, left, height - len(ink)))
        left += ink.shape[1] + gap
    return joined(marks)


def slanted(ink, slant):
    """Return ink sheared to the right by `slant` pixels per pixel."""
    width = ink.shape[1] + int(slant * len(ink)) + 1
    page = Image.fromarray(ink)  # mode F
    matrix = (1, slant, -slant * len(ink), 0, 1, 0)
    size = (width, len(ink))
    return np.asarray(
        page.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    )
