"""A transfer: one pair, or several at once, from pictures to results.

`engine` holds `StyleTransfer`, what users call. `shared_state` keeps network, targets and graphs between pictures.
`pair_run` is the state of one pair, `level` optimizes pictures of one size together by `optimization_loop`, and
`run_control` decides when a transfer ends, goes back to its best picture, or changes its optimizer. `pair` is the
input, `result` and `checkpoint` the output; `sizes` and `start_picture` say how levels begin. `step_profile` measures
a step.

May import everything in the engine but judging. `pair`, `result`, `checkpoint` and `sizes` load no TensorFlow.

Start reading at `engine.StyleTransfer`.
"""
