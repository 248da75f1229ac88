"""``alcove prove``: the product's promises about itself, each run on a scratch practice with a planted fault.

A promise is proved when its check holds on the scratch practice *and* turns red with the fault planted: a check that
cannot fail proves nothing. What was not run is "not proved". The forty promises are numbered as in the standards page
of the design; ``promises.py`` lists those that are checked so far.
"""
