"""From a user's request to the plan of a batch: which content is paired with which style. No picture is made here.

`request` holds what the user asked for: a way of pairing, a pair list, patterns. `listing` finds the pictures in the
storages, and `rules` pairs them; `pair_list` and `pair_list_row` read a CSV file of pairs. The plan, a `Plan` of
`PairSpec`s, is in `pairs`. `naming` tells pairs apart whose pictures have the same stems, `collisions` finds names that
occur twice. `shards` cuts a plan into task runs, `requirements` checks that the files that a configuration names exist.
`job` holds what all pairs share.

May import `tasks.storage` and the engine's configuration; loads neither TensorFlow nor Prefect.

Start reading at `request`, `pairs`, then `rules.plan`.
"""
