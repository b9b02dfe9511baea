"""`[runners.kubernetes.volumes]`: what is mounted into every container of a job's pod."""

from __future__ import annotations

import msgspec


class HostPathVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    host_path: str = ""  # empty: the same as mount_path
    sub_path: str = ""
    read_only: bool = False
    mount_propagation: str = ""


class ClaimVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False
    mount_propagation: str = ""


class FilesVolume(msgspec.Struct, frozen=True):
    """A `secret` or `config_map` volume; `items` maps keys to paths."""

    name: str
    mount_path: str
    sub_path: str = ""
    read_only: bool = False
    items: dict[str, str] = {}


class EmptyDirVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    medium: str = ""
    size_limit: str = ""
    mount_propagation: str = ""


class CsiVolume(msgspec.Struct, frozen=True):
    """What a CSI driver makes for the one pod; nothing but the two paths is expanded."""

    name: str
    mount_path: str
    driver: str
    sub_path: str = ""
    fs_type: str = ""  # empty: the driver's own default
    read_only: bool = False
    volume_attributes: dict[str, str] = {}


class NfsVolume(msgspec.Struct, frozen=True):
    name: str
    mount_path: str
    server: str
    path: str  # the server's
    sub_path: str = ""
    read_only: bool = False


Volume = HostPathVolume | ClaimVolume | FilesVolume | EmptyDirVolume | CsiVolume | NfsVolume


class Volumes(msgspec.Struct, frozen=True):
    host_path: tuple[HostPathVolume, ...] = ()
    pvc: tuple[ClaimVolume, ...] = ()
    config_map: tuple[FilesVolume, ...] = ()
    secret: tuple[FilesVolume, ...] = ()
    empty_dir: tuple[EmptyDirVolume, ...] = ()
    csi: tuple[CsiVolume, ...] = ()
    nfs: tuple[NfsVolume, ...] = ()
