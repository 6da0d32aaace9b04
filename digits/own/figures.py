"""Figures of how well labelled pictures are read."""

from digits import plots
from digits.evaluation.figures import confusion_figure
from digits.own import results
from digits.page import pipeline

MOST_DRAWN = 60  # misses
COLUMNS = 4


def of(found, predict, window=False):
    """Return the figures of `Result`s by name; `predict` reads the misses again, to show them."""
    confusion = results.confusion_matrix(found)
    figures = (
        {"own_confusion_matrix": confusion_figure(confusion, window)} if confusion.any() else {}
    )
    misses = results.misses(found)
    if misses:
        figures["own_misses"] = misses_figure(misses[:MOST_DRAWN], predict, window)
    return figures


def misses_figure(misses, predict, window=False):
    """Return a figure of each missed picture, with the network's input beside it."""
    rows = -(-len(misses) // COLUMNS)
    figure = plots.new_figure(4 * COLUMNS, 2.4 * rows, window)
    axes = figure.subplots(rows, 2 * COLUMNS, squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    for pair, miss in zip(axes.reshape(-1, 2), misses, strict=False):
        answer = pipeline.answer_to_picture(miss.picture.path, predict)
        plots.draw_reading(pair, answer, f"is {miss.label or 'no digit'}")
    return figure
