"""What the metrics about single objects say: pure readings of a pass, and the book that keeps them.

Nothing is decided here, and planners never see it.
"""
