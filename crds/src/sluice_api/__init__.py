"""Sluice's API: what operator, trainer, plugin and tests agree on.

Here belong the four kinds, the list of reasons, the stage contracts, the records, hashes, the storage
layout and the CRD generator. Nothing here does I/O, reads a clock or imports more than pydantic.
"""

__version__ = "0.1.0"
