"""The records of a batch: a row for each pair, the sidecar beside each result, and the summary of the rows.

`row` is one line of `results.csv`; a new column begins there. `sidecar` is the JSON file that is written last and
says that a result is complete. `summary` counts rows, `csv_files` turns tables into bytes and back. `fingerprint`
identifies a result by all that decides its bytes, and `existing` checks whether the output holds it already;
`finished_names` finds the names that such results keep, `own_results` those that lie among the inputs.

May import `tasks.planning`, `tasks.storage` and the engine's results; loads neither TensorFlow nor Prefect.

Start reading at `row.ManifestRow`, then `sidecar.Sidecar`.
"""
