"""Doors to the outside: one package per outside system, and nobody else opens them."""
