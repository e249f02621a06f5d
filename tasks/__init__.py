"""The steps of the pipeline: plain logic in the folders, and five thin Prefect tasks over it.

`planning` finds the pairs of a batch, `preflight` checks that it can run, `making` makes each pair's picture and row,
`records` are the rows and sidecars, `reporting` writes the tables and the report, `comparison` judges configurations
against each other. `storage` holds folders and buckets, `local_state` what this machine keeps between runs, `samples`
the demo's pictures; `text_files` reads what editors and spreadsheets write. `discover`, `learn`, `stylize`, `report`
and `compare` are the Prefect tasks, and the only modules that import Prefect.

May import `nst_engine`, never `flows`. Start reading at `making.stylize_pair`.
"""
