"""Builds the package into the build tree, for tests and examples: the way pip goes, without pip.

Usage: in_build_tree.py BUILD_ROOT FOLDER STAMP
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(build_root: str, folder: str, stamp: str) -> int:
    folder = str(Path(folder).resolve())
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{build_root}/meson-uninstalled",
                   "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, HERE / "setup.py", "--quiet", "build", "--build-base", f"{folder}/work",
         "--build-lib", f"{folder}/package"],
        cwd=HERE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
        return 1
    Path(stamp).write_text("", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
