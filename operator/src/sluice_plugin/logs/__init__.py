"""`kubectl sluice logs`: what the Pods of an object's stages say, from attempt to attempt."""
