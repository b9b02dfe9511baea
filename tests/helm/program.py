"""The real helm, built once from its Go module and kept outside any checkout: `make helm`."""

from __future__ import annotations

from pathlib import Path

from harness import go_program

FOLDER = Path(__file__).parent
MODULE = "helm.sh/helm/v3"
_KUBERNETES = "helm.sh/helm/v3/pkg/{}.k8sVersion{}={}"


def is_built() -> bool:
    return program().exists()


def program() -> Path:
    return go_program.path("helm", FOLDER, MODULE)


def build() -> Path:
    """The program, built if it is not there yet; NotHere where there is no Go."""
    return go_program.build("helm", FOLDER, MODULE, f"{MODULE}/cmd/helm", _flags())


def _flags() -> str:
    """With the version of Kubernetes that its libraries are of, as its makers build it."""
    major, minor = "1", go_program.version(FOLDER, "k8s.io/api").split(".")[1]
    flags = [
        "-s -w",
        f"-X {MODULE}/internal/version.version={go_program.version(FOLDER, MODULE)}",
        *(
            f"-X {_KUBERNETES.format(package, part, number)}"
            for package in ("chartutil", "lint/rules")
            for part, number in (("Major", major), ("Minor", minor))
        ),
    ]
    return " ".join(flags)
