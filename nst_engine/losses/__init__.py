"""The loss functions: pure functions of features, each with its equation.

`content`, `total_variation` and the style losses (`gram`, `wasserstein`, `neighbours`, listed in `style_losses`) are
the formulas, with `squares` in common. `objective` is the only place where they meet: it weighs and sums them.
`balance` keeps the gradients of style and content in a chosen ratio.

May import `nst_engine.config`, `registry` and `types`. Knows nothing of networks, tiles or optimizers.

Start reading at `gram`, then `objective.Objective`.
"""
