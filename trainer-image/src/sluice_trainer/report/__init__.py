"""What a stage tells while and after it works: termination message, progress, step log, JSON log.

Only telling belongs here. What is true is decided by the stages; nothing here may end a stage.
"""
