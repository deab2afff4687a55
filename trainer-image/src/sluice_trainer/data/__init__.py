"""Rows: from sources through mappers, cleaning and splitting into a pack; token documents into shards.

Nothing here knows a tokenizer, a model or torch; rendering belongs to `chat`.
"""
