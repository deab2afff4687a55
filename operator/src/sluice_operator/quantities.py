"""Kubernetes quantities as whole numbers: bytes, or devices."""

_UNITS = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
    "m": 10**-3, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
}  # fmt: skip


def to_bytes(quantity: str) -> int:
    """Bytes of a quantity such as `1536Mi`, `2G` or `1073741824`."""
    for unit, factor in _UNITS.items():
        if quantity.endswith(unit):
            return int(float(quantity.removesuffix(unit)) * factor)
    return int(float(quantity))
