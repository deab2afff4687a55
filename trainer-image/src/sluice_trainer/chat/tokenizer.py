"""A tokenizer with its chat template, behind the few operations that stages need.

Content is text: a control token that a user writes, such as an end-of-turn mark, is encoded letter by letter
and can never end a turn. Only the template writes control tokens.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sluice_api import reasons
from sluice_api.chat import TemplateArgument
from sluice_api.errors import InputWrong
from sluice_trainer.chat.arguments import with_arguments
from sluice_trainer.chat.faults import tokenizer_faults
from sluice_trainer.chat.rendering import Renderer
from sluice_trainer.data.mappers.example import ChatMessage
from sluice_trainer.data.shards import Tokens

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

Messages = Sequence[ChatMessage]

_ENCODES = "cannot encode a text"
_PLACEHOLDERS = 0xF0000
"""First of the private-use characters that stand for control tokens in content while a template renders."""


@dataclass(frozen=True)
class Rendered:
    """A conversation as text, and where the template, not the content, wrote control tokens."""

    text: str
    controls: tuple[tuple[int, int], ...]
    literal: bool
    """Whether content holds control tokens as text, so that plain encoding would misread them."""


@dataclass(frozen=True)
class Encoded:
    """Tokens and the characters that each stands for."""

    ids: Tokens
    starts: Tokens
    ends: Tokens


class ChatTokenizer:
    """Renders and encodes conversations."""

    def __init__(self, tokenizer: Any, arguments: Iterable[TemplateArgument] = ()) -> None:
        """Wrap a fast tokenizer of transformers that has a chat template; `arguments` are set in it."""
        from tokenizers import Tokenizer

        self._tokenizer = tokenizer
        self.plain_template: str = tokenizer.get_chat_template()
        self.template = with_arguments(self.plain_template, arguments)
        self._renderer = Renderer(self.template, tokenizer.special_tokens_map)
        added = tokenizer.backend_tokenizer.get_added_tokens_decoder()
        self.controls: dict[str, int] = {t.content: i for i, t in added.items() if t.special}
        longest_first = sorted(self.controls, key=len, reverse=True)
        self._control = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._parsing = _plain_copy(Tokenizer, tokenizer.backend_tokenizer)
        self._literal = _plain_copy(Tokenizer, tokenizer.backend_tokenizer)
        self._literal.encode_special_tokens = True

    @property
    def size(self) -> int:
        """One more than the largest id."""
        return max(self._parsing.get_vocab(with_added_tokens=True).values()) + 1

    @property
    def end_id(self) -> int | None:
        """The token that ends a reply, where the tokenizer names one."""
        end: int | None = self._tokenizer.eos_token_id
        return end

    def holds_control(self, text: str) -> bool:
        """Whether a text holds a control token letter by letter."""
        return self._control.search(text) is not None

    def render(self, messages: Messages, *, generation_prompt: bool = False) -> Rendered:
        """The conversation through the template. Raises TemplateRefused."""
        if not any(self.holds_control(m["content"]) for m in messages):
            text = self._apply(messages, generation_prompt)
            return Rendered(text, self._spans(text), literal=False)
        hidden = _Hidden(self._control, messages)
        text = self._apply(hidden.messages, generation_prompt)
        spans = tuple((hidden.place(text, a), hidden.place(text, b)) for a, b in self._spans(text))
        return Rendered(hidden.restore(text), spans, literal=True)

    def encode(self, rendered: Sequence[Rendered]) -> list[Encoded]:
        """Tokens of conversations. Many at once are encoded on all cores."""
        plain = [r.text for r in rendered if not r.literal]
        with tokenizer_faults(_ENCODES):
            batch = iter(self._parsing.encode_batch(plain, add_special_tokens=False))
        return [self.encode_pieces(r, ()) if r.literal else _encoded(next(batch)) for r in rendered]

    def encode_pieces(self, rendered: Rendered, breaks: Sequence[int]) -> Encoded:
        """Tokens of a conversation, such that none reaches over a control token or one of `breaks`."""
        controls = dict(rendered.controls)
        edges = {0, len(rendered.text), *breaks, *controls, *controls.values()}
        parts = []
        for start, end in zip(sorted(edges), sorted(edges)[1:], strict=False):
            text = rendered.text[start:end]
            if controls.get(start) == end:
                parts.append(Encoded(_array([self.controls[text]]), _array([start]), _array([end])))
            else:
                with tokenizer_faults(_ENCODES):
                    piece = _encoded(self._literal.encode(text, add_special_tokens=False))
                parts.append(Encoded(piece.ids, piece.starts + start, piece.ends + start))
        return Encoded(*(_join([getattr(p, name) for p in parts]) for name in ("ids", "starts", "ends")))

    def prompt(self, messages: Messages) -> tuple[str, list[int]]:
        """A conversation that waits for the assistant's answer, and its tokens. Raises TemplateRefused."""
        rendered = self.render(messages, generation_prompt=True)
        [encoded] = self.encode([rendered])
        return rendered.text, [int(i) for i in encoded.ids]

    def decode(self, ids: Sequence[int] | Tokens) -> str:
        """Text of tokens, control tokens included."""
        with tokenizer_faults("cannot decode tokens"):
            return str(self._parsing.decode([int(i) for i in ids], skip_special_tokens=False))

    def encode_text(self, text: str) -> list[int]:
        """Tokens of a text with the template's control tokens in it."""
        with tokenizer_faults(_ENCODES):
            return list(self._parsing.encode(text, add_special_tokens=False).ids)

    def _spans(self, text: str) -> tuple[tuple[int, int], ...]:
        return tuple(match.span() for match in self._control.finditer(text))

    def _apply(self, messages: Messages, generation_prompt: bool) -> str:
        given = {"messages": list(messages), "tools": None, "documents": None}
        return self._renderer.render(**given, add_generation_prompt=generation_prompt)


