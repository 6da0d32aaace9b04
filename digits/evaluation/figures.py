"""Figures of an evaluation. Every `draw_` function draws on the axes that it is given."""

from itertools import cycle

import numpy as np

from digits import metrics
from digits.metrics import CALIBRATION_BINS, confidence, percent
from digits.network import recipes
from digits.plots import BLUE, GREY, ORANGE, RED, draw_image, new_figure

EXAMPLES_IN_ROW, MISTAKE_ROWS = 12, 8
FILTERS_IN_ROW, MOST_FILTERS = 8, 64
GAP = 1  # pixels between filters, and between activations
# One colour per model: Okabe and Ito's palette, which colour-blind people can tell apart too.
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7", RED, "#56B4E9", "black")


def of(models, test, predictions, summaries, window=False):
    """Return the figures by name: all of one model, or those that compare several.

    Models, `evaluation.Predictions` and summaries are by model name; `test` is `mnist.Examples`.
    """
    records = {name: model.record for name, model in models.items() if model.record}
    robustness = {k: each["robustness"] for k, each in summaries.items() if "robustness" in each}
    figures = {"history": history_figure(records, window)} if records else {}
    if len(models) == 1:
        ((name, model),) = models.items()
        figures |= of_one(model, test, predictions[name].probabilities, window)
    if robustness:
        figures["robustness"] = robustness_figure(robustness, window)
    return figures


def of_one(model, test, probabilities, window=False):
    labels = test.labels
    confusion = metrics.confusion_matrix(labels, probabilities.argmax(axis=1))
    figures = {
        "confusion_matrix": confusion_figure(confusion, window),
        "examples": examples_figure(test, probabilities, window),
        "calibration": calibration_figure(labels, probabilities, window),
    }
    if layer := model.first_convolution(test.images[0]):
        figures["filters"] = filters_figure(test.images[0], *layer, window)
    return figures


def history_figure(records, window=False):
    """Return a figure of accuracy and loss by epoch; training records are by model name."""
    figure = new_figure(9, 3.5, window)
    for ax, metric in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        for (label, values), colour in zip(curves(records, metric), cycle(COLOURS), strict=False):
            draw_epochs(ax, metric, values, label, colour)
        ax.legend(fontsize="small")
    only = label_of(*records) if len(records) == 1 else None
    figure.suptitle(f"Training history of {only}" if only else "Validation accuracy and loss")
    return figure


def curves(records, metric):
    """Return labels and values per epoch: of one model training, too, of several validation."""
    validation = {name: each["history"][f"val_{metric}"] for name, each in records.items()}
    if len(records) > 1:
        return [(label_of(name), values) for name, values in validation.items()]
    ((name, record),) = records.items()
    recipe = recipes.RECIPES.get(record.get("recipe"))
    training = "training (augmented)" if recipe and recipe.augmentation else "training"
    return [("validation", validation[name]), (training, record["history"][metric])]


def draw_epochs(ax, metric, values, label, colour):
    """Draw accuracies, in percent, or losses, in nats, by epoch."""
    factor, unit = (100, "%") if metric == "accuracy" else (1, "nats")
    epochs = range(1, len(values) + 1)
    ax.plot(epochs, factor * np.array(values), "o-", color=colour, label=label, markersize=3)
    ax.set(title=metric.capitalize(), xlabel="epoch", ylabel=f"{metric} ({unit})")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(visible=True, alpha=0.3)


def label_of(name):
    """Return a legend's label: matplotlib reads $ as mathematics and hides a leading underscore."""
    return (f" {name}" if name.startswith("_") else name).replace("$", r"\$")


def confusion_figure(confusion, window=False):
    figure = new_figure(6, 6, window)
    draw_confusion(figure.subplots(), confusion)
    return figure


