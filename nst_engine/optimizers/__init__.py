"""Optimizers of a picture's pixels: one evaluation of the objective a step, whichever it is."""
