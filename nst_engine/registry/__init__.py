"""Which backbones, losses and optimizers there are, as data: what can be known of them without loading TensorFlow.

`backbones` has an entry for each network: its layers, presets, weights and the function that builds it; `layer_names`
spells the names of the layers. `weights` is the table of the trained weights and their sources. `losses` names the loss
terms and has an entry for each style loss, `optimizers` one for each optimizer. A configuration is checked against
these entries, and the error texts list what is in them.

May import `nst_engine.errors` only; never TensorFlow. Builders are named by `module:function`, and loaded when they are
needed.

Start reading at `backbones.BackboneSpec`.
"""
