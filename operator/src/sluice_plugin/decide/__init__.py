"""`kubectl sluice promote`, `rollback`, `clear-rollback`, `approve`: what people decide.

Here stands what a request says, who asks it, and what became of it. Whether it is granted is for the operator
and the admission policies to say.
"""
