"""The real kwok, which plays kubelets for nodes that are not there: built from its Go module."""

from __future__ import annotations

from pathlib import Path

from harness import go_program

FOLDER = Path(__file__).parent
MODULE = "sigs.k8s.io/kwok"


def build() -> Path:
    """The program, built if it is not there yet; NotHere where there is no Go."""
    return go_program.build("kwok", FOLDER, MODULE, f"{MODULE}/cmd/kwok")
