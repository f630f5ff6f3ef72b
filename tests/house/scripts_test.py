"""The scripts behind ./dev: what they count, what they find in a README, what they refuse."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import bench  # noqa: E402
import bench_against  # noqa: E402
import bench_goals  # noqa: E402
import check_no_dpdk  # noqa: E402
import readme_commands  # noqa: E402
import summarize  # noqa: E402


def quietly(function, *arguments) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = function(*arguments)
    return code, out.getvalue()


class Summary(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.logs = Path(self.folder.name, "meson-logs")
        self.logs.mkdir()

    def summarize(self, results: dict[str, str], junit: str | None = None) -> tuple[int, str]:
        lines = [json.dumps({"name": name, "result": result}) for name, result in results.items()]
        (self.logs / "testlog.json").write_text("\n".join(lines) + "\n")
        if junit is not None:
            (self.logs / "testlog.junit.xml").write_text(f"<testsuites>{junit}</testsuites>")
        code, text = quietly(summarize.main, [self.folder.name])
        return code, text.splitlines()[-1]

    def test_programs_count_as_one_each(self):
        self.assertEqual(self.summarize({"a": "OK", "b": "OK"}), (0, "2 passed, 0 failed"))
        self.assertEqual(self.summarize({"a": "OK", "b": "FAIL"}), (1, "1 passed, 1 failed"))
        self.assertEqual(self.summarize({"a": "TIMEOUT"}), (1, "0 passed, 1 failed"))
        self.assertEqual(self.summarize({"a": "ERROR"}), (1, "0 passed, 1 failed"))
        self.assertEqual(self.summarize({"a": "UNEXPECTEDPASS"}), (1, "0 passed, 1 failed"))
        self.assertEqual(self.summarize({"a": "OK", "b": "SKIP"}),
                         (0, "1 passed, 0 failed, 1 skipped"))

    def test_cases_of_googletest_count_each(self):
        good = '<testcase classname="S" name="a"/><testcase classname="S" name="b"/>'
        junit = f'<testsuite name="torc.torc:quick / unit.S">{good}</testsuite>'
        self.assertEqual(self.summarize({"torc:quick / unit": "OK", "torc:quick / x": "OK"}, junit),
                         (0, "3 passed, 0 failed"))
        bad = '<testcase classname="S" name="c"><failure message="no"/></testcase>'
        skipped = '<testcase classname="S" name="d"><skipped/></testcase>'
        junit = f'<testsuite name="torc.torc:quick / unit.S">{good}{bad}{skipped}</testsuite>'
        self.assertEqual(self.summarize({"torc:quick / unit": "FAIL"}, junit),
                         (1, "2 passed, 1 failed, 1 skipped"))

    def test_a_program_that_fails_after_its_cases_passed_is_a_failure(self):
        junit = ('<testsuite name="torc.torc:quick / unit.S"><testcase classname="S" name="a"/></testsuite>')
        self.assertEqual(self.summarize({"torc:quick / unit": "FAIL"}, junit), (1, "1 passed, 1 failed"))

    def test_nothing_run_is_a_failure(self):
        self.assertEqual(self.summarize({"a": "SKIP"})[0], 1)
        (self.logs / "testlog.json").unlink()
        self.assertEqual(quietly(summarize.main, [self.folder.name])[0], 1)
        self.assertEqual(quietly(summarize.main, [])[0], 1)


class Readme(unittest.TestCase):
    def run_on(self, text: str, mode: str) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "README.md").write_text(text)
            Path(folder, "dev").write_text("cmd_demo() { :; }\ncmd_help() { :; }\n")
            return quietly(readme_commands.main, ["--root", folder, mode])

    def test_marked_blocks_with_known_commands_pass(self):
        text = "# T\n<!-- shown: demo_test runs it -->\n```sh\n# why\n./dev demo --nodes 3\n```\n"
        self.assertEqual(self.run_on(text, "--check")[0], 0)

    def test_a_block_without_a_mark_is_wrong(self):
        code, text = self.run_on("# T\n```sh\n./dev demo\n```\n", "--check")
        self.assertEqual(code, 1)
        self.assertIn("README.md:2", text)

    def test_unknown_commands_and_paths_are_wrong(self):
        for line in ["./dev dmeo", "./gone.sh", "./dev 'demo"]:
            with self.subTest(line=line):
                text = f"# T\n<!-- shown: x -->\n```sh\n{line}\n```\n"
                self.assertEqual(self.run_on(text, "--check")[0], 1)

    def test_run_executes_only_the_marked_ones(self):
        text = "# T\n<!-- run -->\n```sh\ntrue\n```\n<!-- shown: x -->\n```sh\nfalse\n```\n"
        self.assertEqual(self.run_on(text, "--run")[0], 0)
        self.assertEqual(self.run_on(text.replace("true", "exit 3"), "--run")[0], 1)

    def test_other_languages_are_not_commands_and_none_at_all_is_wrong(self):
        text = "# T\n```toml\nx = 1\n```\n"
        self.assertEqual(self.run_on(text, "--check")[0], 1)

    def test_another_build_directory_is_skipped(self):
        code, _ = quietly(readme_commands.main, ["--run", "--skip-unless", "/tmp"])
        self.assertEqual(code, readme_commands.MESON_SKIP)


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


class Bench(unittest.TestCase):
    MICRO = """out=${1#--benchmark_out=}; echo '{"benchmarks": [{"name": "push"}]}' >"$out\""""
    # Writes one cell, which shows how it was called.
    TORC = """shift 4; out=$1; shift
        [ "$1" = --seconds ] || exit 1
        echo "{\\"machine\\": {\\"mhz\\": 7}, \\"cells\\": [{\\"arguments\\": \\"$*\\",
            \\"offered\\": \\"flood\\", \\"messages_per_second\\": RATE, \\"p50_us\\": 4,
            \\"p99_us\\": 0, \\"same_order\\": true}]}" >"$out\""""
    FAST, SLOW = TORC.replace("RATE", "300"), TORC.replace("RATE", "100")

    def bench(self, micro: str, torc: str, *arguments: str, other: str = "exit 1",
              root: bool = True) -> tuple[int, dict]:
        with tempfile.TemporaryDirectory() as folder:
            build, out = Path(folder), Path(folder, "out.json")
            write_program(build / "bench/ring_bench", micro)
            write_program(build / "tools/torc", torc)
            write_program(build / "other/tools/torc", other)
            arguments = [word.replace("BUILD", folder) for word in arguments]
            with contextlib.redirect_stderr(io.StringIO()), \
                    unittest.mock.patch("os.geteuid", return_value=0 if root else 1000):
                code, _ = quietly(bench.main, ["--build", folder, "--tool", f"{folder}/tools/torc",
                                               "--json", str(out), *arguments, "--",
                                               "bench/ring_bench"])
            return code, json.loads(out.read_text()) if out.exists() else {}

    def test_both_parts_are_merged_with_the_machine(self):
        code, result = self.bench(self.MICRO, self.FAST)
        self.assertEqual(code, 0)
        self.assertEqual(result["micro"], {"ring_bench": [{"name": "push"}]})
        self.assertEqual(len(result["cells"]), 3 * len(bench_goals.GOALS))
        self.assertIn("cpu", result["machine"])
        self.assertEqual(result["machine"]["mhz"], 7)
        self.assertEqual(result["left_out"], {})

    def test_one_part_can_be_asked_for(self):
        self.assertNotIn("cells", self.bench(self.MICRO, "exit 1", "--micro")[1])
        code, result = self.bench("exit 1", self.FAST, "--cluster", "--layout", "udp",
                                  "--runs", "5")
        self.assertEqual((code, len(result["cells"])), (0, len(bench_goals.GOALS)))
        for cell in result["cells"]:
            self.assertIn("--runs 5", cell["arguments"])

    def test_without_root_it_says_what_is_left_out(self):
        code, result = self.bench(self.MICRO, self.FAST, "--cluster", root=False)
        self.assertEqual((code, len(result["cells"])), (0, 2 * len(bench_goals.GOALS)))
        self.assertEqual(result["left_out"], {"netns-af_packet": "needs root",
                                              "netns-udp": "needs root"})

    def test_a_part_that_fails_or_writes_nothing_is_a_failure(self):
        self.assertEqual(self.bench("exit 1", self.FAST), (1, {}))
        for torc in ("exit 1", "exit 0"):
            code, result = self.bench(self.MICRO, torc)
            self.assertEqual((code, result["cells"]), (1, []))
            self.assertEqual(len(result["left_out"]), 3 * len(bench_goals.GOALS))

    def test_a_sweep_that_fails_leaves_the_others(self):
        torc = f'case "$*" in *vhost*1500*) exit 1;; esac\n{self.FAST}'
        code, result = self.bench(self.MICRO, torc, "--cluster")
        self.assertEqual((code, len(result["cells"])), (1, 3 * len(bench_goals.GOALS) - 1))
        self.assertEqual(list(result["left_out"]),
                         ["vhost, agreed 8850 B, 1,3 senders, flood, MTU 1500"])

    def test_another_order_is_in_the_result_and_a_failure(self):
        torc = self.FAST.replace("true", "false") + "\nexit 1"
        code, result = self.bench(self.MICRO, torc, "--cluster", "--layout", "udp")
        self.assertEqual((code, len(result["cells"])), (1, len(bench_goals.GOALS)))
        self.assertEqual(result["left_out"], {})

    def test_another_build_is_measured_in_turn(self):
        code, result = self.bench("exit 1", self.FAST, "--against", "BUILD/other", "--layout",
                                  "udp", "--runs", "2", other=self.SLOW)
        self.assertEqual(code, 0)
        singles = [cell for sweep in bench_goals.GOALS for cell in sweep.cells()]
        self.assertEqual(len(result["cells"]), len(singles))
        for cell in result["cells"]:
            self.assertEqual(cell["messages_per_second"], 300)
            self.assertEqual(cell["against"]["messages_per_second"], 100)
            self.assertEqual(cell["ratio"], {"messages_per_second": 3, "p50_us": 1,
                                             "p99_us": None})
        self.assertEqual(self.bench("exit 1", self.FAST, "--against", "BUILD/none"), (1, {}))

    def test_builds_take_turns_and_a_wrong_order_shows(self):
        calls = []

        def run(tool, _):
            calls.append(str(tool))
            return {"offered": 1000, "messages_per_second": 1000, "p50_us": len(calls), "p99_us": 1,
                    "same_order": len(calls) != 4}
        cell = bench_against.compare_cell(run, Path("a"), Path("b"), bench_goals.GOALS[0], 3)
        self.assertEqual(calls, ["a", "b", "b", "a", "a", "b"])
        self.assertEqual((cell["p50_us"], cell["against"]["p50_us"]), (4, 3))
        self.assertFalse(cell["same_order"])
        self.assertTrue(cell["against"]["same_order"])

    def test_the_goals_of_the_issue_are_all_there(self):
        cells = {(cell.sizes[0], cell.rates[0], cell.services[0], cell.senders[0], cell.mtu)
                 for sweep in bench_goals.GOALS for cell in sweep.cells()}
        for senders in (1, 3):
            for size in (64, 200, 1350, 8850, 65536):
                self.assertIn((size, 0, "agreed", senders, 1500), cells)
            self.assertIn((8850, 0, "agreed", senders, 9000), cells)
            self.assertIn((64, 1000, "agreed", senders, 1500), cells)
            self.assertIn((64, 1000, "safe", senders, 1500), cells)
            self.assertIn((200, 40000, "agreed", senders, 1500), cells)


class NoDpdk(unittest.TestCase):
    def check(self, deps: str, ninja_file: str = "") -> int:
        with tempfile.TemporaryDirectory() as folder:
            write_program(Path(folder, "bin/ninja"), f"cat <<'END'\n{deps}\nEND")
            Path(folder, "build.ninja").write_text(ninja_file)
            path = os.environ["PATH"]
            os.environ["PATH"] = f"{folder}/bin:{path}"
            try:
                return quietly(check_no_dpdk.main, [folder])[0]
            finally:
                os.environ["PATH"] = path

    def test_a_header_or_a_library_of_dpdk_is_found(self):
        plain = "a.o: #deps 2, deps mtime 1 (VALID)\n    ../base/ids.hpp"
        self.assertEqual(self.check(plain), 0)
        self.assertEqual(self.check(plain + "\n    /usr/include/dpdk/rte_mbuf.h"), 1)
        self.assertEqual(self.check(plain, " LINK_ARGS = -lrte_eal -lm"), 1)
        self.assertEqual(self.check(plain, " LINK_ARGS = /usr/lib/librte_eal.so"), 1)
        self.assertEqual(self.check(""), 1)


class Dev(unittest.TestCase):
    def dev(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(ROOT / "dev"), *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, cwd="/")

    def test_help_lists_every_command(self):
        done = self.dev("help")
        self.assertEqual(done.returncode, 0)
        for name in readme_commands.dev_commands(ROOT):
            self.assertIn(f"\n  {name.replace('_', '-')} ", done.stdout)

    def test_wrong_words_are_refused_by_name(self):
        for arguments, part in [(["dmeo"], "'dmeo'"), (["test", "--fast"], "'--fast'"),
                                (["fuzz", "--seconds", "x"], "'x'"),
                                (["install-deps", "cellar"], "'cellar'")]:
            with self.subTest(arguments=arguments):
                done = self.dev(*arguments)
                self.assertEqual(done.returncode, 1)
                self.assertIn(part, done.stderr)

    def test_the_package_list_has_no_duplicates_and_the_known_sections(self):
        sections, names = [], []
        for line in (ROOT / "tools/dev/debian-packages.txt").read_text().splitlines():
            word = line.split("#")[0].strip()
            if word.startswith("["):
                sections.append(word)
            elif word:
                names.append(word)
        self.assertEqual(sections, ["[build]", "[test]", "[check]"])
        self.assertEqual(len(names), len(set(names)))


if __name__ == "__main__":
    unittest.main()
