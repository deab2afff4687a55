"""The world with everything that may happen to it."""

from chaos.world.decisions import Decisions
from chaos.world.hands import Hands
from chaos.world.nodes import Nodes
from chaos.world.rest import Rest


class World(Nodes, Decisions, Hands, Rest):
    """A small cluster to which anything may happen."""
