"""How well labelled pictures are read, as JSON or as text for a terminal."""

import json

from digits.evaluation.report import digits_table
from digits.files import printable
from digits.metrics import accuracy_with_misses, percent
from digits.own import cross_validation, results


def as_json(found):
    """Return one JSON object: of one model's `Result`s, or of several by the model's name."""
    summaries = {name: results.summary(each) for name, each in found.items()}
    return json.dumps({"models": summaries} if len(summaries) > 1 else summaries.popitem()[1])


def as_text(found):
    """Return the same as text; without per-digit metrics and misses for several models."""
    summaries = {name: results.summary(each) for name, each in found.items()}
    if len(found) > 1:
        return "\n\n".join(f"{name}\n{kinds_table(each)}" for name, each in summaries.items())
    (found,), (summary,) = found.values(), summaries.values()
    has_digits = any(row["images"] for row in summary["per_digit"].values())
    parts = [kinds_table(summary), digits_table(summary) if has_digits else "", misses_list(found)]
    return "\n\n".join(filter(None, parts))


def kinds_table(summary):
    """Return the counts of a `results.summary`, in all and by kind, as a table."""
    rows = [(printable(kind), each) for kind, each in summary["kinds"].items()]
    rows = [("all", summary), *(rows if len(rows) > 1 else [])]
    width = max(len(kind) for kind, _ in rows)
    head = f"{'':{width}}  pictures  right  wrong  not sure  accuracy"
    return "\n".join([head, *(kind_row(f"{kind:{width}}", each) for kind, each in rows)])


def kind_row(kind, counts):
    share = percent(counts["right"] / counts["pictures"])
    shown = f"{counts['right']:5,}  {counts['wrong']:5,}  {counts['not_sure']:8,}  {share:>8}"
    return f"{kind}  {counts['pictures']:8,}  {shown}"


def misses_list(found):
    """Return a line for each picture that is not read right, or "" without any."""
    lines = [printable(each.line) for each in results.misses(found)]
    return "\n".join(["misses", *lines]) if lines else ""


def of_lessons(lessons, others):
    """Return what is learned, from which data besides, as a sentence."""
    images = sum(len(each.images) for each in lessons)
    duration = "a minute or two" if images <= 500 else "several minutes"
    return (
        f"training on {images:,} digits in {len(lessons):,} pictures, mixed with {others};"
        f" this takes {duration}"
    )


def of_teaching(before, after, record):
    """Return what a fine-tuning has brought, as text.

    `before` and `after` are the pictures' `Result`s, the latter by cross-validation.
    """
    right = [results.counts(each)["right"] for each in (before, after)]
    images, misses = record["validation_images"], record["own"]["validation_misses_before"]
    errors = [printable(each.line) for each in after if each.has_likely_label_error]
    lines = [
        f"your pictures        {right[0]:,} of {len(before):,} right before, {right[1]:,} after"
        f" ({cross_validation.method(len(before))})",
        f"validation accuracy  {percent(1 - misses / images)} before, after"
        f" {accuracy_with_misses(record['validation_misses'], images)}",
    ]
    return "\n".join([*lines, *(["possible label errors", *errors] if errors else [])])
