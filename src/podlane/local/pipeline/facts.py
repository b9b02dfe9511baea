"""What a pipeline is made for: the project, its commit, what changed, who asks. Plain values;
`project.py` finds them with git."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

NO_SHA = "0" * 40


class MergeRequest(msgspec.Struct, frozen=True):
    source_branch: str
    target_branch: str
    base_sha: str = NO_SHA
    iid: int = 1


class Facts(msgspec.Struct, frozen=True):
    """`changed` None: not known, so `changes` always holds. `blobs`: path -> git blob id.

    `compared`: what changed since each reference that a `compare_to` names.
    """

    project_path: str
    ref: str
    sha: str
    source: str = "push"
    is_tag: bool = False
    before_sha: str = NO_SHA
    message: str = ""
    tag_message: str = ""
    author: str = ""
    timestamp: str = ""
    default_branch: str = "main"
    blobs: Mapping[str, str] = {}
    changed: tuple[str, ...] | None = None
    changed_since: str = ""
    compared: Mapping[str, tuple[str, ...]] = {}
    user_name: str = ""
    user_email: str = ""
    merge_request: MergeRequest | None = None
    variables: tuple[tuple[str, str], ...] = ()
    server_url: str = "http://127.0.0.1"
    pipeline_id: int = 1
    created_at: str = ""
    config_path: str = ".gitlab-ci.yml"
    object_format: str = "sha1"

    @property
    def is_protected(self) -> bool:
        return not self.is_tag and self.ref == self.default_branch and self.merge_request is None
