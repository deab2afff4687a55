"""Who may decide, on one control plane with the chart's policies; it ends with the last of these tests."""
