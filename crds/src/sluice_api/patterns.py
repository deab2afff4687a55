"""What a pattern demands, in words: people read these, never the pattern. One line for each in a spec.

A new pattern of a spec is a line here; the generator of CRDs asks for it.
"""

from typing import Final

from sluice_api.base import DECIMAL_PATTERN, NAME_PATTERN
from sluice_api.datasetpack import LOCATOR_PATTERN
from sluice_api.text import CONTROLS

_NAME = "lower-case letters, digits and '-'"
WORDS: Final[dict[str, str]] = {
    NAME_PATTERN: f"must consist of {_NAME}, begin with a letter and end with a letter or digit",
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": f"must consist of {_NAME}, with a letter or digit at both ends",
    r"^[a-z][a-z0-9-]*$": f"must consist of {_NAME}, and begin with a letter",
    r"^[a-z][a-z0-9_]*$": "must consist of lower-case letters, digits and '_', and begin with a letter",
    DECIMAL_PATTERN: 'must be a decimal number in quotes, such as "0.8", "-0.02" or "1e-3"',
    rf"^[^{CONTROLS}]+$": "must be text without line breaks, control characters and marks of text direction",
    r"^[0-9a-f]{64}$": "must be 64 hexadecimal digits in lower case",
    r"^sha256:[0-9a-f]{64}$": "must be sha256: and 64 hexadecimal digits in lower case",
    r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.*'()/=+@-]{1,400}$": (
        "must be s3://BUCKET/KEY, with a key of letters, digits and !_.*'()/=+@-"
    ),
    LOCATOR_PATTERN: "must be s3://BUCKET/KEY, https://HOST/PATH or configmap:NAME/KEY, without white space",
    r"^[A-Za-z0-9_.,:/=@-]+$": "must consist of letters, digits and _.,:/=@-",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "must consist of letters, digits and '_', and not begin with a digit",
    r"^[A-Za-z0-9_.,:/ +-]*$": "may consist of letters, digits, spaces and _.,:/+-",
    r"^[A-Za-z0-9_.]+$": "must be the name of a module: letters, digits, '_' and '.'",
    r"^([01][0-9]|2[0-3]):[0-5][0-9]$": "must be a time of day from 00:00 to 23:59, such as 09:30",
    r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$": "must be a time zone, such as UTC or Europe/Berlin",
}
