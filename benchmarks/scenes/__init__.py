"""What people photograph or scan, drawn by the project: the pictures of each kind, with labels.

A scene takes a random generator and MNIST's test digits, or None, and returns a `Scene`.
"""

from scenes.paper import (
    bare_paper,
    boxed,
    boxes,
    comb,
    dotted_cells,
    empty_cell,
    empty_scan,
    grainy_scan,
    ledger,
    on_a_table,
    show_through,
    streaks,
    sudoku_cell,
    taped,
    texture,
)
from scenes.polarity import (
    bitmap,
    blackboard,
    lights,
    thick_strokes,
    tight_binary,
    tight_crop,
    tight_grey,
    white_border,
)
from scenes.prints import display, font, meter, price_tag, stamped
from scenes.writing import (
    binarised,
    climbing,
    dirty,
    dry_pen,
    full_page,
    hanging,
    lined,
    mnist_pair,
    mnist_triple,
    other_hand,
    page_of_text,
    plain_pair,
    signed,
    single_upright,
    thin_pen,
    turned,
    zeros,
)

KINDS = {  # kind → its scenes, which take turns
    "polarity": (tight_crop, thick_strokes, bitmap, white_border, blackboard, lights),
    "signs": (signed, signed, signed, dirty),
    "gaps": (dry_pen, binarised, dry_pen, thin_pen),
    "touching": (mnist_pair, zeros, mnist_triple, lined, climbing, hanging),
    "pairs": (plain_pair,),
    "forms": (boxes, dotted_cells, comb),
    "faint": (texture, show_through, grainy_scan, empty_scan, streaks, bare_paper),
    "frames": (empty_cell, sudoku_cell, boxed, on_a_table, taped, ledger),
    "tight": (tight_grey, tight_binary),
    "printed": (font, stamped, display, meter, price_tag),
    "hands": (other_hand,),
    "pages": (full_page, full_page, full_page, page_of_text),
    "turned": (turned, turned, turned, single_upright),
}
