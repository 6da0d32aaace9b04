"""Scenes of printed figures: in a font, stamped, on displays and meters, on price tags."""

import numpy as np
from golden_pages import blank, cloudy, photo, put
from PIL import ImageOps

from scenes.figures import printed, segment_row, serif, spaced
from scenes.hands import row
from scenes.surroundings import Scene, lit, margined, number, picture, some_hand


def font(random, examples):
    """A number in print, thin or bold."""
    text, height = number(random, 1, 6), random.uniform(20, 160)
    height = height if len(text) == 1 else height / 2 + 10
    ink = printed(text, height, random.uniform(0, 0.14))
    return Scene(picture(lit_or_inverted(margined(ink, random), random), random, height), text)


def lit_or_inverted(ink, random):
    grey = lit(ink, random)
    return grey if random.random() < 0.75 else 1 - grey


def stamped(random, examples):
    """A serial number with thick and thin parts, stamped a little unevenly."""
    text, height = number(random, 1, 7), random.uniform(24, 90)
    nib = height * random.uniform(0.08, 0.16)
    inks = [serif(int(each), height * random.uniform(0.97, 1.03), nib) for each in text]
    ink = margined(spaced(inks, height * random.uniform(0.15, 0.5)), random)
    worn = np.clip(0.9 + 0.15 * cloudy(ink.shape, 3, random), 0, 1)
    return Scene(picture(lit(ink * worn, random), random, height), text)


def display(random, examples):
    """A seven-segment display: dark on a greenish pane, or shining from a dark one."""
    text, height = number(random, 1, 6), random.uniform(20, 120)
    state = random.bit_generator.state
    ink = segment_row(text, height, random)
    random.bit_generator.state = state  # the same bars again, all of them
    unlit = segment_row(text, height, random, "abcdefg")
    both = np.maximum(ink, random.choice([0, 0.04, 0.1]) * unlit)
    ink = margined(both, random, 0.15, 0.6)
    if random.random() < 0.5:
        pane = photo(lit(ink, random), random, 0.012, min(1, height / 50))
        return Scene(ImageOps.colorize(pane, (20, 28, 24), (205, 215, 190)), text)
    shine = photo(0.08 + random.uniform(0.6, 0.9) * ink, random, 0.015, min(1.2, height / 40))
    colour = [(230, 40, 30), (60, 220, 90), (90, 160, 240), (240, 170, 40)][random.integers(4)]
    return Scene(ImageOps.colorize(shine, (6, 4, 6), (255, 250, 245), colour), text)


def meter(random, examples):
    """The wheels of a meter in their windows; above and below, parts of the next figures."""
    text = number(random, 1, 1) if random.random() < 0.4 else number(random, 3, 7)
    height, weight = random.uniform(28, 80), random.uniform(0, 0.08)
    rolled = random.uniform(-0.12, 0.12)
    light = random.random() < 0.5
    window = blank(round(height * random.uniform(1.3, 2)), round(0.95 * height))
    wheels = [wheel(int(each), height, weight, rolled, window) for each in text]
    wheels = [0.85 - 0.7 * each if light else 0.15 + 0.7 * each for each in wheels]
    gap = int(height * random.uniform(0.06, 0.3))
    case = random.uniform(0.1, 0.3) if light or random.random() < 0.5 else random.uniform(0.6, 0.8)
    edge = np.rint(height * random.uniform(0.1, 0.5, 2)).astype(int)
    framed = [np.pad(each, ((edge[0],) * 2, (gap,) * 2), constant_values=case) for each in wheels]
    return Scene(photo(np.concatenate(framed, axis=1), random, 0.015, min(1, height / 50)), text)


def wheel(label, height, weight, rolled, window):
    """Return the ink in a wheel's window, (h, w): its figure, and parts of its neighbours."""
    page = window.copy()
    for step in (-1, 0, 1):
        ink = printed(str((label + step) % 10), height, weight)
        middle = len(page) / 2 + height * (1.3 * step + rolled)
        put(page, ink, (page.shape[1] - ink.shape[1]) / 2, middle - len(ink) / 2)
    return page


def price_tag(random, examples):
    """A price in print, or by a marker, on a tag in front of a shelf."""
    text = number(random, 1, 3).lstrip("0") or "7"
    if random.random() < 0.5:
        text += random.choice([".", ","]) + number(random, 2, 2)
    height = random.uniform(28, 90)
    if random.random() < 0.6:
        ink = printed(text, height, random.uniform(0, 0.12))
    else:
        ink = row(text, some_hand(random, None, (height, height), (0.1, 0.16)))
    tag = lit(margined(ink, random, 0.25, 0.6), random)
    image = photo(on_a_shelf(tag, int(0.25 * height), random), random, 0.012, min(1, height / 50))
    colour = [(255, 255, 255), (255, 235, 90), (255, 200, 190)][random.integers(3)]
    image = ImageOps.colorize(image, (15, 10, 10), colour)
    return Scene(image, "".join(filter(str.isdigit, text)), text)


def on_a_shelf(tag, margin, random):
    """Return a tag, as grey, with a dark shelf around it."""
    shelf = np.full(np.array(tag.shape) + 2 * margin, random.uniform(0.1, 0.4))
    shelf += 0.04 * cloudy(shelf.shape, 12, random)
    shelf[margin:-margin, margin:-margin] = tag
    return shelf
