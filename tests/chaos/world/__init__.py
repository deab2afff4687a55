"""The world of random walks: what may happen to it, one module for each sort of event."""
