"""What a folder says that claims to be a model: its files, weights' headers, configuration and tokenizer.

Importing, preparing, training, packaging and evaluating a model all look through here, so that each refuses
the same folder for the same cause. It reads bytes within bounds and computes nothing: no torch, no
transformers, no code of the model.
"""
