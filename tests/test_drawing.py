"""The window to draw in, moved by events of mouse and keyboard, on a figure without a screen."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import ROOT, assert_refused
from matplotlib.backend_bases import KeyEvent, MouseButton, MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg

import predict_image
from digits import UserError, drawing, plots
from digits.network import predictor
from digits.own import filing
from digits.page import pipeline

sys.path.insert(0, str(ROOT / "tools"))
import drawing_window


@pytest.fixture
def window(shipped_model):
    figure = drawing.new_figure()
    FigureCanvasAgg(figure).draw()
    predict = predictor.load(shipped_model)
    return drawing.Drawing(figure, lambda page: pipeline.answer_to_drawing(page, predict), str)


def draw(figure, number):
    for stroke in drawing_window.strokes(number, drawing.SIDE):
        drawing_window.draw(figure, stroke)


def press(window, key):
    canvas = window.figure.canvas
    canvas.callbacks.process("key_press_event", KeyEvent("key_press_event", canvas, key))


def right_click(window, pixel, on_page=True):
    to_screen = window.axes[0].transData if on_page else window.figure.transFigure
    canvas, place = window.figure.canvas, to_screen.transform(pixel if on_page else (0.99, 0.99))
    event = MouseEvent("button_press_event", canvas, *place, MouseButton.RIGHT)
    canvas.callbacks.process("button_press_event", event)


def words_shown(window):
    return window.axes[0].get_title()


@pytest.mark.parametrize("number", ["3", "42"])
def test_what_is_drawn_is_read_and_shown(window, number):
    draw(window.figure, number)
    assert window.answer.text == number and window.answer.status == "ok"
    assert words_shown(window) == window.answer.words
    bars = [bar.get_width() for bar in window.axes[2].patches]
    assert bars == pytest.approx(100 * window.answer.least_confident.probabilities)


def test_answer_changes_while_a_stroke_is_drawn(window):
    (stroke,) = drawing_window.strokes("3", drawing.SIDE)
    canvas, seen = window.figure.canvas, []
    for n, (x, y) in enumerate(window.axes[0].transData.transform(stroke)):
        name = "motion_notify_event" if n else "button_press_event"
        event = MouseEvent(name, canvas, x, y, MouseButton.LEFT)
        canvas.callbacks.process(name, event)
        if n % 10 == 0:
            window.refresh()  # as the timer does
            seen.append(words_shown(window))
    assert len(set(seen)) > 2 and seen[-1].startswith("3 (")


def test_stroke_is_taken_back_and_the_page_cleared(window):
    draw(window.figure, "12")
    assert window.answer.text == "12"
    press(window, "backspace")
    window.refresh()
    assert window.answer.text == "1"
    right_click(window, (5, 5), on_page=False)
    assert len(window.strokes) == 1, "that was beside the page"
    right_click(window, (5, 5))
    window.refresh()
    assert window.answer is None and words_shown(window) == ""
    press(window, "backspace")
    assert window.strokes == []


@pytest.mark.parametrize(("key", "strokes"), [("ctrl+z", 1), ("cmd+z", 1), ("escape", 0), ("x", 2)])
def test_keys_take_strokes_back(window, key, strokes):
    draw(window.figure, "11")
    press(window, key)
    assert len(window.strokes) == strokes


def type_keys(window, *keys):
    for key in keys:
        press(window, key)


def test_true_number_is_typed_shown_and_filed(window):
    told = []
    window.file_page = lambda label: told.append(label) or f"filed as {label}_drawing.png"
    draw(window.figure, "12")
    type_keys(window, "4", "7", "backspace", "9")
    assert "is it 49? Enter files it" in words_shown(window)
    assert len(window.strokes) == 2, "Backspace took the typed digit back"
    press(window, "enter")
    assert told == ["49"]
    assert words_shown(window).endswith("filed as 49_drawing.png")
    press(window, "enter")
    assert told == ["49"], "there is no number to file"


def test_typed_number_is_forgotten_when_the_drawing_changes(window):
    window.file_page = pytest.fail
    draw(window.figure, "1")
    press(window, "4")
    draw(window.figure, "7")
    assert "is it" not in words_shown(window)
    press(window, "enter")
    press(window, "4")
    press(window, "escape")
    assert len(window.strokes) == 2 and "is it" not in words_shown(window)


def test_rows_are_told_apart_by_a_slash(window):
    told = []
    window.file_page = lambda label: told.append(label) or "filed"
    draw(window.figure, "12")
    type_keys(window, *"1/2", "enter")
    assert told == ["1/2"]


def test_number_is_not_asked_for_on_an_empty_page(window):
    window.file_page = pytest.fail
    type_keys(window, "4", "enter")
    assert words_shown(window) == ""


def test_drawing_that_cannot_be_filed_says_why(window):
    def refuse(label):
        raise UserError("the disk is full")

    window.file_page = refuse
    draw(window.figure, "1")
    type_keys(window, "1", "enter")
    assert "the disk is full" in words_shown(window)


def test_stroke_that_leaves_the_page_does_not_cross_it(window):
    drawing_window.draw(window.figure, [(200, 20), (395, 50), (900, 50), (900, 900), (50, 900)])
    assert np.asarray(drawing.page_image(window.strokes))[250:380, 20:380].min() == 255


def test_mouse_that_moves_or_presses_beside_the_page_draws_nothing(window):
    drawing_window.draw(window.figure, [(-50, 20), (200, 200)])
    assert window.strokes == []


def test_dot_is_no_digit(window):
    drawing_window.draw(window.figure, [(200, 200), (200, 200)])
    assert words_shown(window) == "no digit found"
    assert not window.axes[2].patches


@pytest.fixture
def closing(monkeypatch):
    """Have the window closed after what a function does with its figure, and run the script."""
    plt.switch_backend("agg")
    monkeypatch.setattr(plots, "window_available", lambda: True)

    def run_script(meanwhile, *arguments):
        monkeypatch.setattr(plots, "show", lambda: meanwhile(plt.gcf()))
        monkeypatch.setattr(sys, "argv", ["predict_image.py", "--draw", *map(str, arguments)])
        return predict_image.main()

    yield run_script
    plt.close("all")


def test_answer_is_printed_and_saved_when_the_window_is_closed(
    closing, capsys, tmp_path, shipped_model
):
    assert closing(lambda figure: draw(figure, "7"), "--save", tmp_path / "seen.png") == 0
    assert capsys.readouterr().out.startswith("drawing: 7 (")
    assert (tmp_path / "seen.png").stat().st_size > 5000


def test_drawing_is_filed_as_a_picture_of_its_page(closing, tmp_path, monkeypatch, shipped_model):
    monkeypatch.setattr(filing, "FOLDER", tmp_path / "my_digits")

    def draw_and_tell(figure):
        draw(figure, "7")
        for key in ("1", "enter"):
            event = KeyEvent("key_press_event", figure.canvas, key)
            figure.canvas.callbacks.process("key_press_event", event)

    assert closing(draw_and_tell) == 0
    (filed,) = (tmp_path / "my_digits").iterdir()
    assert filed.name == "1_drawing.png"
    assert pipeline.answer_to_picture(filed, predictor.load(shipped_model)).text == "7"


def test_what_was_drawn_in_the_last_moment_counts(closing, capsys, shipped_model):
    def draw_and_take_back(figure):
        draw(figure, "71")
        key = KeyEvent("key_press_event", figure.canvas, "backspace")
        figure.canvas.callbacks.process("key_press_event", key)

    assert closing(draw_and_take_back) == 0
    assert capsys.readouterr().out.startswith("drawing: 7 (")


def test_keys_of_matplotlib_s_own_are_off(closing):
    def press_l(figure):
        x, y = figure.axes[0].transData.transform((200, 200))
        key = KeyEvent("key_press_event", figure.canvas, "l", x, y)
        figure.canvas.callbacks.process("key_press_event", key)
        assert figure.axes[0].get_yscale() == "linear"

    assert closing(press_l) == 0


def test_nothing_drawn_is_nothing_said(closing, capsys):
    assert closing(lambda figure: None) == 0
    assert capsys.readouterr().out == ""


def test_drawing_without_a_screen_or_beside_a_picture_is_refused(run):
    assert_refused(run("predict_image.py", "--draw"), "no screen")
    assert_refused(run("predict_image.py", "--draw", "seven.png"), "--draw", "leave out pictures")
    assert_refused(run("predict_image.py", "--draw", "--interactive"), "not allowed with")
