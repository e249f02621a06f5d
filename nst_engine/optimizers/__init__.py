"""The optimizers that move pixels, and what steers their steps.

`base` says what an optimizer is to the engine. `lbfgs` is a projected L-BFGS, with its curvature pairs in
`lbfgs_memory` and its first guess of the curvature in `lbfgs_prior`; `first_order` adapts Keras's optimizers.
`schedules` are learning rates over time, `loss_scale` keeps float16 gradients in range.

May import `nst_engine.losses`, `hardware`, `config` and what is below. Which optimizers there are stands in
`nst_engine.registry.optimizers`.

Start reading at `base.PixelOptimizer`.
"""
