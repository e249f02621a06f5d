"""From pixels to loss terms and their gradient.

`whole` takes a picture at once, `tiled` takes it tile by tile and gives the exact gradient all the same. `tile_choice`
decides between the two, from the memory that there is. `masks` says where each style paints, and what is taken of it.

May import `nst_engine.backbones`, `losses`, `hardware`, `config` and what is below. Knows nothing of levels, steps or
results.

Start reading at `whole`, then `tiled`.
"""
