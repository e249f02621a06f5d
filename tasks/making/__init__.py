"""One pair from the bytes of its inputs to its row.

`stylize_pair` does it: read, look whether the picture is there, transfer, write the picture and its sidecar. `engines`
keeps the engines of this process, `locks` lets one holder at a time use a device or write a picture, whatever the
number of processes. `observer` is told by the engine how far a transfer is, and keeps snapshots and checkpoints.

May import all of `tasks` but comparison, preflight and the Prefect tasks. Loads TensorFlow when a picture is to be
made, not before.

Start reading at `stylize_pair.stylize_pair`.
"""