def draw_confusion(ax, counts):
    """Draw counts (10, 10) as a table, the mistakes tinted by their number."""
    mistakes = counts * (1 - np.eye(len(counts), dtype=int))
    ax.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(2 * mistakes.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            weight, colour = ("normal", GREY) if row == column else ("bold", "black")
            ax.text(column, row, f"{count}", ha="center", va="center", color=colour, weight=weight)
    digits = range(len(counts))
    ax.set(title="Confusion matrix (images)", xlabel="predicted digit", ylabel="true digit")
    ax.set(xticks=digits, yticks=digits)


def examples_figure(test, probabilities, window=False):
    """Return a figure of 12 right predictions and up to 96 wrong ones, most confident first."""
    wrong = metrics.misses(test.labels, probabilities)
    shown = wrong[: MISTAKE_ROWS * EXAMPLES_IN_ROW]
    right = np.flatnonzero(probabilities.argmax(axis=1) == test.labels)[:EXAMPLES_IN_ROW]
    rows = 1 - (-len(shown) // EXAMPLES_IN_ROW)
    figure = new_figure(12, 0.7 + 1.25 * rows, window)
    figure.suptitle(
        f"{len(right)} right and {len(shown)} of {len(wrong):,} wrong predictions:"
        " true → predicted, confidence (*: label error)"
    )
    axes = figure.subplots(rows, EXAMPLES_IN_ROW, squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    for row, indices in ((axes[0], right), (axes[1:].ravel(), shown)):
        for ax, index in zip(row, indices, strict=False):
            draw_example(ax, test, index, probabilities[index])
    return figure


def draw_example(ax, test, index, probabilities):
    label, predicted = test.labels[index], probabilities.argmax()
    star = "*" if index in test.label_errors else ""
    title = f"{label} → {predicted}{star}\n{confidence(probabilities.max())}"
    draw_image(ax, test.images[index], title, "black" if label == predicted else RED)
    ax.title.set_fontsize("small")


def calibration_figure(labels, probabilities, window=False):
    figure = new_figure(6, 6, window)
    reliability, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    draw_reliability(reliability, counts, *metrics.calibration_bins(labels, probabilities))
    error = percent(metrics.calibration_error(labels, probabilities))
    reliability.set_title(f"Accuracy by confidence (calibration error {error})")
    return figure


def draw_reliability(reliability, images, counts, confidences, right):
    """Draw the accuracy and the images of each bin on two axes; all bins' values are (15,)."""
    width = 100 / CALIBRATION_BINS
    middles, filled = width * (np.arange(CALIBRATION_BINS) + 0.5), counts > 0
    accuracy, mean = (100 * each[filled] / counts[filled] for each in (right, confidences))
    reliability.bar(middles[filled], accuracy, 0.9 * width, color=BLUE, label="accuracy")
    reliability.plot(mean, mean, "D--", color=ORANGE, label="perfect calibration")
    reliability.set(ylabel="accuracy (%)", xlim=(0, 100), ylim=(0, 118))
    reliability.set_yticks(range(0, 101, 20))
    reliability.legend(loc="upper left", ncols=2, fontsize="small")
    bars = images.bar(middles, counts, 0.9 * width, color=GREY)
    images.bar_label(bars, [f"{n:,}" if n else "" for n in counts], fontsize="x-small")
    images.set_yscale("symlog", linthresh=1)
    images.set(xlabel="confidence (%)", ylabel="images", ylim=(0, 8 * counts.max()))


def filters_figure(image, kernel, activations, window=False):
    """Return a figure of an image, the first convolution's filters and their activations.

    `kernel` is (height, width, channels, filters), `activations` (rows, columns, filters).
    """
    rows = -(-min(kernel.shape[-1], MOST_FILTERS) // FILTERS_IN_ROW)
    figure = new_figure(10, 0.5 + max(1.7, 0.52 * rows), window)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 2.2, 2.2))
    draw_image(left, image, "Image")
    weights = kernel.mean(axis=2)[..., :MOST_FILTERS]
    title = f"Filters, {weights.shape[-1]} of {kernel.shape[-1]} (orange: positive weights)"
    draw_grid(middle, weights, title, "PuOr_r", symmetric=True)
    draw_grid(right, activations[..., :MOST_FILTERS], "Activations", "gray")
    return figure


def draw_grid(ax, values, title, colours, symmetric=False):
    """Draw values (height, width, n) as n images, eight in a row, on one colour scale."""
    limit = np.abs(values).max() or 1
    padding = [(0, -values.shape[-1] % FILTERS_IN_ROW), (0, GAP), (0, GAP)]
    images = np.pad(np.moveaxis(values, -1, 0), padding, constant_values=np.nan)
    rows = images.reshape(-1, FILTERS_IN_ROW, *images.shape[1:])
    grid = np.block([list(row) for row in rows])
    ax.imshow(grid, cmap=colours, vmin=-limit if symmetric else 0, vmax=limit)
    ax.set_title(title, fontsize="medium")
    ax.set_axis_off()


def robustness_figure(robustness, window=False):
    """Return a figure of accuracy by corruption; `robustness` is by model name."""
    first = next(iter(robustness.values()))
    figure = new_figure(10, 9, window)
    axes = figure.subplots(3, 3, sharey=True).ravel()
    for ax, (name, corruption) in zip(axes, first["damages"].items(), strict=True):
        for (model, results), colour in zip(robustness.items(), cycle(COLOURS), strict=False):
            draw_corruption(ax, results, name, colour, label_of(model))
        ax.set(title=name.capitalize(), xlabel=f"severity ({corruption['unit']})", ylim=(0, 103))
        ax.grid(alpha=0.3)
    figure.supylabel("accuracy (%)")
    figure.suptitle(
        f"Accuracy by corruption and severity on {first['images']:,} test images"
        " (dashed: uncorrupted)"
    )
    if len(robustness) > 1:
        axes[0].legend(fontsize="small")
    return figure


def draw_corruption(ax, results, name, colour, label):
    """Draw a model's accuracy by the severity of one corruption, and without it."""
    corruption, clean = results["damages"][name], 100 * results["accuracy"]
    accuracies = [100 * each for each in corruption["accuracy"]]
    points = [(corruption["clean"], clean), *zip(corruption["strengths"], accuracies, strict=True)]
    ax.axhline(clean, linestyle="--", color=colour, linewidth=1)
    ax.plot(*zip(*sorted(points), strict=True), "o-", color=colour, label=label, markersize=4)
