import pytest

from tasks.planning.pairs import PairSpec
from tasks.planning.request import PairingError
from tasks.planning.shards import MOST, Shard, check_pairs_per_task, shard_size, split_into_shards
from tests.tasks.studio import a_pair


def pairs(backbone: str, count: int) -> list[PairSpec]:
    return [a_pair(f"{number}.jpg", "wave.png", backbone=backbone) for number in range(count)]


def test_a_shard_is_named_after_its_first_pair() -> None:
    one, three = Shard(pairs=tuple(pairs("tiny", 1))), Shard(pairs=tuple(pairs("tiny", 3)))
    assert (one.name, three.name) == ("tiny/0--wave", "tiny/0--wave and 2 more")


def test_pairs_keep_their_order_and_no_shard_has_two_backbones() -> None:
    planned = pairs("tiny", 5) + pairs("vgg16", 2)
    shards = list(split_into_shards(iter(planned), 2))
    assert [len(shard.pairs) for shard in shards] == [2, 2, 1, 2]
    assert [pair for shard in shards for pair in shard.pairs] == planned


@pytest.mark.parametrize(
    ("count", "size"), [(1, 1), (2000, 1), (2001, 50), (50_000, 50), (150_000, 75), (1_000_000, 500), (9_000_000, 500)]
)
def test_a_large_batch_has_few_task_runs(count: int, size: int) -> None:
    assert shard_size(count, None) == size


@pytest.mark.parametrize("wanted", [1, 7, MOST])
def test_a_size_that_is_wanted_is_taken(wanted: int) -> None:
    check_pairs_per_task(wanted)
    assert shard_size(1_000_000, wanted) == wanted


@pytest.mark.parametrize("wanted", [0, -1, MOST + 1])
def test_refuses_a_size_out_of_range(wanted: int) -> None:
    with pytest.raises(PairingError, match=f"pairs_per_task={wanted} is not allowed; use 1 to {MOST}"):
        check_pairs_per_task(wanted)
