"""`kubectl sluice explain`: why an object is not where its owner wants it, and what to do next."""
