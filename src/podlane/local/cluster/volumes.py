"""A pod's volumes as real folders at their mountPath.

There is no mount here: the first mountPath of a volume is its folder, any other is a link to it.
A hostPath is the folder it names. What a pod made is removed with the pod; a hostPath is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from podlane.local.cluster import folders
from podlane.local.cluster.expand import ReadData, field_value
from podlane.local.cluster.failure import Problem, invalid
from podlane.local.cluster.kinds import POD, Object

Files = dict[str, tuple[bytes, int]]


class MountProblem(Exception):
    """The event FailedMount: the pod waits in ContainerCreating until it is mended."""

    def __init__(self, volume: str, why: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {why}')


def check_paths(pod: Object, roots: Sequence[Path]) -> None:
    """Refuse a pod that would touch a folder outside `roots`; there is no container around it."""
    problems: list[Problem] = []
    for field, path in _paths(pod["spec"]):
        if not folders.is_inside(Path(path), roots):
            why = f'"{path}": lies outside the folders that this local cluster may use'
            problems.append(Problem(field, "Invalid", why))
    if problems:
        raise invalid(POD, pod["metadata"]["name"], problems)


def _paths(spec: Object) -> Iterator[tuple[str, str]]:
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            for number, mount in enumerate(container.get("volumeMounts") or []):
                field = f"spec.{group}[{index}].volumeMounts[{number}].mountPath"
                yield field, mount["mountPath"]
            path = container.get("terminationMessagePath", "/dev/termination-log")
            if path != "/dev/termination-log":
                yield f"spec.{group}[{index}].terminationMessagePath", path
    for index, volume in enumerate(spec.get("volumes") or []):
        if "hostPath" in volume:
            yield f"spec.volumes[{index}].hostPath.path", volume["hostPath"]["path"]


class Volumes:
    """The folders of one pod. `taken` is shared by all pods: no two own one path."""

    def __init__(
        self, pod: Object, places: Path, roots: Sequence[Path], taken: dict[Path, str]
    ) -> None:
        self._uid: str = pod["metadata"]["uid"]
        self._places = places
        self._roots = roots
        self._taken = taken
        self._homes: dict[str, Path] = {}
        self._made: list[Path] = []
        self._kept: list[Path] = []

    def prepare(self, pod: Object, read: ReadData) -> None:
        """Make every folder, or raise MountProblem; may be called again."""
        try:
            self._prepare(pod, read)
        except OSError as error:
            raise MountProblem(Path(error.filename or "").name, str(error)) from error

    def _prepare(self, pod: Object, read: ReadData) -> None:
        mounts = _mounts(pod["spec"])
        for volume in pod["spec"].get("volumes") or []:
            name = volume["name"]
            files = projected_files(pod, volume, read)
            home = self._home(volume, [path for path, sub in mounts.get(name, ()) if not sub])
            if files is not None:
                folders.write_projected(home, files)
        for name, paths in mounts.items():
            for path, sub_path in paths:
                if not sub_path:
                    self._link(self._homes[name], path, "")

    def enter(self, container: Object) -> None:
        """Make the folders of the container's subPaths: with the container, not with the pod."""
        for mount in container.get("volumeMounts") or []:
            if mount.get("subPath"):
                home = self._homes[mount["name"]]
                self._link(home, Path(mount["mountPath"]), mount["subPath"])

    def refresh(self, pod: Object, read: ReadData) -> None:
        """Write the downwardAPI files anew; the kubelet leaves Secrets to a later round."""
        for volume in pod["spec"].get("volumes") or []:
            if _has_downward(volume) and volume["name"] in self._homes:
                files = projected_files(pod, volume, read)
                if files is not None:
                    with suppress(OSError):  # a script may have removed the folder
                        folders.write_projected(self._homes[volume["name"]], files)

    def remove(self) -> None:
        keep = frozenset(self._kept)
        for path in reversed(self._made):
            folders.remove_tree(path, keep)
            folders.remove_empty_parents(path, self._roots)
            self._taken.pop(path, None)
        self._made.clear()

    def _home(self, volume: Object, paths: list[Path]) -> Path:
        name = volume["name"]
        if name in self._homes:
            return self._homes[name]
        if "hostPath" in volume:
            home = Path(volume["hostPath"]["path"])
            self._check_host_path(name, volume["hostPath"], home)
            self._kept.append(home)
        else:
            home = min(paths, default=self._places / name)
            self._own(name, home)
        self._homes[name] = home
        return home

    def _check_host_path(self, name: str, wanted: Object, path: Path) -> None:
        kind = wanted.get("type", "")
        if kind in ("", "DirectoryOrCreate"):
            path.mkdir(parents=True, exist_ok=True)
        elif kind == "Directory" and not path.is_dir():
            raise MountProblem(name, f"hostPath type check failed: {path} is not a directory")
        elif kind == "File" and not path.is_file():
            raise MountProblem(name, f"hostPath type check failed: {path} is not a file")

    def _own(self, name: str, path: Path) -> None:
        """Make a new, empty folder that goes with the pod."""
        owner = self._taken.get(path)
        if owner is not None and owner != self._uid:
            raise MountProblem(name, f"{path} is in use by another pod")
        if path.is_dir() and any(path.iterdir()) and path not in self._taken:
            if not folders.is_inside(path, self._roots[:1]):
                raise MountProblem(name, f"{path} is not empty and was not made by this cluster")
            folders.remove_tree(path)
        path.mkdir(parents=True, exist_ok=True)
        self._taken[path] = self._uid
        self._made.append(path)

    def _link(self, home: Path, path: Path, sub_path: str) -> None:
        target = home / sub_path if sub_path else home
        if sub_path and not target.exists():
            target.mkdir(parents=True)
        if path == target or path.is_symlink():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
        self._made.append(path)


