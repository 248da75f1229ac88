"""An app of tests: what a newer version would bring, good or with a change of the database that fails half-way."""
