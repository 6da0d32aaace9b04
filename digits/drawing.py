"""A window to draw digits in with the mouse; the answer changes while the user draws."""

import io
from textwrap import fill

from PIL import Image, ImageDraw

from digits import UserError, plots

SIDE = 400  # pixels of the square page
PEN_RADIUS = 12  # pixels: a digit of half the page's height has strokes as wide as MNIST's
REFRESH_INTERVAL = 250  # milliseconds from one reading to the next
LEFT, RIGHT = 1, 3  # matplotlib's mouse buttons
UNDO, CLEAR = {"ctrl+z", "cmd+z", "super+z", "backspace"}, {"escape", "delete"}
ENTER, LABEL_KEYS = {"enter", "return"}, {*"0123456789/"}
BACKDROP = "0.85"  # light grey
HINT = (
    "draw here   –   Backspace: remove the last stroke   –   Escape or right click: clear"
    "   –   wrong? type the true number, Enter files it"
)
AXES = [(0.03, 0.12, 0.3, 0.72), (0.37, 0.12, 0.26, 0.72), (0.71, 0.2, 0.26, 0.64)]


class Drawing:
    """A page to draw on, in a figure, with the answer beside it.

    `read_page` takes the page, a PIL image, to an `answers.Answer`. `answer` is the latest one, or
    None for an empty page. `file_page` files the page that was read last under a label, and returns
    what to say; it may raise UserError.
    """

    def __init__(self, figure, read_page, file_page):
        self.figure, self.read_page, self.file_page = figure, read_page, file_page
        self.label, self.note = "", ""  # the true number as typed so far; what filing said
        self.strokes, self.answer = [], None  # a stroke is a list of points (x, y) on the page
        self.is_down, self.is_changed = False, False
        figure.set(facecolor=BACKDROP, layout_engine="none")  # a layout would move the page
        figure.text(0.03, 0.04, HINT, fontsize="small")
        self.axes = [figure.add_axes(rectangle) for rectangle in AXES]
        self.show()
        canvas = figure.canvas
        canvas.mpl_connect("button_press_event", self.on_press)
        canvas.mpl_connect("motion_notify_event", self.on_move)
        canvas.mpl_connect("button_release_event", self.on_release)
        canvas.mpl_connect("key_press_event", self.on_key)
        self.timer = canvas.new_timer(REFRESH_INTERVAL, [(self.refresh, (), {})])
        self.timer.start()

    def on_press(self, event):
        on_page = event.inaxes is self.axes[0]
        self.is_down = on_page and event.button == LEFT
        if self.is_down:
            self.change([*self.strokes, [self.point(event)]])
        elif on_page and event.button == RIGHT:
            self.change([])

    def on_move(self, event):
        if self.is_down:  # outside the page, too: the mouse may come back
            self.strokes[-1].append(self.point(event))
            self.change(self.strokes)

    def on_release(self, event):
        self.is_down = False
        self.refresh()

    def on_key(self, event):
        if event.key in LABEL_KEYS:
            self.refresh()
            self.tell(self.label + event.key if self.answer else "")
        elif self.label and event.key in ENTER:
            self.file()
        elif self.label and event.key in UNDO | CLEAR:
            self.tell(self.label[:-1] if event.key in UNDO else "")
        elif event.key in UNDO | CLEAR:
            self.is_down = False
            self.change(self.strokes[:-1] if event.key in UNDO else [])

    def tell(self, label, note=""):
        """Show the true number as it is typed, or what filing said."""
        self.label, self.note = label, note or (label and f"is it {label}? Enter files it")
        self.show()

    def file(self):
        try:
            self.tell("", self.file_page(self.label))
        except UserError as error:
            self.tell("", str(error))

    def point(self, event):
        """Return the mouse's place (x, y) in pixels of the page."""
        return tuple(self.axes[0].transData.inverted().transform((event.x, event.y)))

    def change(self, strokes):
        """Show new strokes at once; `refresh` shows the answer later."""
        self.strokes, self.is_changed, self.label, self.note = strokes, True, "", ""
        ax, canvas = self.axes[0], self.figure.canvas
        ax.images[0].set_data(page_image(strokes))
        if canvas.supports_blit:  # the whole figure would lag behind the mouse
            ax.draw_artist(ax.images[0])
            canvas.blit(ax.bbox)
        else:
            canvas.draw_idle()

    def refresh(self):
        if self.is_changed:
            self.read()
            self.show()

    def read(self):
        self.is_changed = False
        self.answer = self.read_page(page_image(self.strokes)) if self.strokes else None

    def show(self):
        for ax in self.axes:
            ax.clear()
            ax.set_axis_off()
        if self.answer:
            plots.draw_answer(self.axes, self.answer)
            words = self.answer.words if self.answer.rows else "no digit found"
            title = "\n".join(fill(each, 32) for each in (words, self.note) if each)
            self.axes[0].set_title(title, fontsize="large")
            self.axes[2].axison = bool(self.answer.rows)
        else:
            plots.draw_image(self.axes[0], page_image(()))
        self.figure.canvas.draw_idle()


def page_image(strokes):
    """Return dark strokes on a light page, a grey PIL image."""
    image = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(image)
    for points in strokes:
        pen.line(points, fill=0, width=2 * PEN_RADIUS + 1)
        for x, y in points:
            pen.ellipse((x - PEN_RADIUS, y - PEN_RADIUS, x + PEN_RADIUS, y + PEN_RADIUS), fill=0)
    return image


def as_png(image):
    """Return a PIL image as the bytes of a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def new_figure(window=False):
    return plots.new_figure(9, 3.6, window)


def answers_to_drawing(read_page, file_page):
    """Let the user draw in a window until it is closed; return a list of the answer, or of none."""
    import matplotlib as mpl

    with mpl.rc_context({"toolbar": "None"}):  # its tools use the mouse
        figure = new_figure(window=True)
    manager = figure.canvas.manager
    figure.canvas.mpl_disconnect(manager.key_press_handler_id)  # matplotlib's own keys
    manager.set_window_title("draw a digit")
    drawing = Drawing(figure, read_page, file_page)
    plots.show()
    if drawing.is_changed:  # since the last refresh
        drawing.read()
    return [drawing.answer] if drawing.answer else []
