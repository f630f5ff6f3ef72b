"""Builds the package `torc`: plain Python, and one extension module that cffi writes from torc.h.

There is no pyproject.toml on purpose: pip would then build in an environment of its own and fetch
setuptools from the network; like this it takes those of the system (Debian: python3-setuptools,
python3-wheel, python3-cffi) and `pip install` works offline.
"""

import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
VERSION = re.search(r'^__version__ = "(.+)"', (HERE / "torc" / "__init__.py").read_text(),
                    re.MULTILINE).group(1)

setup(
    name="torc",
    version=VERSION,
    description="Ordered messages to groups of processes: the Python face of libtorc",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=["torc"],
    package_data={"torc": ["py.typed", "*.pyi"]},
    setup_requires=["cffi>=1.15"],
    install_requires=["cffi>=1.15"],
    cffi_modules=["build_native.py:ffi"],
    zip_safe=False,
)
