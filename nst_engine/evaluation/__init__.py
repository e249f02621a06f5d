"""From pixels to loss terms and their gradient.

`whole` evaluates a picture at once, `tiled` tile by tile, with the same exact gradient. `tile_choice` decides between
the two by the free memory. `masks` says where each style paints, and which part of the style it takes.

May import `nst_engine.backbones`, `losses`, `hardware`, `config` and what is below. Knows nothing of levels, steps or
results.

Start reading at `whole`, then `tiled`.
"""
