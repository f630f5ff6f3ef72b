"""Writes the extension module torc._native with cffi, in API mode: a C compiler checks every
declaration against torc.h, and a call costs a C call. What is declared is read from torc.h itself,
so nothing here has to follow it.

libtorc is found by pkg-config, so PKG_CONFIG_PATH says where if it is not installed in the usual
place. Its folder becomes the module's run path: no LD_LIBRARY_PATH is needed.
"""

import re
import shlex
import subprocess
from pathlib import Path

from cffi import FFI

# What torc.h takes from <sys/uio.h>, and its one macro that a program needs.
PRELUDE = """
struct iovec { void* iov_base; size_t iov_len; };
static const long long TORC_FOREVER;
"""


def pkg_config(*options: str) -> list[str]:
    try:
        done = subprocess.run(["pkg-config", *options, "torc"], capture_output=True, text=True,
                              check=False)
    except FileNotFoundError:
        raise SystemExit("torc: pkg-config is needed to find libtorc (Debian: pkg-config)")
    if done.returncode != 0:
        raise SystemExit(f"torc: pkg-config does not find libtorc: install it (`ninja -C build "
                         f"install`) or set PKG_CONFIG_PATH\n{done.stderr}")
    return shlex.split(done.stdout)


def folders(flag: str, words: list[str]) -> list[str]:
    return [word[2:] for word in words if word.startswith(flag)]


def declarations(header: str) -> str:
    """torc.h without what only a preprocessor understands."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus.*?#endif", "", text, flags=re.DOTALL)
    text = re.sub(r"^#.*(?:\\\n.*)*$", "", text, flags=re.MULTILINE)
    return PRELUDE + re.sub(r"\bTORC_(API|CHECK_RESULT)\b", "", text)


def find_header(include_dirs: list[str]) -> Path:
    for folder in [*include_dirs, "/usr/local/include", "/usr/include"]:
        if (path := Path(folder, "torc", "torc.h")).exists():
            return path
    raise SystemExit("torc: torc/torc.h is in no include folder that pkg-config names")


include_dirs = folders("-I", pkg_config("--cflags"))
library_dirs = folders("-L", pkg_config("--libs")) or pkg_config("--variable=libdir")

ffi = FFI()
ffi.cdef(declarations(find_header(include_dirs).read_text(encoding="utf-8")))
ffi.set_source("torc._native", "#include <torc/torc.h>\n", include_dirs=include_dirs,
               library_dirs=library_dirs, runtime_library_dirs=library_dirs, libraries=["torc"])

if __name__ == "__main__":
    ffi.compile(verbose=True)
