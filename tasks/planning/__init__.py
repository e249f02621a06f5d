"""From what a user asks for to the plan of a batch: which pictures are made of which, and nothing is made yet.

`request` is the question: a way of pairing, a pair list, patterns. `listing` finds the pictures in the storages, and
`rules` pairs them; `pair_list` and `pair_list_row` read a CSV file of pairs. The answer is a `Plan` of `PairSpec`s, in
`pairs`. `collisions` finds two pairs that would be one file, `shards` cuts a plan into task runs, `requirements` checks
that the files that a configuration names are there. `job` is what all pairs of a batch share.

May import `tasks.storage` and the engine's configuration; loads neither TensorFlow nor Prefect.

Start reading at `request`, `pairs`, then `rules.plan`.
"""
