"""Links, special files, files that are missing or that do not belong to a model.

Beside the folder lies `outside`, of which nothing may be read, and `evil.py` in it, which must never run.
"""

import os
from pathlib import Path
from random import Random

NAMES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
    "generation_config.json",
)
STRANGERS = (
    ("evil.py", b"import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n"),
    ("adapter_config.json", b'{"base_model_name_or_path": "../outside", "peft_type": "LORA"}'),
    ("pytorch_model.bin", b"cposix\nsystem\n(S'touch ran'\ntR."),
    ("consolidated.safetensors", b"x"),
    ("custom_generate/generate.py", b"raise SystemExit"),
    ("sub/config.json", b"{}"),
    ("tokenizer.model", b"x"),
    (".hidden", b"x"),
    ("name with spaces.json", b"{}"),
    ("special_tokens_map.json", b"[]"),
)


def link(random: Random, folder: Path) -> str:
    name = random.choice(NAMES)
    outside = folder.parent / "outside"
    target = random.choice(
        [
            outside / name,
            Path("..") / "outside" / name,
            Path("/proc/self/environ"),
            Path("/dev/zero"),
            Path("nowhere"),
            Path(name),
            outside,
            Path("/etc/passwd"),
        ]
    )
    (folder / name).unlink()
    (folder / name).symlink_to(target)
    return f"{name} -> {target.name}"


def link_inside(random: Random, folder: Path) -> str:
    name = random.choice(NAMES)
    (folder / name).rename(folder / f"real-{name}")
    (folder / name).symlink_to(f"real-{name}")
    return f"{name} -> real-{name}"


def special(random: Random, folder: Path) -> str:
    path = folder / random.choice(NAMES)
    path.unlink()
    if random.random() < 0.5:
        os.mkfifo(path)
    else:
        path.mkdir()
    return f"{path.name} is no file"


def missing(random: Random, folder: Path) -> str:
    path = folder / random.choice(NAMES)
    path.unlink()
    return f"no {path.name}"


def huge(random: Random, folder: Path) -> str:
    path = folder / random.choice(NAMES)
    with path.open("r+b") as file:
        file.truncate(200 * 1024 * 1024)
    return f"{path.name} of 200 MiB"


def stranger(random: Random, folder: Path) -> str:
    name, content = random.choice(STRANGERS)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return f"with {name}"


CHANGES = (link, link, link_inside, special, missing, huge, stranger, stranger)
