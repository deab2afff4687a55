"""Training: a thin loop of our own on packed token shards, with checkpoints that any attempt can resume.

Data never comes in as text here, and results never leave as anything but safetensors and JSON.
"""
