"""`kubectl sluice completion`, and the helper that kubectl calls to complete `kubectl sluice ...`."""
