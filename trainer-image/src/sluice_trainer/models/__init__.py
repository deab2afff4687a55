"""Models as stages use them: fetched by what belongs to them, cleaned, loaded in one way.

`sluice_model` says what a folder may hold; here its answers become reasons, and its models are loaded.
"""
