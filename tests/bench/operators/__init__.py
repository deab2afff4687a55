"""The operator beside the obvious peer: how fast it reacts, what it weighs, how soon it is back."""
