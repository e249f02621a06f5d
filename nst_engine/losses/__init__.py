"""The loss functions: each a pure function of features, with the equation that it comes from.

`content`, `total_variation` and the style losses (`gram`, `wasserstein`, `neighbours`, listed in `style_losses`) are
the formulas; `squares` is what they share. `objective` is the only place where they meet: it weighs and sums them.
`balance` keeps the gradients of style and content in a chosen ratio.

May import `nst_engine.config`, `registry` and `types`. Knows nothing of networks, tiles or optimizers.

Start reading at `gram`, then `objective.Objective`.
"""
