"""`kubectl sluice model`: bring models into the store, where runs can start from them."""
