"""Makes the wheel when pip installs this folder (PEP 517, 660), with the standard library alone.

So nothing is downloaded for it, and nothing is left in the folder.
"""

import base64
import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
NAME = "coxswain"


def _version():
    text = (FOLDER / NAME / "__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]


def _section(name):
    """A table of pyproject.toml as text: Python 3.10 has no reader of such files."""
    text = (FOLDER / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf"^\[{re.escape(name)}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^(\S+) = (.+)$", found[1], re.MULTILINE))


def _metadata():
    project = _section("project")
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {NAME}",
        f"Version: {_version()}",
        f"Summary: {project['description'][1:-1]}",
        f"Requires-Python: {project['requires-python'][1:-1]}",
        "License: Apache-2.0",
        "Description-Content-Type: text/markdown",
    ]
    for extra, wanted in _section("project.optional-dependencies").items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {one} ; extra == "{extra}"' for one in re.findall('"(.+?)"', wanted)]
    return "\n".join(lines) + "\n\n" + (FOLDER / "README.md").read_text(encoding="utf-8")


def _dist_info():
    scripts = _section("project.scripts")
    commands = "".join(f"{name} = {entry[1:-1]}\n" for name, entry in scripts.items())
    return {
        "METADATA": _metadata(),
        "WHEEL": "Wheel-Version: 1.0\nGenerator: coxswain\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": f"[console_scripts]\n{commands}",
    }


def _sources():
    for file in sorted((FOLDER / NAME).rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(FOLDER).as_posix(), file.read_bytes()


def _wheel(folder, files):
    info = f"{NAME}-{_version()}.dist-info"
    contents = dict(files)
    contents.update((f"{info}/{name}", text.encode()) for name, text in _dist_info().items())
    record = []
    for name, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(data)}\n")
    record.append(f"{info}/RECORD,,\n")
    contents[f"{info}/RECORD"] = "".join(record).encode()
    wheel = f"{NAME}-{_version()}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            # The same time whenever it is made.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, _sources())


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, [(f"{NAME}.pth", f"{FOLDER}\n".encode())])


def build_sdist(sdist_directory, config_settings=None):
    base = f"{NAME}-{_version()}"
    with tarfile.open(Path(sdist_directory) / f"{base}.tar.gz", "w:gz") as archive:
        for name in (NAME, "pyproject.toml", "README.md", "build_backend.py"):
            archive.add(
                FOLDER / name,
                f"{base}/{name}",
                filter=lambda one: None if "__pycache__" in one.name else one,
            )
        about = _metadata().encode()
        entry = tarfile.TarInfo(f"{base}/PKG-INFO")
        entry.size = len(about)
        archive.addfile(entry, io.BytesIO(about))
    return f"{base}.tar.gz"
