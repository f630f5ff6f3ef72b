#!/usr/bin/env python3
"""`pip install ./bindings/python` without a network, in a virtual environment that sees the
system's packages; then a program imports the package from there and talks to a daemon.

Usage: pip_test.py BUILD_DIRECTORY
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from local_ring import LocalRing  # noqa: E402

BUILD = Path()
PROGRAM = """
import sys, torc
assert torc.__version__ == torc.library_version(), (torc.__version__, torc.library_version())
with torc.connect(runtime_dir=sys.argv[1]) as session:
    session.send(session.private_name, b"it works")
    print(bytes(session.receive(60)).decode(), torc.__file__)
"""


def run(*command, **more) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exits {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class PipTest(unittest.TestCase):
    def test_one_command_installs_it(self):
        with tempfile.TemporaryDirectory(prefix="torc-pip-") as folder:
            source, venv = Path(folder, "python"), Path(folder, "venv")
            # setuptools builds beside its sources: not in the repository.
            shutil.copytree(ROOT / "bindings" / "python", source,
                            ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
            run(sys.executable, "-m", "venv", "--system-site-packages", venv)
            # No index: nothing may come from the network.
            environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                           "PKG_CONFIG_PATH": str(BUILD / "meson-uninstalled")}
            run(venv / "bin" / "pip", "install", source, env=environment)
            ring = LocalRing(str(BUILD / "daemon" / "torcd"), count=1)
            self.addCleanup(ring.stop)
            ring.start_all()
            said = run(venv / "bin" / "python", "-c", PROGRAM, ring.folder.name, cwd=folder)
            self.assertTrue(said.startswith(f"it works {venv}/"), said)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    BUILD = Path(sys.argv[1]).resolve()
    unittest.main(argv=sys.argv[:1], verbosity=2)
