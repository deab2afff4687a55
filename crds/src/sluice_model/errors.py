"""Why a folder is not a model that can be used."""


class Unsupported(Exception):
    """The message says what was found, in which file, what is allowed, and what to do."""
