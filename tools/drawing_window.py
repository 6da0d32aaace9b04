#!/usr/bin/env python3
"""Save a figure of the window of `predict_image.py --draw`, with digits drawn in it."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from digits.command_line import Parser, add_model, model_or_default, run, say, whole_number
from digits.files import require_writable, shown, user_path

EXAMPLES = """\
  python tools/drawing_window.py
  python tools/drawing_window.py --number 90 --output window.png"""

HEIGHT = 210  # of a digit, in pixels of the page


def main():
    arguments = parse()
    from digits import drawing, plots
    from digits.network import predictor
    from digits.page import pipeline

    plots.import_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    plots.require_figure_name(arguments.output)
    require_writable(arguments.output)
    figure = drawing.new_figure()
    FigureCanvasAgg(figure).draw()
    predict = predictor.load(model_or_default(arguments.model), arguments.trust)
    window = drawing.Drawing(figure, lambda page: pipeline.answer_to_drawing(page, predict), None)
    for stroke in strokes(str(arguments.number), drawing.SIDE):
        draw(figure, stroke)
    plots.save(figure, arguments.output)
    print(window.answer.words)
    say(f"saved as {shown(arguments.output)}")
    return 0


def parse():
    parser = Parser(__doc__, EXAMPLES)
    parser.add_argument(
        "--number", type=whole_number(0, 99), default=4, metavar="N", help="the number to draw"
    )
    parser.add_argument(
        "--output",
        type=user_path,
        default=shown(ROOT / "docs" / "drawing.png"),
        metavar="FILE",
        help="the figure's file",
    )
    add_model(parser)
    return parser.parse_args()


def strokes(number, side):
    """Return a number's strokes at the page's centre, each float64 (n, 2), in pixels."""
    from digits.data import pen_strokes, synthetic

    out = []
    for place, digit in enumerate(number):
        corner = side * (2 * place + 1) / (2 * len(number)) - HEIGHT / 3, (side - HEIGHT) / 2
        for points, corners in synthetic.strokes(pen_strokes.DIGITS[int(digit)][0]):
            out.append(synthetic.curve(points, corners) * HEIGHT / 100 + corner)
    return out


def draw(figure, stroke):
    """Move the mouse along a stroke, its left button down."""
    from matplotlib.backend_bases import MouseButton, MouseEvent

    points = figure.axes[0].transData.transform(stroke)
    whole = [("button_press_event", points[0]), *(("motion_notify_event", p) for p in points)]
    for name, (x, y) in [*whole, ("button_release_event", points[-1])]:
        event = MouseEvent(name, figure.canvas, x, y, MouseButton.LEFT)
        figure.canvas.callbacks.process(name, event)


if __name__ == "__main__":
    run(main)
