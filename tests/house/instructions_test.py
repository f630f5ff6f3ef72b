"""bench/instructions/compare.py: what it counts of a profile, when it fails, when it is skipped."""

import argparse
import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "instructions"))
import compare  # noqa: E402

PROFILE = """# callgrind format
desc: Trigger: Client Request: visit_idle 4

positions: line
events: Ir
summary: 999

ob=/build/instructions
fl=engine.cpp
fn=torc::engine::Engine::on_frame()
10 100
fi=base/time.hpp
11 20
cob=/lib/libc.so.6
cfi=memcpy.S
cfn=memcpy
calls=4 1
12 500
fe=engine.cpp
12 8
fn=torc::bench::TinyWire::release(void*)
20 70

ob=/lib/libc.so.6
fl=memcpy.S
fn=memcpy
1 500
ob=/build/instructions
fl=window.cpp
fn=torc::ordering::ReceiveWindow::store()
3 12
"""


class Profile(unittest.TestCase):
    def test_counts_our_own_functions_without_what_they_call(self):
        part = compare.part_of(PROFILE, "/build/instructions")
        self.assertEqual((part.name, part.items), ("visit_idle", 4))
        self.assertEqual(dict(part.functions), {"torc::engine::Engine::on_frame()": 128,
                                                "torc::ordering::ReceiveWindow::store()": 12})
        self.assertEqual(part.per_item, 35.0)

    def test_what_no_workload_ends_is_no_part(self):
        rest = PROFILE.replace("Client Request: visit_idle 4", "Program termination")
        self.assertIsNone(compare.part_of(rest, "/build/instructions"))

    def test_another_program_is_not_counted(self):
        self.assertFalse(compare.part_of(PROFILE, "/build/other").functions)


class Comparison(unittest.TestCase):
    def off(self, baseline: dict, now: dict) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            count = compare.compare(baseline, now)
        return count, out.getvalue()

    def test_three_per_cent_is_the_bound_both_ways(self):
        self.assertEqual(self.off({"a": 100.0}, {"a": 103.0})[0], 0)
        self.assertEqual(self.off({"a": 100.0}, {"a": 97.0})[0], 0)
        self.assertEqual(self.off({"a": 100.0}, {"a": 103.1})[0], 1)
        self.assertEqual(self.off({"a": 100.0}, {"a": 96.9})[0], 1)

    def test_a_workload_that_came_or_went_is_a_difference(self):
        self.assertEqual(self.off({"a": 100.0, "b": 1.0}, {"a": 100.0, "c": 1.0})[0], 2)

    def test_the_table_names_each_item(self):
        _, text = self.off({"a": 1000.0}, {"a": 1100.0})
        self.assertRegex(text, r"a +1,000\.0 +1,100\.0 +\+10\.0%  <-")


class Judgement(unittest.TestCase):
    def judge(self, baseline: dict, now: float, **changed) -> tuple[int, str]:
        """As `main` does, with a run that found one workload."""
        part = compare.Part("a", 10, compare.Counter({"f": round(now * 10)}))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "baseline.json")
            file.write_text(json.dumps(baseline))
            options = argparse.Namespace(program=Path("/build/p"), baseline=file, build="gcc 12",
                                         update=False, functions=None)
            vars(options).update(changed)
            out = io.StringIO()
            run, which = compare.run, compare.shutil.which
            compare.run = lambda program, valgrind: [part]
            compare.shutil.which = lambda name: self.valgrind
            try:
                with contextlib.redirect_stdout(out):
                    code = compare.judge(options)
            finally:
                compare.run, compare.shutil.which = run, which
            self.written = json.loads(file.read_text())
            return code, out.getvalue()

    valgrind = "/usr/bin/valgrind"

    def test_fails_when_a_function_grew(self):
        baseline = {"build": "gcc 12", "instructions": {"a": 100.0}}
        self.assertEqual(self.judge(baseline, 100.0)[0], 0)
        code, text = self.judge(baseline, 104.0)
        self.assertEqual(code, 1)
        self.assertIn("instructions-update", text)

    def test_is_skipped_where_there_is_nothing_to_compare(self):
        code, text = self.judge({"build": "clang 19", "instructions": {"a": 1.0}}, 100.0)
        self.assertEqual(code, compare.MESON_SKIP)
        self.assertIn("clang 19", text)
        self.valgrind = None
        code, text = self.judge({"build": "gcc 12", "instructions": {"a": 1.0}}, 100.0)
        self.assertEqual(code, compare.MESON_SKIP)
        self.assertIn("valgrind", text)

    def test_update_writes_what_was_counted(self):
        code, _ = self.judge({"build": "clang 19", "instructions": {}}, 100.0, update=True)
        self.assertEqual(code, 0)
        self.assertEqual(self.written, {"build": "gcc 12", "instructions": {"a": 100.0}})


class Committed(unittest.TestCase):
    def test_the_baseline_is_whole(self):
        baseline = json.loads((ROOT / "bench" / "instructions" / "baseline.json").read_text())
        self.assertTrue(baseline["build"])
        self.assertTrue(baseline["instructions"])


if __name__ == "__main__":
    unittest.main()
