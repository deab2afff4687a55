"""Thousands of seeded mutations of a small model's files, each lived from import to evaluation.

Each is refused in import or prepare with one of few reasons, or trains, packages and evaluates; none crashes,
would be tried again, runs code, reads outside its folder, or takes more than a minute or 2 GiB.
"""
