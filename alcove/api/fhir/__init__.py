"""FHIR R4 in and out: files to bundles, bundles to clients, resources to the chart's words, and back. No database."""
