"""What starts, feeds and stops the operator: kopf's watches and the order of things. Never a decision."""
