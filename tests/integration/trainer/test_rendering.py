"""Chat templates in a process with bounds: the text that transformers gives, and no way past the bounds."""

from collections.abc import Sequence
from typing import Any

import pytest

from sluice_api import reasons
from sluice_api.errors import InputWrong
from sluice_trainer.chat.rendering import Renderer, TemplateRefused

MESSAGES = [{"role": "user", "content": "Hi <b>\u00fc\U0001f642"}, {"role": "assistant", "content": "Yes."}]
EVERY = "{% for m in messages %}"
TEMPLATES = (
    EVERY + "\n  {% if loop.first %}{{ bos_token }}{% endif %}\n{{ m.role }}: {{ m['content'] }}{% endfor %}",
    "{%- set ns = namespace(n=0) %}"
    + EVERY
    + "{% set ns.n = ns.n + 1 %}{% if ns.n > 1 %}{% break %}{% endif %}"
    + "{{ m | tojson }}{% endfor %}{{ ns.n }}",
    "{{ messages | tojson(indent=2) }}{{ tools is none }}{{ documents is none }}{{ missing }}",
    "{% set x = 1 %}{% generation %}{% set x = 2 %}{{ messages[1].content }}{% endgeneration %}{{ x }}",
    "{% macro say(m) %}[{{ m.content | trim | upper }}]{% endmacro %}"
    + EVERY
    + "{{ say(m) }}{% endfor %}{% if add_generation_prompt %}>{% endif %}",
    "{{ strftime_now('%Y') }}",
)
LOOP, END = "{% for _ in range(99999) %}", "{% endfor %}"
BOUNDS = {
    "nested loops": LOOP * 4 + END * 4,
    "a text without end": "{{ 'a' * 99999999999 }}",
    "a text that grows": "{% set ns = namespace(t='a') %}{% for i in range(60) %}"
    "{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
    "much output": "{% for i in range(20000) %}{{ 'a' * 1000 }}{% endfor %}",
    "a wide number": "{{ '%099999999999d' % 1 }}",
    "a list without end": "{{ ([0] * 99999999999) | length }}",
    "a large power": "{{ 9 ** (9 ** 9) }}",
}


def rendered(template: str, messages: Sequence[Any] = MESSAGES, **more: Any) -> str:
    return Renderer(template, {"bos_token": "<s>"}).render(
        messages=messages, tools=None, documents=None, add_generation_prompt=True, **more
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_texts_are_those_of_transformers(template: str) -> None:
    from transformers.utils.chat_template_utils import render_jinja_template

    [theirs], _ = render_jinja_template(
        [MESSAGES], chat_template=template, add_generation_prompt=True, bos_token="<s>"
    )
    assert rendered(template) == theirs


@pytest.mark.parametrize("template", BOUNDS.values(), ids=BOUNDS.keys())
def test_a_template_that_breaks_a_bound_is_a_reason(template: str) -> None:
    with pytest.raises(InputWrong, match="the base model's chat template takes more than") as refused:
        rendered(template)
    assert refused.value.reason is reasons.CHAT_TEMPLATE_UNSUPPORTED


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('only two turns') }}",
        "{{ messages.x.y }}",
        "{% if %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{{ '\\ud800' }}",
        "{% include '/etc/passwd' %}",
        "{{ (" * 5000,
    ],
)
def test_an_error_of_the_template_is_about_this_conversation_only(template: str) -> None:
    with pytest.raises(TemplateRefused):
        rendered(template)


def test_a_template_that_fails_for_one_conversation_renders_the_next() -> None:
    both = Renderer("{% if messages[0] == 1 %}{{ raise_exception('no') }}{% endif %}{{ messages[0] }}", {})
    with pytest.raises(TemplateRefused, match="no"):
        both.render(messages=[1])
    assert both.render(messages=[2]) == "2"
