"""Kubernetes quantities as numbers."""

_UNITS = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
    "m": 10**-3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
}  # fmt: skip


def amount(quantity: str) -> float:
    """A quantity such as `1536Mi`, `2G`, `100m` or `1073741824` as a number."""
    for unit, factor in _UNITS.items():
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * factor
    return float(quantity)


def to_bytes(quantity: str) -> int:
    """Whole bytes, or devices, of a quantity."""
    return int(amount(quantity))
