"""The verb `model import`: a Hugging Face folder or a GGUF file becomes a base model under a digest."""

import argparse
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sluice_api.base import NAME_PATTERN
from sluice_api.contracts.manifests import FileManifest, Marker
from sluice_api.layout import named_key
from sluice_plugin import options
from sluice_plugin.console import console, print_json
from sluice_plugin.errors import Refused
from sluice_plugin.models.folder import Staged, stage_folder
from sluice_plugin.models.gguf import convert
from sluice_plugin.storage import store_settings
from sluice_store import markers
from sluice_store.base import ObjectStore
from sluice_store.files import describe_folder, upload_folder
from sluice_store.open import open_store

_TOLD: Final = 10


def add_to(verbs: Any) -> None:
    """Add the verb to the command line."""
    model = verbs.add_parser("model", help="base models in the store")
    actions = model.add_subparsers(title="actions", required=True, metavar="ACTION")
    parser = actions.add_parser("import", help="upload a Hugging Face folder or a GGUF file")
    parser.add_argument("source", type=Path, metavar="FOLDER|FILE.gguf")
    parser.add_argument("--name", required=True, help="name of the model; it ends up below models/NAME")
    options.add_cluster(parser)
    options.add_storage(parser)
    options.add_output(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Import one model."""
    if not re.fullmatch(NAME_PATTERN, args.name) or len(args.name) > 40:
        raise Refused(f"--name {args.name!r}: use at most 40 lower-case letters, digits and dashes")
    settings = store_settings(args)
    with tempfile.TemporaryDirectory(prefix="sluice-import-") as scratch:
        staged = Path(scratch) / "model"
        staged.mkdir()
        found = prepare(args.source, Path(scratch), staged)
        manifest = import_folder(open_store(settings), staged, args.name)
    where = {"uri": f"{settings.root}/models/{args.name}", "digest": manifest.digest}
    if args.output == "json":
        size = {"files": len(manifest.files), "sizeBytes": manifest.size_bytes}
        print_json({**where, **size, "leftOut": list(found.left_out), "ignoredKeys": list(found.ignored)})
    else:
        _tell("left out, because they are no part of the model", found.left_out)
        _tell("keys that training and serving ignore", found.ignored)
        console().print(f"{where['uri']}: {len(manifest.files)} files, {manifest.size_bytes / 1e6:.1f} MB")
        console().print(f"baseModel: {{s3: {{uri: {where['uri']}, digest: {where['digest']}}}}}")
    return 0


def _tell(what: str, names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
        console().print(f"{what}: {', '.join(names[:_TOLD])}{more}")


def prepare(source: Path, scratch: Path, staged: Path) -> Staged:
    """Fill `staged` with the files that count."""
    if source.is_dir():
        return stage_folder(source, staged)
    if source.is_file() and source.suffix == ".gguf":
        converted = scratch / "converted"
        convert(source, converted)
        return stage_folder(converted, staged)
    raise Refused(f"{source} is neither a folder nor a .gguf file")


def import_folder(store: ObjectStore, staged: Path, name: str) -> FileManifest:
    """Upload, then the marker. A model never changes under its name; importing the same again is fine."""
    key = named_key("models", name)
    manifest = describe_folder(staged, {})
    known = markers.verified(store, key)
    if known is None:
        upload_folder(store, staged, key, {})
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        known = markers.publish(
            store, key, Marker(folder=key, manifest_digest=manifest.digest, created_at=now)
        )
    if known.manifest_digest != manifest.digest:
        raise Refused(
            f"{key} holds another model, {known.manifest_digest}; runs may have started from it, "
            "so choose another --name"
        )
    return manifest
