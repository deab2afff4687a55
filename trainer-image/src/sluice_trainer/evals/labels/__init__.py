"""Which label of a task a reply names: borders of words, marks of an answer, the finder that joins them."""
