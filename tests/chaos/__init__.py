"""The operator under random events: walks, what shortens them, kills and removals, and reports."""
