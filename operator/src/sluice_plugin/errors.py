"""What the plugin refuses to do, told to a person."""


class Refused(Exception):
    """The message says what was found, what is allowed, and what to do."""
