"""Evaluation: answers of a model, scores per item, bounds, verdicts and their evidence.

Only `engine` imports torch, so that judging starts within a second. What a gate demands is never known here
before `verdict`: scoring knows no criteria.
"""
