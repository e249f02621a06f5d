"""What a batch leaves beside its pictures: two CSV files, the report page and the text in the run's history.

`outputs` writes the files from rows and sidecars. `thumbnails` makes thumbnails, and takes them from the last report.
`report_page` builds the page from the templates beside it, with the help of `html`; `run_artifact` builds the Markdown
that Prefect keeps with a run. `charts` draws the losses. `chart_style`, `chart_labels` and `number_format` also serve
the charts of a comparison.

May import `tasks.records`, `tasks.planning`, `tasks.storage` and the engine's pictures. Never makes a picture.

Start reading at `outputs.write_outputs`.
"""
