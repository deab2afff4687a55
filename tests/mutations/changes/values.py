"""Values that stand where others are expected."""

from random import Random
from typing import Any

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    256,
    257,
    319,
    320,
    321,
    65_536,
    2**31 - 1,
    2**31,
    4_000_000_000,
    2**53,
    2**63,
    2**64,
    10**30,
    0.0,
    0.5,
    1.0,
    -0.5,
    1e-300,
    1e-8,
    1e8,
    1e300,
    5.0,
    16.0,
    "",
    "x",
    "0",
    "1",
    "null",
    "true",
    "llama",
    "bert",
    "float16",
    "int8",
    "sdpa",
    "eager",
    "org/kernel",
    "../../etc/passwd",
    "/etc/passwd",
    "http://127.0.0.1:1/x",
    "evil.Evil",
    "<|im_end|>",
    "\u0000",
    "\U0001f642",
    "a" * 5000,
    [],
    {},
    [0],
    [None],
    ["x"],
    [[]],
    {"x": 1},
    {"": ""},
    [1, 2, 3],
    [258, 256],
    {"type": "x"},
)


def other_value(random: Random, value: Any) -> Any:
    """Another value: near the given one, or any."""
    if isinstance(value, bool):
        return not value if random.random() < 0.5 else random.choice(VALUES)
    if isinstance(value, int | float) and random.random() < 0.6:
        return random.choice(
            [value + 1, value - 1, value * 2, value / 2, -value, value // 2, value * 1000, 0]
        )
    if isinstance(value, str) and value and random.random() < 0.3:
        at = random.randrange(len(value))
        return value[:at] + random.choice(["", "x", "{", "\\", "<"]) + value[at + 1 :]
    if isinstance(value, list) and value and random.random() < 0.4:
        return random.choice([value[:-1], value * 2, value[::-1], value[1:]])
    return random.choice(VALUES)
