"""What is trained is what evaluation asks for, whatever a template writes before answers of the past."""

import json
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers
from transformers import PreTrainedTokenizerFast

from sluice_trainer.chat.documents import documents
from sluice_trainer.chat.ending import answer_prefix
from sluice_trainer.chat.fitting import Fitted
from sluice_trainer.chat.masks import LossOn
from sluice_trainer.chat.samples import describe_samples, unexpected_loss
from sluice_trainer.chat.tokenizer import ChatTokenizer
from sluice_trainer.chat.unusable import Unusable
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.rows import Row
from sluice_trainer.data.shards import IGNORE
from sluice_trainer.preflight.fitting import asked_as_trained
from support.tinymodel import TURN_END, tiny_tokenizer

THINK_BLOCK = """
{%- for m in messages %}
{%- if m.role == 'assistant' and loop.last %}
{{- '<|im_start|>assistant\n<think>\n\n</think>\n\n' + m.content + '<|im_end|>\n' }}
{%- else %}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
"""
SPLITS_THOUGHTS = """
{%- for m in messages %}
{%- if m.role == 'assistant' %}
{%- set parts = m.content.split('</think>') %}
{%- set thought = parts[0].split('<think>')[-1].strip('\n') if parts | length > 1 else '' %}
{%- if loop.last %}
{{- '<|im_start|>assistant\n<think>\n' + thought + '\n</think>\n\n' }}
{{- parts[-1].lstrip('\n') + '<|im_end|>\n' }}
{%- else %}
{{- '<|im_start|>assistant\n' + parts[-1].lstrip('\n') + '<|im_end|>\n' }}
{%- endif %}
{%- else %}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
{%- endif %}
"""
OPENS_BLOCK = SPLITS_THOUGHTS.replace(
    "enable_thinking is defined and enable_thinking is false", "true"
).replace("{{- '<think>\n\n</think>\n\n' }}", "{{- '<think>\n' }}")
ALTERNATES = """
{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
"""


def chat(*contents: str) -> list[ChatMessage]:
    roles = ("user", "assistant")
    return [ChatMessage(role=roles[i % 2], content=text) for i, text in enumerate(contents)]


def templated(template: str) -> ChatTokenizer:
    wrapped = tiny_tokenizer()
    wrapped.chat_template = template.strip()
    return ChatTokenizer(wrapped)


def trained(
    tokenizer: ChatTokenizer, messages: list[ChatMessage], loss_on: LossOn = "FinalAssistant"
) -> tuple[str, str]:
    """Text of a document, and the part of it that carries loss."""
    [outcome] = documents(tokenizer, [messages], loss_on, 512)
    assert isinstance(outcome, Fitted), outcome
    document = outcome.document
    assert unexpected_loss(tokenizer, messages, loss_on) is None
    return tokenizer.decode(document.ids), tokenizer.decode(document.ids[document.labels != IGNORE])


@pytest.mark.parametrize("template", [THINK_BLOCK, SPLITS_THOUGHTS])
def test_an_empty_think_block_of_the_template_is_not_learnt(template: str) -> None:
    tokenizer = templated(template)
    whole, learnt = trained(tokenizer, chat("capital of France?", "Paris"))
    assert learnt == f"Paris{TURN_END}"
    prompt, _ = tokenizer.prompt(chat("capital of France?"))
    assert whole == f"{prompt}Paris{TURN_END}"
    assert "<think>" not in whole


def test_preflight_tells_what_the_template_writes_before_answers() -> None:
    assert answer_prefix(templated(THINK_BLOCK)) == ("<think>\n\n</think>\n\n", "")
    found = asked_as_trained(templated(THINK_BLOCK))
    assert found.status == "warn"
    assert repr("<think>\n\n</think>\n\n") in found.message
    assert len(found.message) <= 120
    assert asked_as_trained(ChatTokenizer(tiny_tokenizer())).status == "ok"


def test_thoughts_that_a_row_holds_are_learnt_as_they_are() -> None:
    content = "<think>it is the capital</think>Paris"
    _, learnt = trained(templated(SPLITS_THOUGHTS), chat("capital?", content))
    assert learnt == f"{content}{TURN_END}"


@pytest.mark.parametrize(
    ("content", "learnt"),
    [
        ("Paris", "</think>\n\nParis"),
        ("<think>\nhm\n</think>\n\nParis", "hm\n</think>\n\nParis"),
        ("hm</think>Paris", "hm</think>Paris"),
    ],
)
def test_a_block_that_the_prompt_opens_is_closed_before_the_answer(content: str, learnt: str) -> None:
    tokenizer = templated(OPENS_BLOCK)
    assert tokenizer.prompt(chat("q"))[0].endswith("<|im_start|>assistant\n<think>\n")
    assert trained(tokenizer, chat("capital?", content))[1] == f"{learnt}{TURN_END}"


