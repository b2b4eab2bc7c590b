"""One file a figure, made from model types only."""
