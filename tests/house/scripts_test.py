"""The scripts behind ./dev: what they count, what they find in a README, what they refuse."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import bench  # noqa: E402
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
    TORC = """echo "{\\"layout\\": \\"$3\\"}" >"$7\""""

    def bench(self, micro: str, torc: str, *arguments: str) -> tuple[int, dict]:
        with tempfile.TemporaryDirectory() as folder:
            build, out = Path(folder), Path(folder, "out.json")
            write_program(build / "bench/ring_bench", micro)
            write_program(build / "tools/torc", torc)
            with contextlib.redirect_stderr(io.StringIO()):
                code, _ = quietly(bench.main, ["--build", folder, "--tool", f"{folder}/tools/torc",
                                               "--json", str(out), *arguments, "--",
                                               "bench/ring_bench"])
            return code, json.loads(out.read_text()) if out.exists() else {}

    def test_both_parts_are_merged_with_the_machine(self):
        code, result = self.bench(self.MICRO, self.TORC)
        self.assertEqual(code, 0)
        self.assertEqual(result["micro"], {"ring_bench": [{"name": "push"}]})
        self.assertEqual(result["cluster"], {"vhost": {"layout": "vhost"},
                                             "udp": {"layout": "udp"}})
        self.assertIn("cpu", result["machine"])

    def test_one_part_can_be_asked_for(self):
        self.assertNotIn("cluster", self.bench(self.MICRO, "exit 1", "--micro")[1])
        code, result = self.bench("exit 1", self.TORC, "--cluster", "--layout", "netns-udp")
        self.assertEqual((code, list(result["cluster"])), (0, ["netns-udp"]))

    def test_a_part_that_fails_or_writes_nothing_is_a_failure(self):
        self.assertEqual(self.bench("exit 1", self.TORC), (1, {}))
        self.assertEqual(self.bench(self.MICRO, "exit 1"), (1, {}))
        self.assertEqual(self.bench(self.MICRO, "exit 0"), (1, {}))


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
