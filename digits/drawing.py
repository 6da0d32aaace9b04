"""A window to draw in with the mouse: the answer changes as one draws."""

from textwrap import fill

from PIL import Image, ImageDraw

from digits import plots

SIDE = 400  # pixels of the page, each way
PEN = 12  # pixels, its radius: a digit as high as half the page has the strokes of MNIST's
PAUSE = 250  # milliseconds from one reading to the next
LEFT, RIGHT = 1, 3  # matplotlib's mouse buttons
UNDO, CLEAR = {"ctrl+z", "cmd+z", "super+z", "backspace"}, {"escape", "delete"}
TABLE = "0.85"  # the grey that the page lies on
HINT = "draw here    –    Backspace takes the last stroke back, Escape or a right click all of them"
PLACES = [(0.03, 0.12, 0.3, 0.72), (0.37, 0.12, 0.26, 0.72), (0.71, 0.2, 0.26, 0.64)]


class Drawing:
    """A page on a figure that is drawn on, and read again while it changes.

    `read` takes the page, a PIL image, to an `answers.Answer`. `answer` is what it last returned,
    None while nothing is on the page.
    """

    def __init__(self, figure, read):
        self.figure, self.read_page = figure, read
        self.strokes, self.answer = [], None  # a stroke is a list of points, x and y
        self.is_down, self.is_changed = False, False
        figure.set(facecolor=TABLE, layout_engine="none")  # which would move the page about
        figure.text(0.03, 0.04, HINT)
        self.axes = [figure.add_axes(place) for place in PLACES]
        self.show()
        self.listen(figure.canvas)

    def listen(self, canvas):
        """Have the canvas report what mouse and keyboard do, and the passing of time."""
        connect = canvas.mpl_connect
        connect("button_press_event", self.on_press)
        connect("motion_notify_event", self.on_move)
        connect("button_release_event", self.on_release)
        connect("key_press_event", self.on_key)
        self.timer = canvas.new_timer(PAUSE, [(self.refresh, (), {})])
        self.timer.start()

    def on_press(self, event):
        """Begin a stroke, or clear the page."""
        on_page = event.inaxes is self.axes[0]
        self.is_down = on_page and event.button == LEFT
        if self.is_down:
            self.change([*self.strokes, [self.point(event)]])
        elif on_page and event.button == RIGHT:
            self.change([])

    def on_move(self, event):
        """Go on with the stroke, also beyond the page, from where the mouse may come back."""
        if self.is_down:
            self.strokes[-1].append(self.point(event))
            self.change(self.strokes)

    def on_release(self, event):
        """End the stroke."""
        self.is_down = False
        self.refresh()

    def on_key(self, event):
        """Take the last stroke back, or all."""
        if event.key in UNDO | CLEAR:
            self.is_down = False
            self.change(self.strokes[:-1] if event.key in UNDO else [])

    def point(self, event):
        """Return where the mouse is, x and y in pixels of the page."""
        return tuple(self.axes[0].transData.inverted().transform((event.x, event.y)))

    def change(self, strokes):
        """Show other strokes at once; the answer to them follows."""
        self.strokes, self.is_changed = strokes, True
        ax, canvas = self.axes[0], self.figure.canvas
        ax.images[0].set_data(page(strokes))
        if canvas.supports_blit:  # the page alone: all of the figure would be behind the mouse
            ax.draw_artist(ax.images[0])
            canvas.blit(ax.bbox)
        else:
            canvas.draw_idle()

    def refresh(self):
        """Show the answer to the page if it has changed."""
        if self.is_changed:
            self.read()
            self.show()

    def read(self):
        """Answer to what is on the page now."""
        self.is_changed = False
        self.answer = self.read_page(page(self.strokes)) if self.strokes else None

    def show(self):
        """Show the page and the answer to it."""
        for ax in self.axes:
            ax.clear()
            ax.set_axis_off()
        if self.answer:
            plots.draw_answer(self.axes, self.answer)
            words = self.answer.words if self.answer.rows else "no digit found"
            self.axes[0].set_title(fill(words, 32), fontsize="large")
            self.axes[2].axison = bool(self.answer.rows)
        else:
            plots.draw_image(self.axes[0], page(()))
        self.figure.canvas.draw_idle()


def page(strokes):
    """Return a page with dark strokes on it, a grey PIL image."""
    image = Image.new("L", (SIDE, SIDE), 255)
    pen = ImageDraw.Draw(image)
    for points in strokes:
        pen.line(points, fill=0, width=2 * PEN + 1)
        for x, y in points:
            pen.ellipse((x - PEN, y - PEN, x + PEN, y + PEN), fill=0)
    return image


def new_figure(window=False):
    """Return the figure that a `Drawing` stands on."""
    return plots.new_figure(9, 3.6, window)


def answers_to_drawing(read):
    """Open a window to draw in, and return the answer to what is there when it is closed.

    That is a list of one `answers.Answer`, or of none.
    """
    import matplotlib as mpl

    with mpl.rc_context({"toolbar": "None"}):  # its tools would get in the way; so would the keys
        figure = new_figure(window=True)
    manager = figure.canvas.manager
    figure.canvas.mpl_disconnect(manager.key_press_handler_id)
    manager.set_window_title("draw a digit")
    drawing = Drawing(figure, read)
    plots.show()
    if drawing.is_changed:  # in the last moment
        drawing.read()
    return [drawing.answer] if drawing.answer else []
