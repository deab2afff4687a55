"""Whole parts together: control planes, object storage, processes."""
