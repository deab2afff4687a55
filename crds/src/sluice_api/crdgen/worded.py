"""Patterns of a spec become rules with a sentence: the API server would answer with the bare pattern.

Editors keep the patterns, and so does the status, which no person writes.
"""

import re
from typing import Any

from sluice_api.base import DECIMAL_PATTERN
from sluice_api.patterns import WORDS

Schema = dict[str, Any]
_NUMBER = re.compile(r"double\((self[.\w]*)\)")


class PatternWithoutWords(ValueError):
    """A pattern that people would see as it is."""


def worded(schema: Schema) -> Schema:
    """Schema of a whole object with sentences for the patterns of its name and its spec."""
    name = schema["properties"]["metadata"]["properties"]["name"]
    properties = schema["properties"] | {
        "metadata": {"type": "object", "properties": {"name": {k: name[k] for k in ("type", "maxLength")}}},
        "spec": _worded(schema["properties"]["spec"]),
    }
    rule = _rule(name["pattern"], "self.metadata.name", "metadata.name ") | {"fieldPath": ".metadata.name"}
    return schema | {"properties": properties, "x-kubernetes-validations": [rule]}


def _worded(schema: Schema) -> Schema:
    made = {key: value for key, value in schema.items() if key != "pattern"}
    rules = [_guarded(rule) for rule in schema.get("x-kubernetes-validations", ())]
    if "pattern" in schema:
        rules.append(_rule(schema["pattern"], "self"))
    if rules:
        made["x-kubernetes-validations"] = rules
    if "properties" in made:
        made["properties"] = {name: _worded(field) for name, field in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _worded(made[key])
    return made


def _guarded(rule: Schema) -> Schema:
    """A rule that reads a number is silent about text that is none: the field's own rule speaks."""
    subjects = dict.fromkeys(_NUMBER.findall(rule["rule"]))
    if not subjects:
        return rule
    odd = " || ".join(f"!{subject}.matches(r'{DECIMAL_PATTERN}')" for subject in subjects)
    return rule | {"rule": f"{odd} || {rule['rule']}"}


def _rule(pattern: str, subject: str, about: str = "") -> Schema:
    if pattern not in WORDS:
        raise PatternWithoutWords(f"{pattern!r} needs a line in sluice_api.patterns")
    quote = '"' if "'" in pattern else "'"
    return {"rule": f"{subject}.matches(r{quote}{pattern}{quote})", "message": f"{about}{WORDS[pattern]}"}
