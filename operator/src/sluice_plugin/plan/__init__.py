"""`kubectl sluice plan`: what would happen if files were applied.

The operator's own planners tell, over a world in memory. Nothing is written in any cluster.
"""
