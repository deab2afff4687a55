"""From conversations to token documents: template, control tokens, loss masks, length.

Everything that turns messages into ids goes through here, in training and in evaluation, so that both see the
same tokens. transformers is imported when a tokenizer is loaded, never before; torch is not needed.
"""
