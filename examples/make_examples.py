#!/usr/bin/env python3
"""Draw the example pictures anew, into this folder or the one named: every digit is code."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

# Pen strokes, each a smooth curve through its points: x to the right, y down, 0 to 1.
STROKES = {
    2: [
        [(0.18, 0.28), (0.35, 0.08), (0.65, 0.08), (0.78, 0.3), (0.6, 0.58), (0.2, 0.92)],
        [(0.2, 0.92), (0.5, 0.88), (0.86, 0.92)],
    ],
    3: [
        [(0.2, 0.18), (0.48, 0.05), (0.76, 0.22), (0.66, 0.42), (0.42, 0.48)],
        [(0.42, 0.48), (0.74, 0.54), (0.82, 0.75), (0.5, 0.96), (0.16, 0.84)],
    ],
    4: [
        [(0.6, 0.06), (0.4, 0.36), (0.15, 0.62)],
        [(0.15, 0.62), (0.5, 0.6), (0.88, 0.6)],
        [(0.66, 0.36), (0.64, 0.65), (0.6, 0.96)],
    ],
    5: [
        [(0.8, 0.08), (0.55, 0.1), (0.3, 0.1)],
        [(0.3, 0.1), (0.27, 0.3), (0.26, 0.45)],
        [(0.26, 0.45), (0.55, 0.4), (0.8, 0.62), (0.66, 0.9), (0.4, 0.96), (0.16, 0.86)],
    ],
    7: [
        [(0.1, 0.12), (0.5, 0.09), (0.9, 0.1)],
        [(0.9, 0.1), (0.62, 0.5), (0.45, 0.95)],
    ],
    8: [
        [(0.74, 0.2), (0.5, 0.06), (0.27, 0.22), (0.4, 0.43), (0.7, 0.62), (0.72, 0.86)],
        [(0.72, 0.86), (0.48, 0.96), (0.25, 0.82), (0.36, 0.6), (0.62, 0.42), (0.74, 0.2)],
    ],
}
OVERSAMPLING = 4  # drawn so much larger, then averaged: smooth edges
EXIF_ORIENTATION, TURN_RIGHT = 0x0112, 6  # how a camera held upright marks its pictures
BOARD, PAPER, NOTE = (38, 70, 58), (244, 241, 232), (250, 224, 92)
CHALK, GRAPHITE, MARKER, BLUE_INK = (232, 236, 226), (92, 92, 98), (28, 26, 30), (24, 52, 150)


def curve(points, steps=24):
    """Return a smooth curve through the points, (n, 2): a Catmull-Rom spline."""
    p = np.array([points[0], *points, points[-1]])
    t = np.linspace(0, 1, steps)[:, np.newaxis]
    a, b, c, d = p[:-3, None], p[1:-2, None], p[2:-1, None], p[3:, None]
    spline = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
    return (spline + (3 * b - a - 3 * c + d) * t**3).reshape(-1, 2) / 2


def ink(digit, page, box, pen):
    """Return the ink of a digit, float (height, width), 0 to 1.

    `page` is (width, height), `box` (left, top, width, height), `pen` the stroke's width: pixels.
    """
    mask = Image.new("L", [OVERSAMPLING * side for side in page])
    draw = ImageDraw.Draw(mask)
    left, top, width, height = box
    for stroke in STROKES[digit]:
        path = (curve(stroke) * (width, height) + (left, top)) * OVERSAMPLING
        draw.line([tuple(point) for point in path], fill=255, width=pen * OVERSAMPLING)
        for point in path:  # a round pen
            draw.circle(tuple(point), pen * OVERSAMPLING / 2, fill=255)
    return np.asarray(mask.reduce(OVERSAMPLING)) / 255


def on_paper(mask, colour, paper, noise, light=0.0):
    """Return ink laid on paper, an RGB image, with `noise` (of 255) and `light` falling off."""
    random = np.random.default_rng(1)
    height, width = mask.shape
    page = np.array(paper) + random.normal(0, noise, (height, width, 1))
    page = page * (1 - light * np.linspace(0, 1, width)[np.newaxis, :, np.newaxis])
    colours = page + mask[..., np.newaxis] * (np.array(colour) - page)
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def pencil_7(path):
    """A pencil on paper, the window to the left."""
    mask = ink(7, (480, 640), (150, 190, 190, 260), 7)
    on_paper(mask, GRAPHITE, PAPER, noise=2, light=0.25).save(path)


def chalk_3(path):
    """Chalk on a blackboard: light on dark."""
    mask = ink(3, (420, 420), (110, 80, 190, 260), 20)
    on_paper(mask * 0.95, CHALK, BOARD, noise=4).save(path)


def ballpoint_5(path):
    """Ink on a transparent ground, as drawing programs export it."""
    opacity = np.rint(255 * ink(5, (300, 300), (80, 50, 140, 200), 8)).astype(np.uint8)
    picture = Image.new("RGB", (300, 300), BLUE_INK)
    picture.putalpha(Image.fromarray(opacity))
    picture.save(path)


def marker_2(path):
    """A thick marker on a sticky note, by a camera that turns its pictures by EXIF alone."""
    upright = on_paper(ink(2, (480, 640), (120, 150, 240, 320), 34), MARKER, NOTE, noise=3)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = TURN_RIGHT
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=85)


def notes(path):
    """Two rows in ballpoint on ruled paper, half of it in the shadow of a hand."""
    page = (640, 480)
    places = [(digit, 70 + 120 * n, 90 + 6 * n) for n, digit in enumerate([7, 2, 5, 8])]
    places += [(digit, 130 + 120 * n, 270 + 6 * n) for n, digit in enumerate([4, 3])]
    mask = np.max([ink(n, page, (left, top, 74, 110), 6) for n, left, top in places], axis=0)
    rows, columns = np.indices(mask.shape)
    lines = 0.35 * ((rows + 0.03 * columns) % 60 < 2)
    sheet = np.asarray(on_paper(np.maximum(mask, lines), BLUE_INK, PAPER, noise=3))
    shadow = 1 - 0.35 * (1 / (1 + np.exp((620 - rows - columns) / 6)))
    Image.fromarray((sheet * shadow[..., np.newaxis]).astype(np.uint8)).save(path, quality=85)


def scan_8(path):
    """A grey scan of 16 bits."""
    mask = ink(8, (320, 400), (90, 80, 140, 230), 11)
    Image.fromarray((60_000 - 52_000 * mask).astype(np.uint16)).save(path)


def pixels_4(path):
    """A drawing of 28×28 pixels with a palette, already as MNIST has them."""
    mask = ink(4, (28, 28), (6, 4, 16, 20), 2)
    Image.fromarray(np.rint(255 * mask).astype(np.uint8)).convert("P").save(path)


EXAMPLES = {
    "notes.jpg": notes,
    "pencil_7.jpg": pencil_7,
    "chalk_3.jpg": chalk_3,
    "ballpoint_5.png": ballpoint_5,
    "marker_2.jpg": marker_2,
    "scan_8.png": scan_8,
    "pixels_4.gif": pixels_4,
}


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for name, make in EXAMPLES.items():
        make(folder / name)


if __name__ == "__main__":
    main()
