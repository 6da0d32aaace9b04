"""The window to draw in, moved by events of mouse and keyboard, on a figure without a screen."""

import sys

import matplotlib.pyplot as plt
import pytest
from conftest import ROOT, assert_refused
from matplotlib.backend_bases import KeyEvent, MouseButton, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg

import predict_image
from digits import drawing, model_file, plots

sys.path.insert(0, str(ROOT / "tools"))
import drawing_window


@pytest.fixture
def window(shipped_model):
    figure = drawing.new_figure()
    FigureCanvasAgg(figure).draw()
    return drawing.Drawing(figure, model_file.predictor(shipped_model))


def draw(figure, number):
    for stroke in drawing_window.strokes(number, drawing.SIDE):
        drawing_window.draw(figure, stroke)


def press(window, key):
    canvas = window.figure.canvas
    canvas.callbacks.process("key_press_event", KeyEvent("key_press_event", canvas, key))


def words_shown(window):
    return window.axes[0].get_title()


@pytest.mark.parametrize("number", ["3", "42"])
def test_what_is_drawn_is_read_and_shown(window, number):
    draw(window.figure, number)
    assert window.answer.text == number and window.answer.status == "ok"
    assert words_shown(window) == window.answer.words
    bars = [bar.get_width() for bar in window.axes[2].patches]
    assert bars == pytest.approx(100 * window.answer.doubtful.probabilities)


def test_answer_changes_while_a_stroke_is_drawn(window):
    (stroke,) = drawing_window.strokes("3", drawing.SIDE)
    canvas, seen = window.figure.canvas, []
    for n, (x, y) in enumerate(window.axes[0].transData.transform(stroke)):
        name = "motion_notify_event" if n else "button_press_event"
        event = MouseEvent(name, canvas, x, y, MouseButton.LEFT)
        canvas.callbacks.process(name, event)
        if n % 10 == 0:
            window.read()  # as the timer does
            seen.append(words_shown(window))
    assert len(set(seen)) > 2 and seen[-1].startswith("3 (")


def test_stroke_is_taken_back_and_the_page_cleared(window):
    draw(window.figure, "12")
    assert window.answer.text == "12"
    press(window, "backspace")
    window.read()
    assert window.answer.text == "1"
    right = MouseEvent("button_press_event", window.figure.canvas, 5, 5, MouseButton.RIGHT)
    window.figure.canvas.callbacks.process("button_press_event", right)
    window.read()
    assert window.answer is None and words_shown(window) == ""
    press(window, "backspace")
    assert window.strokes == []


def test_dot_is_no_digit(window):
    drawing_window.draw(window.figure, [(200, 200), (200, 200)])
    assert words_shown(window) == "no digit found"
    assert not window.axes[2].patches


def test_answer_is_printed_and_saved_when_the_window_is_closed(
    monkeypatch, capsys, tmp_path, shipped_model
):
    monkeypatch.setattr(plots, "window_available", lambda: True)
    monkeypatch.setattr(plots, "show", lambda: draw(plt.gcf(), "7"))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    asked = ["--draw", "--save", tmp_path / "seen.png"]
    monkeypatch.setattr(sys, "argv", ["predict_image.py", *map(str, asked)])
    plt.switch_backend("agg")
    assert predict_image.main() == 0
    assert capsys.readouterr().out.startswith("drawing: 7 (")
    assert (tmp_path / "seen.png").stat().st_size > 5000


def test_nothing_drawn_is_nothing_said(monkeypatch, capsys):
    monkeypatch.setattr(plots, "window_available", lambda: True)
    monkeypatch.setattr(plots, "show", lambda: None)
    monkeypatch.setattr(sys, "argv", ["predict_image.py", "--draw"])
    plt.switch_backend("agg")
    assert predict_image.main() == 0
    assert capsys.readouterr().out == ""


def test_drawing_without_a_screen_or_beside_a_picture_is_refused(run):
    assert_refused(run("predict_image.py", "--draw"), "no screen")
    assert_refused(run("predict_image.py", "--draw", "seven.png"), "--draw", "name nothing")
