"""Checks before any work: whether a batch can run, which pairs it has, and how long it would take.

`checks` looks at the configuration, the weights, the folders and this machine, and plans the batch. `estimate` takes a
few steps of one pair and scales them up, and `workload` does so for many pairs; `painting` does so for painters.
`older` finds the pictures that an upgrade makes anew.

May import all of `tasks` but comparison and the Prefect tasks. Only `estimate` and `painting` load TensorFlow, when
they are called.

Start reading at `checks.preflight`.
"""