class _Hidden:
    """Messages whose control tokens are replaced by single characters that occur nowhere else in them."""

    def __init__(self, control: re.Pattern[str], messages: Messages) -> None:
        contents = "".join(m["content"] for m in messages)
        free = (chr(c) for c in range(_PLACEHOLDERS, 0x10FFFE) if chr(c) not in contents)
        self._original = {next(free): text for text in sorted(set(control.findall(contents)))}
        stand_in = {text: char for char, text in self._original.items()}
        self.messages = [
            ChatMessage(role=m["role"], content=control.sub(lambda found: stand_in[found[0]], m["content"]))
            for m in messages
        ]

    def restore(self, text: str) -> str:
        """The text with the control tokens back in place."""
        return text.translate(str.maketrans(self._original))

    def place(self, text: str, position: int) -> int:
        """Where a position of the text is after `restore`."""
        return len(self.restore(text[:position]))


def load_tokenizer(folder: Path, arguments: Iterable[TemplateArgument] = ()) -> ChatTokenizer:
    """The tokenizer of a model folder, whose code is never run. Raises InputWrong when it is not usable."""
    from transformers import AutoTokenizer

    with tokenizer_faults("cannot be loaded"):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        return _usable(tokenizer, arguments)


def _usable(tokenizer: Any, arguments: Iterable[TemplateArgument]) -> ChatTokenizer:
    if not tokenizer.is_fast:
        raise InputWrong(
            reasons.BASE_MODEL_UNSUPPORTED, "the model has no tokenizer.json; a fast tokenizer is needed"
        )
    if tokenizer.chat_template is None:
        raise InputWrong(
            reasons.CHAT_TEMPLATE_MISSING, "the tokenizer of the base model has no chat template"
        )
    if isinstance(tokenizer.chat_template, dict) and "default" not in tokenizer.chat_template:
        found = ", ".join(sorted(tokenizer.chat_template))
        raise InputWrong(
            reasons.CHAT_TEMPLATE_MISSING,
            f"the tokenizer has the chat templates {found}, none of which is named default",
        )
    return ChatTokenizer(tokenizer, arguments)


def _plain_copy(kind: type["Tokenizer"], core: "Tokenizer") -> "Tokenizer":
    """A copy that adds nothing, cuts nothing, and reports where each token really starts and ends."""
    copy: Tokenizer = kind.from_str(core.to_str())
    copy.no_truncation()
    copy.no_padding()
    copy.post_processor = None  # it would trim white space off the offsets
    return copy


def _encoded(encoding: "Encoding") -> Encoded:
    offsets = np.asarray(encoding.offsets, dtype=np.int32).reshape(-1, 2)
    return Encoded(_array(encoding.ids), offsets[:, 0], offsets[:, 1])


def _array(values: Sequence[int]) -> Tokens:
    return np.asarray(values, dtype=np.int32)


def _join(parts: list[Tokens]) -> Tokens:
    return np.concatenate(parts) if parts else _array([])
