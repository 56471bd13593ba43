"""The consent centre: who agreed to what, since when and where from; and whom nothing is sent to."""
