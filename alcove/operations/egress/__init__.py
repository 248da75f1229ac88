"""Which places outside the processes of the product call: seen by Python's own audit hook, noted in the home.

It knows no register and refuses nothing; ``compliance.baseline`` compares.
"""
