"""The demo: the quickstart on a local cluster, told while it happens.

Nothing of Sluice is special-cased here: the demo installs the chart, imports a model, applies the
quickstart's files and watches. Runs in the project's environment, as root.
"""
