"""The one exception that is meant for the person at the terminal.

Its message says what was found, where, and what to do; the command line prints it
without a traceback. Errors of programmers are never of this type.
"""


class LocalClusterError(Exception):
    """Something about the machine or the cluster that its user can act on."""
