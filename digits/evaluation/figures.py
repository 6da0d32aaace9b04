"""The figures of an evaluation. Every `draw_` function draws on the axes that it is given."""

import numpy as np

from digits import metrics
from digits.metrics import CALIBRATION_BINS, confidence, percent
from digits.network import checkpoint, recipes
from digits.plots import BLUE, GREY, ORANGE, RED, draw_image, new_figure

MOST_MISTAKES, MISTAKES_IN_ROW = 100, 10
EXAMPLES, EXAMPLES_IN_ROW = 24, 6
FILTERS_IN_ROW, MOST_FILTERS = 8, 64
FILTER_GAP = 1  # pixels between filters, and between what they answer
# Okabe and Ito's palette once more, for one colour per model.
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", RED, "#56B4E9", "black")


def of_model(record, test, predict, probabilities, summary, window=False):
    """Return the figures of a model's evaluation, by name; `record` is its training's, or None.

    `test` are `mnist.Examples`, `predict` a `model_file.Predictor`, whose answers are
    `probabilities` (n, 10) and, as numbers, the `metrics.summary`.
    """
    figures = {"history": history_figure(record, window)} if record else {}
    figures |= {
        "confusion_matrix": confusion_figure(summary["confusion"], window),
        "mistakes": mistakes_figure(test, probabilities, window),
        "examples": examples_figure(test, probabilities, window),
        "calibration": calibration_figure(test.labels, probabilities, window),
    }
    if layer := predict.first_convolution(test.images[0]):
        figures["filters"] = filters_figure(test.images[0], *layer, window)
    if "robustness" in summary:
        figures["robustness"] = robustness_figure({"": summary["robustness"]}, window)
    return figures


def of_models(records, summaries, window=False):
    """Return the figures that compare models, by name; both are dicts by the models' names."""
    records = {name: record for name, record in records.items() if record}
    figures = {"history": histories_figure(records, window)} if records else {}
    robust = {name: each["robustness"] for name, each in summaries.items() if "robustness" in each}
    if robust:
        figures["robustness"] = robustness_figure(robust, window)
    return figures


def history_figure(record, window=False):
    """Return a figure of a training's accuracy and loss in each epoch."""
    figure = new_figure(9, 3.5, window)
    recipe = recipes.RECIPES.get(record.get("recipe"))
    training = "training, distorted" if recipe and recipe.augmentation else "training"
    for ax, name in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        draw_epochs(ax, record, name, training, ORANGE)
        draw_epochs(ax, record, f"val_{name}", "validation", BLUE)
        mark_best(ax, record, name, BLUE, f"best epoch, {checkpoint.best_epoch(record)}")
        dress_epochs(ax, name)
    return figure


def histories_figure(records, window=False):
    """Return a figure of several models' validation accuracy and loss; records are by name."""
    figure = new_figure(9, 3.5, window)
    for ax, name in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        for n, (model, record) in enumerate(records.items()):
            colour = COLOURS[n % len(COLOURS)]
            draw_epochs(ax, record, f"val_{name}", label_of(model), colour)
            mark_best(ax, record, name, colour)
        dress_epochs(ax, name)
    figure.suptitle("Validation; the best epoch is marked")
    return figure


def label_of(name):
    """Return a name as matplotlib shows it: without formulas, though it begin with a low line."""
    return (f" {name}" if name.startswith("_") else name).replace("$", r"\$")


def draw_epochs(ax, record, name, label, colour):
    """Draw one of the series in a record's history: accuracies in percent, losses in nats."""
    values = in_unit(name, record["history"][name])
    epochs = range(1, len(values) + 1)
    ax.plot(epochs, values, "o-", color=colour, label=label, markersize=3)


def mark_best(ax, record, name, colour, label=None):
    """Put a ring around the best epoch's validation value."""
    best = checkpoint.best_epoch(record)
    value = in_unit(name, record["history"][f"val_{name}"])[best - 1]
    ring = {"markerfacecolor": "none", "markersize": 11, "markeredgewidth": 1.5}
    ax.plot([best], [value], "o", color=colour, label=label, linestyle="none", **ring)


