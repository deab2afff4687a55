"""Export: from trained weights to a bundle that stands alone, is checked, and says what it is.

Nothing is trained or scored here.
"""
