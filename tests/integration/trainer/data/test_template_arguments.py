"""Arguments of the chat template become part of it, so that every renderer writes conversations alike."""

import json
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from sluice_api.chat import TemplateArgument
from sluice_trainer.chat.arguments import is_read, with_arguments, write_template
from sluice_trainer.chat.tokenizer import ChatTokenizer, load_tokenizer
from sluice_trainer.data.mappers.example import ChatMessage
from support.tinymodel import tiny_tokenizer

TEMPLATE = """\

  {%- macro end() %}{{ '' if enable_thinking is not defined else effort | default('none') }}{% endmacro %}
{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}
{%- endif %}{{ end() }}{{ budget + 1 if budget is defined else '' }}"""
STARTS = [
    "",
    "\n",
    "\n\n  ",
    "  {% if true %}x{% endif %}",
    "{#- comment -#}\n",
    "text ",
    "{%- set x = 1 %}\n",
]
QUESTION = [ChatMessage(role="user", content="q")]


def argument(name: str, value: str) -> TemplateArgument:
    return TemplateArgument(name=name, value=value)


NO_THINKING = argument("enable_thinking", "false")
ALL = (NO_THINKING, argument("effort", "very low"), argument("budget", "512"))


@pytest.mark.parametrize("start", STARTS)
def test_a_template_with_arguments_writes_what_it_writes_when_given_them(start: str) -> None:
    tokens = tiny_tokenizer()
    tokens.chat_template = start + TEMPLATE
    given = {"enable_thinking": False, "effort": "very low", "budget": 512}
    expected = tokens.apply_chat_template(QUESTION, tokenize=False, add_generation_prompt=True, **given)
    assert "<think>" in expected
    assert "very low513" in expected
    ours = ChatTokenizer(tokens, ALL)
    assert ours.render(QUESTION, generation_prompt=True).text == expected
    tokens.chat_template = ours.template
    plain = tokens.apply_chat_template(QUESTION, tokenize=False, add_generation_prompt=True)
    assert plain == expected
    other = tokens.apply_chat_template(
        QUESTION, tokenize=False, add_generation_prompt=True, enable_thinking=True
    )
    assert other == expected


def test_without_arguments_a_template_stays_as_it_is() -> None:
    assert with_arguments(TEMPLATE, ()) == TEMPLATE


def test_arguments_of_an_earlier_run_hold_unless_they_are_named() -> None:
    first = with_arguments(TEMPLATE, ALL)
    assert with_arguments(first, ()) == first
    second = with_arguments(first, [argument("enable_thinking", "true")])
    assert second == with_arguments(TEMPLATE, [argument("enable_thinking", "true"), *ALL[1:]])
    assert second.count("set enable_thinking") == 1


def test_an_argument_that_the_template_does_not_read_is_known() -> None:
    assert is_read(TEMPLATE, "enable_thinking")
    assert not is_read(TEMPLATE, "enable_think")


def test_a_bundle_has_one_template(tmp_path: Path) -> None:
    tokens = tiny_tokenizer()
    tokens.chat_template = TEMPLATE
    tokens.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    (tmp_path / "chat_template.jinja").unlink(missing_ok=True)
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | {"chat_template": TEMPLATE}))
    ours = load_tokenizer(tmp_path, ALL)
    write_template(tmp_path, ours.template)
    assert "chat_template" not in json.loads((tmp_path / "tokenizer_config.json").read_text())
    again = AutoTokenizer.from_pretrained(tmp_path)
    assert again.chat_template == ours.template
    assert load_tokenizer(tmp_path).template == ours.template


@pytest.mark.parametrize(
    ("name", "value"),
    [("messages", "x"), ("a b", "x"), ("", "x"), ("x", "it's"), ("x", "}}"), ("x", "x" * 65)],
)
def test_what_would_break_a_template_is_no_argument(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"name|value"):
        argument(name, value)