def in_unit(name, values):
    """Return accuracies in percent, and losses as they are."""
    return (100 if name.endswith("accuracy") else 1) * np.array(values)


def dress_epochs(ax, name):
    """Give axes of a history their titles, units, grid and legend."""
    unit = "%" if name == "accuracy" else "nats"
    ax.set(title=name.capitalize(), xlabel="epoch", ylabel=f"{name} ({unit})")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend(fontsize="small")


def confusion_figure(confusion, window=False):
    """Return a figure of a confusion matrix."""
    figure = new_figure(6, 6, window)
    draw_confusion(figure.subplots(), confusion)
    return figure


def draw_confusion(ax, confusion):
    """Draw counts (10, 10) as a table, the mistakes tinted by their number."""
    counts = np.array(confusion)
    mistakes = counts * (1 - np.eye(len(counts), dtype=int))
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(2 * mistakes.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            weight = "normal" if row == column else "bold"
            colour = GREY if row == column else "black"
            ax.text(column, row, f"{count}", ha="center", va="center", color=colour, weight=weight)
    digits = range(len(counts))
    ax.set(title="Confusion matrix (images)", xlabel="predicted digit", ylabel="true digit")
    ax.set(xticks=digits, yticks=digits)


def mistakes_figure(test, probabilities, window=False):
    """Return a figure of all mistakes, or the hundred of which the network is surest."""
    wrong = metrics.misses(test.labels, probabilities)
    shown = wrong[:MOST_MISTAKES]
    rows = max(1, -(-len(shown) // MISTAKES_IN_ROW))
    figure = new_figure(10, 0.7 + 1.25 * rows, window)
    which = "All" if len(shown) == len(wrong) else f"The {len(shown)} most confident of"
    note = "; * people dispute the label" if test.disputed else ""
    figure.suptitle(f"{which} {len(wrong):,} mistakes: true → predicted, confidence{note}")
    for ax, index in zip(blank_axes(figure, rows, MISTAKES_IN_ROW), shown, strict=False):
        star = "*" if index in test.disputed else ""
        answer = f"{test.labels[index]} → {probabilities[index].argmax()}{star}"
        sure = confidence(probabilities[index].max())
        draw_image(ax, test.images[index], f"{answer}\n{sure}", RED if star else "black")
        ax.title.set_fontsize("small")
    return figure


def examples_figure(test, probabilities, window=False):
    """Return a figure of 24 test images with their predictions: up to 12 wrong ones, then right."""
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != test.labels)[: EXAMPLES // 2]
    right = np.flatnonzero(predictions == test.labels)[: EXAMPLES - len(wrong)]
    figure = new_figure(9, 7, window)
    figure.suptitle("Test images with predictions and confidences, the wrong ones first")
    axes = blank_axes(figure, EXAMPLES // EXAMPLES_IN_ROW, EXAMPLES_IN_ROW)
    for ax, index in zip(axes, [*wrong, *right], strict=False):
        title = f"{predictions[index]} ({confidence(probabilities[index].max())})"
        if predictions[index] == test.labels[index]:
            draw_image(ax, test.images[index], title)
        else:
            draw_image(ax, test.images[index], f"{title}, is {test.labels[index]}", RED)
    return figure


def blank_axes(figure, rows, columns):
    """Return rows * columns axes that show nothing yet."""
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    return axes


def calibration_figure(labels, probabilities, window=False):
    """Return a figure that holds the network's confidence against how often it is right."""
    figure = new_figure(6, 6, window)
    reliability, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    draw_reliability(reliability, counts, *metrics.calibration_bins(labels, probabilities))
    error = percent(metrics.calibration_error(labels, probabilities))
    reliability.set_title(f"Calibration (error {error})")
    return figure


def draw_reliability(reliability, images, counts, confidences, right):
    """Draw the accuracy and the images of each bin of confidence, on two axes; all are (15,)."""
    width = 100 / CALIBRATION_BINS
    middles, seen = width * (np.arange(CALIBRATION_BINS) + 0.5), counts > 0
    accuracy, sure = 100 * right[seen] / counts[seen], 100 * confidences[seen] / counts[seen]
    reliability.bar(middles[seen], accuracy, 0.9 * width, color=BLUE, label="right answers")
    reliability.plot(sure, sure, "D--", color=ORANGE, label="as many as its confidence says")
    reliability.set(ylabel="right answers (%)", xlim=(0, 100), ylim=(0, 118))
    reliability.set_yticks(range(0, 101, 20))
    reliability.legend(loc="upper left", ncols=2, fontsize="small")
    bars = images.bar(middles, counts, 0.9 * width, color=GREY)
    images.bar_label(bars, [f"{n:,}" if n else "" for n in counts], fontsize="x-small")
    images.set_yscale("symlog", linthresh=1)
    images.set(xlabel="confidence (%)", ylabel="images", ylim=(0, 8 * counts.max()))


def filters_figure(image, kernel, answers, window=False):
    """Return a figure of the first convolution's filters and what each makes of an image.

    `kernel` is (height, width, channels, filters), `answers` (rows, columns, filters).
    """
    rows = -(-min(kernel.shape[-1], MOST_FILTERS) // FILTERS_IN_ROW)
    figure = new_figure(10, 0.5 + max(1.7, 0.52 * rows), window)
    seen, weights, made = figure.subplots(1, 3, width_ratios=(1, 2.2, 2.2))
    draw_image(seen, image, "the image")
    shown = kernel.mean(axis=2)[..., :MOST_FILTERS]
    title = f"{shown.shape[-1]} of {kernel.shape[-1]} first filters: light wanted (orange), or dark"
    draw_sheet(weights, shown, title, "PuOr_r", True)
    draw_sheet(made, answers[..., :MOST_FILTERS], "what they answer", "gray")
    return figure


def draw_sheet(ax, values, title, colours, around_zero=False):
    """Draw values (rows, columns, n) as n images, in rows of eight, in one scale of colours."""
    most = np.abs(values).max() or 1
    each = np.moveaxis(values, -1, 0)
    each = np.pad(each, [(0, 0), *2 * [(0, FILTER_GAP)]], constant_values=np.nan)
    missing = -len(each) % FILTERS_IN_ROW
    each = np.pad(each, [(0, missing), (0, 0), (0, 0)], constant_values=np.nan)
    rows = each.reshape(-1, FILTERS_IN_ROW, *each.shape[1:])
    sheet = np.vstack([np.hstack(list(row)) for row in rows])
    ax.imshow(sheet, cmap=colours, vmin=-most if around_zero else 0, vmax=most)
    ax.set_title(title, fontsize="medium")
    ax.set_axis_off()


def robustness_figure(robustness, window=False):
    """Return a figure of accuracy under each damage; `robustness` is by the models' names."""
    first = next(iter(robustness.values()))
    figure = new_figure(10, 9, window)
    for ax, name in zip(figure.subplots(3, 3, sharey=True).ravel(), first["damages"], strict=True):
        for n, (model, results) in enumerate(robustness.items()):
            draw_damage(ax, results, name, COLOURS[n % len(COLOURS)], model)
        ax.set(title=name.capitalize(), xlabel=f"{name} ({first['damages'][name]['unit']})")
        ax.grid(alpha=0.3)
    figure.supylabel("accuracy (%)")
    figure.suptitle(f"{first['images']:,} test images made worse; dashed: as they are")
    if any(robustness):
        figure.axes[0].legend(fontsize="small")
    return figure


def draw_damage(ax, results, name, colour, model):
    """Draw a model's accuracy by the strength of one damage, and for clean images."""
    damage, clean = results["damages"][name], 100 * results["accuracy"]
    points = [(damage["clean"], clean)]
    points += [(x, 100 * y) for x, y in zip(damage["strengths"], damage["accuracy"], strict=True)]
    ax.axhline(clean, linestyle="--", color=colour, linewidth=1)
    ax.plot(
        *zip(*sorted(points), strict=True), "o-", color=colour, label=label_of(model), markersize=4
    )
    ax.set_ylim(0, 103)
