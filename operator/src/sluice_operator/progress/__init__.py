"""Progress of training: what Pods report while they run, checked, throttled, kept in memory.

Speaks the progress contract of Kubeflow Trainer, so that the stock Hugging Face callback works. Progress is
a comfort: losing it changes no decision.
"""
