"""Facts about this product for the tools that check, run and document it: ``python -m pipeline.manifest``.

Prints a ``Manifest`` as JSON. The tools never import this package: they run it with the folder of the checked tree on
``PYTHONPATH``. Standard input may have a ``StageParameters`` object as JSON: the models, requests and findings about
parameters are then those of that stage.

Only the standard library is imported at the top of these modules, and each section is computed by itself. In a tree
whose code is broken, the sections that fail are absent and ``errors`` has the reasons.
"""
