"""`kubectl sluice status`: pack -> run -> gate -> Deployment as a tree, with progress."""
