"""The loss functions: pure functions of features, each with its equation.

`content`, `total_variation` and the style losses (`gram`, `wasserstein`, `neighbours`) are the formulas; `squares` is
what they share, and `style_losses` says what a style loss is. `objective` is the only place where they meet: it weighs
and sums them. `nst_engine.registry.losses` lists the terms and the style losses.

`balance` keeps the gradients of style and content in a chosen ratio.

May import `nst_engine.config`, `registry` and `types`. Knows nothing of networks, tiles or optimizers.

Start reading at `gram`, then `objective.Objective`.
"""
