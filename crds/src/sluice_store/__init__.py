"""The artifact store: objects under keys, folders under a manifest, and the markers that name finished work.

The trainer's stages and the kubectl plugin share it; the operator never touches it. Keys are made by
`sluice_api.layout`, never from a user's strings. Nothing here knows what a file means.
"""
