"""What of an engine's result goes into a row of `results.csv`."""

from nst_engine.registry.losses import LOSS_NAMES
from tasks.records.row import COLUMNS, LOSS_COLUMNS, result_cells
from tests.nst_engine.engines import shared_engine
from tests.nst_engine.small import content_pixels, small_config, style_pixels


def test_each_loss_has_its_column_in_the_order_of_the_terms() -> None:
    assert list(LOSS_COLUMNS) == list(LOSS_NAMES)
    assert [name for name in COLUMNS if name in LOSS_COLUMNS.values()] == list(LOSS_COLUMNS.values())


def test_the_cells_of_the_losses_are_those_of_the_result() -> None:
    result = shared_engine(small_config(iterations=1)).run(content_pixels(), style_pixels())
    cells = result_cells(result)
    assert cells.keys() <= {*COLUMNS}
    for name, column in LOSS_COLUMNS.items():
        assert cells[column] == getattr(result.losses, name)
