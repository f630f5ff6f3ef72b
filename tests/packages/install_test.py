#!/usr/bin/env python3
"""`meson install` into a folder, and other people's programs built against what lies there: by
pkg-config, CMake and Meson, with the C and the C++ face; then run with the installed daemon.

Usage: install_test.py BUILD_DIRECTORY CC CXX
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from local_ring import LocalRing, PATIENCE_SECONDS  # noqa: E402

BUILD, CC, CXX = Path(), [], []


def run(*command: str | Path, **more) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exits {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


def build_option(name: str) -> str:
    options = json.loads(run("meson", "introspect", "--buildoptions", BUILD))
    return next(option["value"] for option in options if option["name"] == name)


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="torc-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name, "root")
        cls.work = Path(folder.name, "work")
        cls.work.mkdir()
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", cls.root)
        cls.prefix = cls.root / build_option("prefix").lstrip("/")
        cls.libdir = cls.prefix / build_option("libdir")
        ring = LocalRing(str(cls.prefix / build_option("bindir") / "torcd"), count=1)
        cls.addClassCleanup(ring.stop)
        ring.start_all()
        cls.ring = ring

    def only_there(self) -> dict[str, str]:
        """pkg-config sees what is in the folder: neither this machine's packages nor its Torc."""
        return {**os.environ, "PKG_CONFIG_LIBDIR": str(self.libdir / "pkgconfig"),
                "PKG_CONFIG_SYSROOT_DIR": str(self.root)}

    def pkg_config(self, *options: str) -> list[str]:
        return run("pkg-config", *options, "torc", env=self.only_there()).split()

    def assert_it_speaks(self, program: Path):
        loader = {**os.environ, "LD_LIBRARY_PATH": str(self.libdir)}
        said = run(program, self.ring.folder.name, "it works", env=loader,
                   timeout=PATIENCE_SECONDS)
        self.assertEqual(said, "it works\n")

    def test_what_is_installed(self):
        have = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*")}
        libdir = build_option("libdir")
        for name in ("include/torc/torc.h", "include/torc/torc.hpp", f"{libdir}/libtorc.so",
                     f"{libdir}/libtorc.so.0", f"{libdir}/libtorc.a",
                     f"{libdir}/pkgconfig/torc.pc", f"{libdir}/cmake/Torc/TorcConfig.cmake",
                     f"{libdir}/cmake/Torc/TorcConfigVersion.cmake", "bin/torc", "bin/torcd",
                     "bin/torc-blast"):
            self.assertIn(name, have)
        if shutil.which("scdoc"):
            for name in ("man1/torc.1", "man3/torc_send.3", "man3/torc_multigroup_send.3",
                         "man5/torc.toml.5", "man7/libtorc.7", "man8/torcd.8"):
                self.assertIn(f"share/man/{name}", have)
        headers = {path.name for path in (ROOT / "include" / "torc").iterdir()}
        installed = {path.name for path in (self.prefix / "include" / "torc").iterdir()}
        self.assertEqual(installed, headers, "every public header, and no other")

    def test_headers_stand_alone(self):
        for header in sorted((self.prefix / "include" / "torc").iterdir()):
            languages = [("c++", [*CXX, "-std=c++20"]), ("c++", [*CXX, "-std=c++17"])]
            if header.suffix == ".h":
                languages += [("c", [*CC, "-std=c11"]), ("c", [*CC, "-std=c99"]),
                              ("c++", [*CXX, "-std=c++11"])]
            for language, compiler in languages:
                with self.subTest(header=header.name, compiler=compiler):
                    run(*compiler, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
                        "-x", language, "-", f"-I{self.prefix}/include",
                        input=f"#include <torc/{header.name}>\n")

    def test_with_pkg_config(self):
        version = self.pkg_config("--modversion")
        self.assertEqual(version, [build_version()])
        program = self.work / "by_pkg_config"
        run(*CC, "-std=c11", "-Wall", "-Werror", HERE / "program.c", "-o", program,
            *self.pkg_config("--cflags", "--libs"))
        needed = re.findall(r"\(NEEDED\).*\[(libtorc.*)\]", run("readelf", "-d", program))
        self.assertEqual(needed, ["libtorc.so.0"])
        self.assert_it_speaks(program)

    def test_with_meson(self):
        source, out = self.work / "meson", self.work / "meson-out"
        source.mkdir()
        shutil.copy(HERE / "program.c", source)
        (source / "meson.build").write_text(
            "project('torc_user', 'c')\n"
            "executable('by_meson', 'program.c', dependencies: dependency('torc', "
            "version: '>=0.1'))\n", encoding="utf-8")
        run("meson", "setup", out, source, env=self.only_there())
        run("ninja", "-C", out)
        self.assert_it_speaks(out / "by_meson")

    def test_with_cmake(self):
        out = self.work / "cmake"
        # Bare program names: CMake takes a wrapper such as ccache by another variable.
        compilers = [f"-DCMAKE_C_COMPILER={CC[-1]}", f"-DCMAKE_CXX_COMPILER={CXX[-1]}"]
        run("cmake", "-S", HERE / "cmake_project", "-B", out, *compilers,
            f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", out)
        for name in ("by_shared", "by_archive", "by_face"):
            with self.subTest(program=name):
                self.assert_it_speaks(out / name)
        self.assertNotIn("libtorc", run("readelf", "-d", out / "by_archive"))

    def test_symbols_carry_the_version_of_the_interface(self):
        symbols = run("readelf", "--dyn-syms", "--wide", self.libdir / "libtorc.so")
        own = re.findall(r"\s(torc_\w+)(@@?\S+)?\s*$", symbols, re.MULTILINE)
        self.assertGreater(len(own), 20)
        self.assertEqual({version for _, version in own}, {"@@TORC_0.1"})


def build_version() -> str:
    return json.loads(run("meson", "introspect", "--projectinfo", BUILD))["version"]


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    BUILD, CC, CXX = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
    unittest.main(argv=sys.argv[:1], verbosity=2)
