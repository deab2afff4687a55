"""`kubectl sluice lineage`: the chain from the live endpoint back to the rows, every link proven anew."""
