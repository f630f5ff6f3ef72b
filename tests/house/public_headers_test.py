#!/usr/bin/env python3
"""The public headers compile in other people's programs: C11 and C17, C++17 to C++23, GCC and clang,
with their strictest warnings as errors, with and without exceptions. And the C++ face costs
nothing: compiled without exceptions it calls torc_* and nothing else, no allocation above all."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USE = Path(__file__).with_name("public_headers_use.cpp")
INCLUDES = ["-I", str(ROOT / "include")]
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
          "-Werror"]
CXX_STRICT = STRICT + ["-Wold-style-cast", "-Wnon-virtual-dtor", "-Woverloaded-virtual"]
C_STRICT = STRICT + ["-Wstrict-prototypes", "-Wmissing-prototypes"]
C_USE = '#include "torc/torc.h"\nint main(void) { return torc_version()[0] == 0; }\n'
# What a compiler may call by itself; none of it allocates.
OF_THE_COMPILER = re.compile(r"mem(cpy|set|move|cmp)|bcmp|strlen|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_")


def compilers(*names: str) -> list[str]:
    """Those that are installed, each program once."""
    found = {}
    for name in names:
        path = shutil.which(name)
        if path:
            found.setdefault(Path(path).resolve(), path)
    return list(found.values())


def compile_only(compiler: str, arguments: list[str], source: str, text: str = "") -> str:
    """What the compiler complains of; empty if it is content."""
    done = subprocess.run([compiler, "-fsyntax-only", *INCLUDES, *arguments, source],
                          input=text, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


class PublicHeaders(unittest.TestCase):
    def test_cxx(self):
        found = compilers("g++-12", "g++", "clang++-19", "clang++")
        self.assertTrue(found)
        for compiler in found:
            for standard, how in (("c++17", "-fexceptions"), ("c++17", "-fno-exceptions"),
                                  ("c++20", "-fexceptions"), ("c++2b", "-fno-exceptions")):
                with self.subTest(compiler=compiler, standard=standard, how=how):
                    arguments = [f"-std={standard}", how, *CXX_STRICT]
                    self.assertEqual(compile_only(compiler, arguments, str(USE)), "")

    def test_c(self):
        for compiler in compilers("gcc-12", "gcc", "clang-19", "clang"):
            for standard in ("c11", "c17"):
                with self.subTest(compiler=compiler, standard=standard):
                    arguments = [f"-std={standard}", "-x", "c", *C_STRICT]
                    self.assertEqual(compile_only(compiler, arguments, "-", C_USE), "")

    def test_the_cxx_face_is_calls_of_the_c_interface(self):
        for compiler in compilers("g++-12", "clang++-19") or compilers("g++", "clang++"):
            with self.subTest(compiler=compiler), tempfile.TemporaryDirectory() as folder:
                made = Path(folder) / "use.o"
                subprocess.run([compiler, "-std=c++20", "-O2", "-fno-exceptions", *INCLUDES, "-c",
                                str(USE), "-o", str(made)], check=True)
                listed = subprocess.run(["nm", "--undefined-only", "--format=just-symbols",
                                         str(made)], capture_output=True, text=True, check=True)
                needed = {name for name in listed.stdout.split()
                          if not OF_THE_COMPILER.fullmatch(name)}
                self.assertIn("torc_send", needed)
                self.assertEqual({name for name in needed if not name.startswith("torc_")}, set())


if __name__ == "__main__":
    unittest.main()
