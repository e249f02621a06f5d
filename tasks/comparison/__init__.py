"""A comparison of configurations: from the requested grid to the page with the verdict.

`grid` turns a request into variants and trials. The trials are made like any other pairs; `judging` then reads the
pictures again and scores them. `results` holds all pictures with their scores, `tables` answers one question each from
them, and `charts`, `page` and `run_artifact` show them. `outputs` writes the CSV files and the page.

May import everything in `tasks` but the Prefect tasks and the preflight. Loads TensorFlow when a picture is judged, not
before.

Start reading at `grid`, then `results`.
"""
