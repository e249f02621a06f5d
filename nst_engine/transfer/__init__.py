"""A transfer: one pair, or several at once, from pictures to results.

`engine` holds `StyleTransfer`, what users call. `shared_state` keeps network, targets and graphs between pictures.
`pair_run` is one pair on its way through its levels, `level` takes pictures of one size together through
`optimization_loop`, and `run_control` decides when one ends, steps back or turns. `pair` is what comes in, `result` and
`checkpoint` what goes out; `sizes` and `start_picture` say where a level begins. `step_profile` measures a step.

May import everything in the engine but judging. `pair`, `result`, `checkpoint` and `sizes` load no TensorFlow.

Start reading at `engine.StyleTransfer`.
"""
