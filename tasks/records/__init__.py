"""What is known of each pair: its row, the sidecar beside its picture, and what these come to.

`row` is one line of `results.csv`; a new column begins there. `sidecar` is the JSON file that is written last and says
that a picture is complete. `summary` counts rows, `csv_files` writes and reads the tables. `fingerprint` tells one
picture from every other, and `existing` finds out whether it is there already.

May import `tasks.planning`, `tasks.storage` and the engine's results; loads neither TensorFlow nor Prefect.

Start reading at `row.ManifestRow`, then `sidecar.Sidecar`.
"""
