"""The tree: folders that must never become packages."""

from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
NO_PACKAGES = ("operator", "crds", "trainer-image", "charts", "tests", "localcluster", "docs")


@pytest.mark.parametrize("folder", NO_PACKAGES)
def test_no_package_shadows_another(folder: str) -> None:
    """`operator/__init__.py` would shadow the standard library; the others are folders, too."""
    assert not (CHECKOUT / folder / "__init__.py").exists()
    assert not (CHECKOUT / folder / "src" / "__init__.py").exists()
