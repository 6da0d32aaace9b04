"""An evaluation as JSON, or as text for a terminal of 80 columns."""

import json

from digits.metrics import accuracy_with_misses, confidence, percent

NAME_WIDTH = 24
SIGNIFICANT = 0.05


def as_json(summaries, comparisons, data):
    """Return one JSON object: one model's `metrics.summary`, or several by name, compared."""
    if len(summaries) > 1:
        return json.dumps({"models": summaries, "comparisons": comparisons})
    return json.dumps(*summaries.values())


def as_text(summaries, comparisons, data):
    """Return the metrics as text for a terminal; `data` is the name of the test data."""
    if len(summaries) > 1:
        return models_table(summaries, comparisons, data)
    (summary,) = summaries.values()
    parts = [overview(summary, data), digits_table(summary), mistakes_table(summary)]
    if "robustness" in summary:
        parts.append(robustness_table(summary["robustness"]))
    return "\n\n".join(filter(None, parts))


def overview(summary, data):
    errors, uncalibrated = summary["disputed"], summary["calibration_error_before_temperature"]
    rows = {
        "accuracy": f"{accuracy_with_misses(summary['misses'], summary['images'])}  ({data})",
        "95 % interval": interval(summary),
        "loss": f"{summary['loss']:.4f}",
        "calibration error": percent(summary["calibration_error"]),
    }
    if uncalibrated is not None:
        rows["calibration error"] += f", {percent(uncalibrated)} before temperature scaling"
    if errors["images"]:
        rows["label errors"] = f"{errors['images']}, {errors['misses']} of them counted as wrong"
    return "\n".join(f"{title:18} {value}" for title, value in rows.items())


def interval(summary):
    low, high = summary["interval"]
    return f"{100 * low:.2f} to {percent(high)}"


def digits_table(summary):
    head = "digit  precision    recall        F1  images  most confused with"
    return "\n".join([head, *(digit_row(*each) for each in summary["per_digit"].items())])


def digit_row(digit, row):
    shares = "".join(f"  {percent(row[name]):>8}" for name in ("recall", "f1"))
    confused = row["taken_for"]
    other = f"{confused['digit']} ({confused['images']})" if confused else "–"
    precision = percent(row["precision"])
    return f"{digit:>5}  {precision:>9}{shares}  {row['images']:6,}  {other}"


def mistakes_table(summary):
    """Return the most confident mistakes, or "" without any."""
    rows = [
        f"{each['index']:>5}  {each['label']:>4}  {each['predicted']:>9}"
        f"  {confidence(each['confidence']):>10}" + ("  label error" if each["disputed"] else "")
        for each in summary["confident_mistakes"]
    ]
    head = ["most confident mistakes", "index  true  predicted  confidence"]
    return "\n".join([*head, *rows]) if rows else ""


def robustness_table(robustness):
    head = (
        f"accuracy in % by corruption and severity, {robustness['images']:,} images"
        f" ({percent(robustness['accuracy'])} without)"
    )
    return "\n".join([head, *(corruption_row(*each) for each in robustness["damages"].items())])


def corruption_row(name, corruption):
    title = f"{name} ({corruption['unit']})"
    pairs = zip(corruption["strengths"], corruption["accuracy"], strict=True)
    return f"{title:21}" + "".join(f"{each:>5g}:{100 * share:5.1f}" for each, share in pairs)


def models_table(summaries, comparisons, data):
    images = next(iter(summaries.values()))["images"]
    title = f"on {images:,} test images ({data})"
    head = f"{'model':{NAME_WIDTH}} accuracy  misses     95 % interval    loss  cal. error"
    rows = [
        f"{name:{NAME_WIDTH}} {percent(each['accuracy'])}  {each['misses']:6,}"
        f"  {interval(each):>16}  {each['loss']:6.4f}  {percent(each['calibration_error']):>10}"
        for name, each in summaries.items()
    ]
    return "\n".join([title, head, *rows, "", *map(comparison_sentence, comparisons)])


def comparison_sentence(comparison):
    (first, second), (one, other) = comparison["models"], comparison["right_by_one_alone"]
    verdict = "a significant difference" if comparison["p"] < SIGNIFICANT else "may be chance"
    return (
        f"{first} alone is right on {one}, {second} alone on {other}:"
        f" p = {comparison['p']:.2g} (McNemar's test), {verdict}"
    )
