"""What the engine knows of the machine and of TensorFlow: devices, precision, graphs.

`devices` says which devices there are and what each is good at, `precision` which dtypes a network computes in.
`graphs` turns methods into TensorFlow graphs, `quiet_import` loads TensorFlow without its chatter.

May import `nst_engine.config`, `errors` and `types`. `precision` and `quiet_import` load no TensorFlow themselves.

Start reading at `devices`.
"""
