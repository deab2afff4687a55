"""The operator killed around each of its writes on a real control plane. `python -m kill` runs the sweep."""
