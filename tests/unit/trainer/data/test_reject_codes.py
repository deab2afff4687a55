"""Every reject code is in the guide, so that a person who meets one can look it up."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_the_guide_explains_every_code() -> None:
    sources = sorted((ROOT / "trainer-image/src/sluice_trainer/data").rglob("*.py"))
    made = {
        code for path in sources for code in re.findall(r'RejectedRow\(\s*"([a-z0-9_]+)"', path.read_text())
    }
    made |= {code for path in sources for code in re.findall(r'"([a-z_]+_unsupported)"', path.read_text())}
    guide = (ROOT / "docs/guide/rows.md").read_text()
    assert len(made) > 25
    assert {code for code in made if f"`{code}`" not in guide} == set()
