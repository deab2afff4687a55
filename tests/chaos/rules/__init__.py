"""The rules of promotion, section by section, each with what takes exactly it out of the planner."""

from chaos.rules.memory import MEMORY
from chaos.rules.returns import COMING_BACK
from chaos.rules.switching import SWITCH
from chaos.rules.table import TABLE
from chaos.rules.taking import Rule
from chaos.rules.times import TIMES

__all__ = ["RULES", "Rule"]
RULES: tuple[Rule, ...] = (*MEMORY, *SWITCH, *TABLE, *COMING_BACK, *TIMES)