def _mounts(spec: Object) -> dict[str, list[tuple[Path, str]]]:
    found: dict[str, list[tuple[Path, str]]] = {}
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or []:
            for mount in container.get("volumeMounts") or []:
                place = (Path(mount["mountPath"]), mount.get("subPath", ""))
                places = found.setdefault(mount["name"], [])
                if place not in places:
                    places.append(place)
    return found


def projected_files(pod: Object, volume: Object, read: ReadData) -> Files | None:
    """The files of a secret, configMap, downwardAPI or projected volume; None for a folder."""
    name = volume["name"]
    mode = 0o644
    if "secret" in volume:
        source = volume["secret"] | {"name": volume["secret"]["secretName"]}
        mode = source.get("defaultMode", mode)
        return _data_files(name, "secrets", source, read, mode)
    if "configMap" in volume:
        source = volume["configMap"]
        return _data_files(name, "configmaps", source, read, source.get("defaultMode", mode))
    if "downwardAPI" in volume:
        source = volume["downwardAPI"]
        return _downward_files(pod, source, source.get("defaultMode", mode))
    if "projected" in volume:
        return _all_sources(pod, volume, read)
    if "emptyDir" in volume or "hostPath" in volume:
        return None
    kind = next((key for key in volume if key != "name"), "")
    if not kind:
        return None
    raise MountProblem(name, f"volumes of type {kind} are not there in the local cluster")


def _all_sources(pod: Object, volume: Object, read: ReadData) -> Files:
    mode = volume["projected"].get("defaultMode", 0o644)
    files: Files = {}
    for source in volume["projected"].get("sources") or []:
        for plural, field in (("secrets", "secret"), ("configmaps", "configMap")):
            if field in source:
                files |= _data_files(volume["name"], plural, source[field], read, mode)
        if "downwardAPI" in source:
            files |= _downward_files(pod, source["downwardAPI"], mode)
    return files


def _data_files(volume: str, plural: str, source: Object, read: ReadData, mode: int) -> Files:
    kind = plural.removesuffix("s")
    data = read(plural, source["name"])
    if data is None:
        if source.get("optional"):
            return {}
        raise MountProblem(volume, f'{kind} "{source["name"]}" not found')
    items = source.get("items")
    if items is None:
        return {key: (content, mode) for key, content in data.items()}
    return _chosen(volume, kind, (items, bool(source.get("optional")), mode), data)


def _chosen(
    volume: str, kind: str, wanted: tuple[list[Object], bool, int], data: Mapping[str, bytes]
) -> Files:
    items, is_optional, mode = wanted
    files: Files = {}
    for item in items:
        if item["key"] in data:
            files[item["path"]] = (data[item["key"]], item.get("mode", mode))
        elif not is_optional:
            raise MountProblem(volume, f"references non-existent {kind} key: {item['key']}")
    return files


def _downward_files(pod: Object, source: Object, mode: int) -> Files:
    files: Files = {}
    for item in source.get("items") or []:
        path = item.get("fieldRef", {}).get("fieldPath", "")
        text = field_value(pod, path) if path else "0"
        files[item["path"]] = (text.encode(), item.get("mode", mode))
    return files


def _has_downward(volume: Object) -> bool:
    sources = (volume.get("projected") or {}).get("sources") or []
    return "downwardAPI" in volume or any("downwardAPI" in source for source in sources)
