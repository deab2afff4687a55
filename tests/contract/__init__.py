"""What the API promises, asked of one real API server; it ends with the last of these tests."""