def test_history_that_is_written_otherwise_than_asked_carries_no_loss_by_accident() -> None:
    messages = chat("q", "first", "r", "second")
    assert trained(templated(THINK_BLOCK), messages, "AllAssistant")[1] == f"first{TURN_END}second{TURN_END}"
    [outcome] = documents(templated(OPENS_BLOCK), [messages], "AllAssistant", 512)
    assert outcome == Unusable("history_rewritten", "the template leaves out or changes an earlier answer")
    assert trained(templated(OPENS_BLOCK), messages)[1] == f"</think>\n\nsecond{TURN_END}"


def test_rows_that_the_template_refuses_say_why() -> None:
    tokenizer = templated(ALTERNATES)
    twice = [ChatMessage(role="user", content="q"), *chat("please be short", "a")]
    outcomes = list(documents(tokenizer, [twice, chat("q", "a")], "FinalAssistant", 512))
    assert isinstance(outcomes[0], Unusable)
    assert outcomes[0].code == "template_refused"
    assert "roles must alternate" in outcomes[0].detail
    assert isinstance(outcomes[1], Fitted)


def prefix_space_tokenizer() -> PreTrainedTokenizerFast:
    """As Llama-2's: a space is put before text, and decoding takes one away."""
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *(f"<0x{n:02X}>" for n in range(256)),
        "▁",
        *"abcdefghijklmnopqrstuvwxyz",
    ]
    pieces += list("ABCDEFGHIJKLMNOPQRSTUVWXYZ[]/?.,:1234567890")
    merges = [("▁", letter) for letter in "abcdefghijklmnopqrstuvwxyzABCP["]
    pieces += ["".join(pair) for pair in merges]
    core = Tokenizer(
        models.BPE(
            vocab={piece: i for i, piece in enumerate(pieces)},
            merges=merges,
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    core.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    core.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in ("<s>", "</s>")])
    template = (
        "{% for m in messages %}{% if m.role == 'user' %}{{ '<s>[INST] ' + m.content + ' [/INST]' }}"
        "{% else %}{{ ' ' + m.content | trim + ' </s>' }}{% endif %}{% endfor %}"
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=template
    )


@pytest.mark.parametrize("answer", ["Paris", " Paris", "a b  c", "é日", "Paris \n", "[INST] x"])
def test_a_decoder_that_is_no_inverse_refuses_nothing(answer: str) -> None:
    tokenizer = ChatTokenizer(prefix_space_tokenizer())
    assert unexpected_loss(tokenizer, chat("q", answer), "FinalAssistant") is None
    whole, _ = trained(tokenizer, chat("q", answer))
    assert whole.endswith("</s>")
    prompt, ids = tokenizer.prompt(chat("q"))
    assert prompt == "<s>[INST] q [/INST]"
    [outcome] = documents(tokenizer, [chat("q", answer)], "FinalAssistant", 512)
    assert isinstance(outcome, Fitted)
    assert outcome.document.ids[: len(ids)].tolist() == ids


@pytest.mark.parametrize("answer", [" leading space", "\n\nnew lines", "\ttab", "trailing \n"])
def test_an_answer_with_outer_white_space_refuses_nothing(answer: str) -> None:
    for template in (tiny_tokenizer().chat_template, THINK_BLOCK, SPLITS_THOUGHTS):
        assert unexpected_loss(templated(template), chat("q", answer), "FinalAssistant") is None


def test_labels_that_stand_for_something_else_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = ChatTokenizer(tiny_tokenizer())
    whole = tokenizer.encode

    def shifted(rendered: Any) -> Any:
        found = whole(rendered)
        for one in found:
            one.starts[:-3], one.ends[:-3] = one.starts[3:].copy(), one.ends[3:].copy()
        return found

    monkeypatch.setattr(tokenizer, "encode", shifted)
    problem = unexpected_loss(tokenizer, chat("question", "the answer"), "FinalAssistant")
    assert problem is not None
    assert "the answer is 'the answer<|im_end|>'" in problem


def test_samples_show_the_text_as_it_was_cut() -> None:
    tokenizer = ChatTokenizer(tiny_tokenizer())
    messages = tuple(chat(f"Which team? {'x' * 300} Thanks.", "billing"))
    refused = (ChatMessage(role="user", content="only a question"),)
    rows = [Row("a", "", messages, None, "s", 1), Row("b", "", refused, None, "s", 2)]
    cut, other = describe_samples(tokenizer, rows, "FinalAssistant", 100)
    assert cut["truncated"]
    assert len(tokenizer.encode_text(cut["text"])) == 100
    assert "Which team?" in cut["text"]
    assert cut["answers"] == [f"billing{TURN_END}"]
    assert other == {"id": "b", "unusable": "no_answer_tokens", "detail": "no turn is the assistant's"}
    assert json.dumps([cut, other])
