"""The optimizers of the pixels, with their learning rates and loss scales.

`base` is the interface of an optimizer. `lbfgs` is a projected L-BFGS, with its curvature pairs in `lbfgs_memory` and
its first estimate of the curvature in `lbfgs_prior`; `first_order` adapts Keras's optimizers. `schedules` are learning
rates over time, `loss_scale` keeps float16 gradients in range.

May import `nst_engine.losses`, `hardware`, `config` and what is below. `nst_engine.registry.optimizers` lists the
optimizers.

Start reading at `base.PixelOptimizer`.
"""
