"""How conversations are written for a model: arguments of its chat template."""

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from sluice_api.base import ApiModel, Rule

GIVEN = (
    *("messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token", "pad_token"),
    *("unk_token", "loop", "raise_exception", "strftime_now", "true", "false", "none"),
)
"""Names that a template gets from whoever renders it, or that Jinja keeps."""


class TemplateArgument(ApiModel):
    """One argument of the chat template."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            cel=f"!(self.name in {list(GIVEN)})",
            message=f"name must be none of {', '.join(GIVEN)}, which every conversation brings",
            holds=lambda a: a.name not in GIVEN,
            field="name",
        ),
    )

    name: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """Name that the template reads, such as `enable_thinking`."""
    value: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.,:/ +-]*$")]
    """`true` and `false` are booleans, whole numbers are numbers; everything else is text."""


TemplateArguments = Annotated[
    tuple[TemplateArgument, ...], Field(max_length=8, json_schema_extra={"listMapKey": "name"})
]


class Chat(ApiModel):
    """How conversations are written for the model."""

    template_arguments: TemplateArguments = ()
    """Arguments of the base model's chat template. They become part of the artifact's template, so that
    training, evaluation and every server write conversations alike."""
