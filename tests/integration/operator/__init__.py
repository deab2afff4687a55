"""The whole operator on one control plane; it ends with the last of these tests."""
