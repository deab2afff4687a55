"""Manifests of what we create: Jobs of stages, records, slots and Services.

Pure functions from plain values to plain manifests. Nothing here decides whether something is wanted.
"""
