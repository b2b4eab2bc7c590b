"""One file a protocol; evaluate.py is their command line. Each writes results/<name>.json."""
