"""Drift: the gate's suites, asked of what is live on a timer, judged against what it answered at promotion.

Checks are made, recorded and told here. What follows from them (holding promotions, going back) is decided by
promotion, from the records alone.
"""
