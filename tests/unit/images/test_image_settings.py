"""The machine's package settings, as uv and pip read them."""

import configparser
import tomllib

from sluice_images.basemodel import pinned_version
from sluice_images.settings import PackageSettings

MIRROR = PackageSettings(index="https://user:p%40ss@mirror.test/index", extra=("https://extra.test/index",))


def test_uv_is_told_the_same_index_as_pip() -> None:
    uv = tomllib.loads(MIRROR.uv_toml())
    pip = configparser.RawConfigParser()
    pip.read_string(MIRROR.pip_conf())
    assert uv["index-url"] == pip["global"]["index-url"] == MIRROR.index
    assert uv["extra-index-url"] == pip["global"]["extra-index-url"].split() == list(MIRROR.extra)


def test_without_settings_only_the_systems_certificates_are_asked_for() -> None:
    assert tomllib.loads(PackageSettings().uv_toml()) == {"system-certs": True}


def test_the_base_model_is_named_by_what_its_lock_pins() -> None:
    lock = "some-model==1.2.3 \\\n    --hash=sha256:00\n    # via -r model.in\n"
    assert pinned_version(lock) == "some-model==1.2.3"
