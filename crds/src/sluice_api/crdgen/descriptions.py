"""Docstrings of fields as descriptions.

Pydantic reads them too (`use_attribute_docstrings`), but at each import: half a second of every start, for
texts that only the generated files hold.
"""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema


class DescribedSchema(GenerateJsonSchema):
    """Pydantic's generator, with the docstrings of fields."""

    def model_schema(self, schema: core_schema.ModelSchema) -> dict[str, Any]:
        """The model's schema; a description that a field has already wins."""
        made = super().model_schema(schema)
        fields = schema["cls"].model_fields
        for name, text in field_docstrings(schema["cls"]).items():
            made["properties"][fields[name].alias or name].setdefault("description", text)
        return made


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Docstrings of a model's fields, those of its bases included."""
    bases = (
        base for base in reversed(model.__mro__) if issubclass(base, BaseModel) and base is not BaseModel
    )
    found = {name: text for base in bases for name, text in _own_docstrings(base).items()}
    return {name: text for name, text in found.items() if name in model.model_fields}


@cache
def _own_docstrings(model: type[BaseModel]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(definition.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
