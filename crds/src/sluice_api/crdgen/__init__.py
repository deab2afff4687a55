"""Everything that is generated from the models: CRDs, editor schemas, reference pages.

`structural` turns a model into a schema, `crd` builds the whole definition, `editor` and `reference`
derive the rest from it, `files` says what is written where. Nothing at run time imports this package.
"""
