"""One pair from the bytes of its inputs to its row.

`stylize_pair` reads the inputs, checks whether the result exists, runs the transfer, and writes the picture and its
sidecar. `painters` learn a style once for all its pairs. `deliverable` checks beforehand that results can be written.
`engines` keeps the engines of this process. `locks` lets one holder at a time use a device or write a picture, across
all processes. `observer` follows a transfer: it logs progress and saves snapshots and checkpoints.

May import all of `tasks` but comparison, preflight and the Prefect tasks. Loads TensorFlow when a picture is to be
made, not before.

Start reading at `stylize_pair.stylize_pair`.
"""
