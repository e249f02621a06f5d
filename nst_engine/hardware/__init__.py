"""The machine and TensorFlow: devices, memory, precision, graphs.

`devices` lists the devices and chooses precision and XLA for each, `memory` measures free memory, `precision` says
which dtypes a network computes in. `graphs` turns methods into TensorFlow graphs, `keras_settings` keeps other
projects' settings of Keras out of the networks, `quiet_import` silences the import of TensorFlow.

May import `nst_engine.config`, `errors` and `types`. `precision` and `quiet_import` load no TensorFlow themselves.

Start reading at `devices`.
"""
