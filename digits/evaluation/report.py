"""An evaluation as text, for a terminal of 80 columns."""

from itertools import combinations

from digits import metrics
from digits.metrics import accuracy_with_misses, confidence, percent

NAME_WIDTH = 24
SIGNIFICANT = 0.05


def of_model(summary, name):
    """Return a `metrics.summary` as text; `name` is the data's."""
    parts = [figures(summary, name), digits_table(summary), mistakes_table(summary)]
    if "robustness" in summary:
        parts.append(robustness_table(summary["robustness"]))
    return "\n\n".join(filter(None, parts))


def figures(summary, name):
    """Return what is said of all images."""
    error, before = summary["calibration_error"], summary["calibration_error_before_temperature"]
    rows = {
        "accuracy": f"{accuracy_with_misses(summary['misses'], summary['images'])}  ({name})",
        "95 % interval": interval(summary),
        "loss": f"{summary['loss']:.4f}",
        "calibration error": percent(error)
        + (f", {percent(before)} before its temperature" if before is not None else ""),
    }
    if summary["disputed"]["images"]:
        disputed = summary["disputed"]
        rows["disputed labels"] = f"{disputed['images']}, {disputed['misses']} of them wrong here"
    return "\n".join(f"{title:18} {value}" for title, value in rows.items())


def interval(summary):
    """Return the accuracy's interval in words."""
    low, high = summary["interval"]
    return f"{100 * low:.2f} to {percent(high)}"


def digits_table(summary):
    """Return a row for each digit."""
    head = "digit  precision    recall        F1  images  mostly taken for"
    return "\n".join([head, *(digit_row(*each) for each in summary["per_digit"].items())])


def digit_row(digit, row):
    """Return a digit's row of the table."""
    shares = "".join(f"  {percent_or_dash(row[name]):>8}" for name in ("recall", "f1"))
    taken = row["taken_for"]
    other = f"{taken['digit']} ({taken['images']})" if taken else "–"
    precision = percent_or_dash(row["precision"])
    return f"{digit:>5}  {precision:>9}{shares}  {row['images']:6,}  {other}"


def percent_or_dash(share):
    """Return a share in percent, or a dash where there is none."""
    return "–" if share is None else percent(share)


def mistakes_table(summary):
    """Return a row for each of the most confident mistakes, or nothing."""
    rows = [
        f"{each['index']:>5}  {each['label']:>4}  {each['predicted']:>9}"
        f"  {confidence(each['confidence']):>10}" + ("  disputed" if each["disputed"] else "")
        for each in summary["confident_mistakes"]
    ]
    head = ["the most confident mistakes", "index  true  predicted  confidence"]
    return "\n".join([*head, *rows]) if rows else ""


def robustness_table(robustness):
    """Return a row for each way to make images worse: accuracy in percent by strength."""
    head = (
        f"accuracy on {robustness['images']:,} images made worse"
        f" ({percent(robustness['accuracy'])} as they are)"
    )
    return "\n".join([head, *(damage_row(*each) for each in robustness["damages"].items())])


def damage_row(name, damage):
    """Return the row of one damage."""
    title = f"{name} ({damage['unit']})"
    pairs = zip(damage["strengths"], damage["accuracy"], strict=True)
    return f"{title:21}" + "".join(f"{each:>5g}:{100 * share:5.1f}" for each, share in pairs)


def of_models(summaries, comparisons, name):
    """Return several models' summaries, a dict by name, side by side, and how each two compare."""
    images = next(iter(summaries.values()))["images"]
    title = f"on {images:,} test images ({name})"
    head = f"{'model':{NAME_WIDTH}} accuracy  misses     95 % interval    loss  cal. error"
    rows = [
        f"{name:{NAME_WIDTH}} {percent(each['accuracy'])}  {each['misses']:6,}"
        f"  {interval(each):>16}  {each['loss']:6.4f}  {percent(each['calibration_error']):>10}"
        for name, each in summaries.items()
    ]
    return "\n".join([title, head, *rows, "", *map(compared, comparisons)])


def compared(comparison):
    """Return a sentence on how two models compare."""
    (first, second), (one, other) = comparison["models"], comparison["right_by_one_alone"]
    verdict = "they differ" if comparison["p"] < SIGNIFICANT else "that may be chance"
    return (
        f"{first} alone is right on {one}, {second} alone on {other}:"
        f" p = {comparison['p']:.2g} (McNemar), {verdict}"
    )


def comparisons(labels, probabilities):
    """Return what `compared` takes of each two models; `probabilities` (n, 10) are by name."""
    return [
        {"models": list(pair), **metrics.comparison(labels, *(probabilities[n] for n in pair))}
        for pair in combinations(probabilities, 2)
    ]
