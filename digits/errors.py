"""The one exception that a user gets to see."""


class UserError(Exception):
    """What the user can mend, as one sentence that names the thing and the way on."""


class NoDigitError(UserError):
    """A picture that can be read and holds no digit."""
