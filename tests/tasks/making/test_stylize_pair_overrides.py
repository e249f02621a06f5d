"""A pair with settings and a name of its own."""

from dataclasses import replace
from pathlib import Path

from nst_engine import TransferConfig
from tasks.making.stylize_pair import stylize_pair
from tasks.records.sidecar import read_sidecar
from tests.tasks.studio import CONFIG, a_job, a_pair, output_of


def test_a_pairs_own_settings_replace_those_of_the_job(tmp_path: Path) -> None:
    job = a_job(tmp_path)
    pair = replace(a_pair(), overrides=(("format", "webp"), ("seed", 7), ("side", 40)), title="larger")
    plain, row = stylize_pair(a_pair(), job), stylize_pair(pair, job)
    assert (row.pair, row.seed, row.width, row.height) == ("larger", 7, 40, 30)
    assert row.output == str(Path(job.output, "tiny/larger.webp"))
    assert row.fingerprint != plain.fingerprint
    sidecar = read_sidecar(output_of(job), "tiny/larger.json")
    assert sidecar is not None
    assert TransferConfig.from_dict(sidecar.config) == CONFIG.replace(format="webp", seed=7, side=40)
    assert stylize_pair(pair, job).status == "skipped"
