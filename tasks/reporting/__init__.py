"""What a batch leaves beside its pictures: two CSV files, the report page and the text in the run's history.

`outputs` writes them from rows and sidecars. `report_page` builds the page from the templates beside it, by means of
`html`; `run_artifact` builds the Markdown that Prefect keeps with a run. `charts` draws the losses; `chart_style` and
`chart_labels` are shared with the charts of a comparison, and so is `number_format`.

May import `tasks.records`, `tasks.planning`, `tasks.storage` and the engine's pictures. Never makes a picture.

Start reading at `outputs.write_outputs`.
"""
