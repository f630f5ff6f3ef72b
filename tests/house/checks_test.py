"""Every house rule fires on a seeded breach and stays quiet on its decent neighbour."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools" / "dev"))
import check_layers  # noqa: E402
import tidy  # noqa: E402


class Tree:
    """A throw-away source tree; `check` sees it as it sees the repository."""

    def __init__(self, files: dict[str, str | bytes]):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def __enter__(self) -> Path:
        return self.root

    def __exit__(self, *_):
        self.folder.cleanup()


# Files that the seeded includes point to, so that only the direction can be at fault.
TARGETS = {name: "#pragma once\n" for name in [
    "base/ids.hpp", "wire/hop.hpp", "config/settings.hpp", "telemetry/counters.hpp",
    "ordering/ring.hpp", "membership/former.hpp", "quorum/lease.hpp", "groups/groups.hpp",
    "engine/engine.hpp", "dataplane/port.hpp", "client_shm/layout.hpp", "client_shm/rings.hpp",
    "client_shm/server/acceptor.hpp", "client_shm/client/session.hpp", "client_stream/codec.hpp",
    "daemon/lifecycle.hpp", "tests/support/cluster.hpp", "include/torc/torc.h"]}


def layer_breaches(path: str, line: str) -> list[str]:
    with Tree({**TARGETS, path: f"#pragma once\n{line}\n"}) as root:
        return check_layers.check(root)[0]


class Layers(unittest.TestCase):
    def assert_breach(self, path: str, line: str, part: str):
        found = layer_breaches(path, line)
        self.assertEqual(len(found), 1, f"{path}: {line}: {found}")
        self.assertTrue(found[0].startswith(f"{path}:2: "), found[0])
        self.assertIn(part, found[0])

    def test_arrows_that_point_up_or_sideways_are_breaches(self):
        for path, target in [
                ("base/x.hpp", "wire/hop.hpp"),
                ("wire/x.hpp", "config/settings.hpp"),
                ("telemetry/x.hpp", "wire/hop.hpp"),
                ("ordering/x.cpp", "membership/former.hpp"),
                ("membership/x.cpp", "ordering/ring.hpp"),
                ("groups/x.cpp", "quorum/lease.hpp"),
                ("ordering/x.cpp", "engine/engine.hpp"),
                ("engine/x.cpp", "dataplane/port.hpp"),
                ("engine/x.cpp", "client_shm/layout.hpp"),
                ("dataplane/x.cpp", "client_shm/server/acceptor.hpp"),
                ("dataplane/x.cpp", "client_stream/codec.hpp"),
                ("client_shm/layout.hpp", "wire/hop.hpp"),
                ("client_shm/rings.hpp", "telemetry/counters.hpp"),
                ("client_shm/client/x.cpp", "telemetry/counters.hpp"),
                ("client_shm/client/x.cpp", "engine/engine.hpp"),
                ("client_shm/server/x.cpp", "dataplane/port.hpp"),
                ("tools/torc/x.cpp", "engine/engine.hpp"),
                ("tools/torc/x.cpp", "dataplane/port.hpp"),
                ("daemon/x.cpp", "tests/support/cluster.hpp"),
                ("examples/x.cpp", "base/ids.hpp")]:
            with self.subTest(path=path, target=target):
                self.assert_breach(path, f'#include "{target}"', "up or sideways")

    def test_arrows_that_point_down_are_fine(self):
        for path, target in [
                ("wire/x.hpp", "base/ids.hpp"),
                ("ordering/x.cpp", "telemetry/counters.hpp"),
                ("engine/x.cpp", "groups/groups.hpp"),
                ("dataplane/x.cpp", "engine/engine.hpp"),
                ("dataplane/x.cpp", "client_shm/rings.hpp"),
                ("client_shm/server/x.cpp", "telemetry/counters.hpp"),
                ("client_shm/client/x.cpp", "torc/torc.h"),
                ("client_shm/client/x.cpp", "client_shm/rings.hpp"),
                ("daemon/x.cpp", "client_stream/codec.hpp"),
                ("tools/torc/x.cpp", "torc/torc.h"),
                ("tests/sim/x.cpp", "engine/engine.hpp"),
                ("bench/x.cpp", "ordering/ring.hpp")]:
            with self.subTest(path=path, target=target):
                self.assertEqual(layer_breaches(path, f'#include "{target}"'), [])

    def test_libraries_stay_where_they_belong(self):
        for path, header in [
                ("engine/x.cpp", "rte_mbuf.h"), ("daemon/x.cpp", "rte_eal.h"),
                ("tools/x.cpp", "liburing.h"), ("client_shm/client/x.cpp", "liburing.h"),
                ("config/schema.cpp", "toml++/toml.h"), ("dataplane/x.cpp", "CLI/CLI.hpp"),
                ("client_shm/client/x.cpp", "mimalloc.h"), ("base/x.hpp", "gtest/gtest.h"),
                ("tests/x.cpp", "benchmark/benchmark.h")]:
            with self.subTest(path=path, header=header):
                self.assert_breach(path, f"#include <{header}>", header)
        for path, header in [
                ("dataplane/x.cpp", "rte_mbuf.h"), ("daemon/x.cpp", "liburing.h"),
                ("config/load_toml.cpp", "toml++/toml.h"), ("tools/x.cpp", "CLI/CLI.hpp"),
                ("bench/x.cpp", "benchmark/benchmark.h"), ("tests/x.cpp", "gtest/gtest.h")]:
            with self.subTest(path=path, header=header):
                self.assertEqual(layer_breaches(path, f"#include <{header}>"), [])

    def test_a_pure_room_touches_no_machine(self):
        for line in ["#include <thread>", "#include <mutex>", "#include <iostream>",
                     "#include <sys/socket.h>", "#include <random>",
                     "auto t = ProtocolClock::now();", "using c = std::chrono::steady_clock;",
                     'auto home = getenv("HOME");', "std::random_device seed;",
                     "void* p = malloc(8);", "auto* p = new Frame;", "throw 1;",
                     "if (dynamic_cast<A*>(b)) {}", "thread_local int x;"]:
            with self.subTest(line=line):
                self.assert_breach("engine/x.cpp", line, "pure room")
                self.assertEqual(layer_breaches("daemon/x.cpp", line), [])

    def test_comments_and_strings_are_not_code(self):
        for line in ["// the clock's ::now() is not ours", "/* throw */",
                     'check("no malloc() here");', '// #include "dataplane/port.hpp"',
                     "char quote = '\"'; // throw", 'auto s = R"(try { throw; })";']:
            with self.subTest(line=line):
                self.assertEqual(layer_breaches("engine/x.cpp", line), [])
        # A quote that a comment opens must not hide the code after it.
        self.assert_breach("engine/x.cpp", "/* \" */ throw 1; // \"", "pure room")
        self.assert_breach("engine/x.cpp", "auto n = 1'000; throw n; // '", "pure room")

    def test_includes_are_rooted_and_exist(self):
        self.assert_breach("wire/x.hpp", '#include "hop.hpp"', "not rooted")
        self.assert_breach("wire/x.hpp", '#include "../base/ids.hpp"', "not rooted")
        self.assert_breach("wire/x.hpp", '#include "base/gone.hpp"', "does not exist")

    def test_unknown_rooms_and_empty_trees_are_not_passed_in_silence(self):
        with Tree({"cellar/x.hpp": "#pragma once\n"}) as root:
            self.assertIn("no rule for this room", check_layers.check(root)[0][0])
        with Tree({"x.cpp": "\n"}) as root:
            self.assertIn("top level", check_layers.check(root)[0][0])
        with Tree({"README.md": "# x\n"}) as root:
            self.assertEqual(check_layers.main([str(root)]), 1)


class Tidy(unittest.TestCase):
    def breaches(self, path: str, content: str | bytes) -> list[str]:
        with Tree({path: content}) as root:
            return tidy.check(root)[0]

    def assert_breach(self, path: str, line: str, rule: str):
        found = self.breaches(path, f"#pragma once\n{line}\n")
        self.assertEqual(len(found), 1, f"{path}: {line}: {found}")
        self.assertTrue(found[0].startswith(f"{path}:2: [{rule}] "), found[0])

    SEEDS = [
        ("assert(x);", "assert"), ("#include <cassert>", "assert"),
        ('std::cout << "x";', "cout"), ("#include <iostream>", "cout"),
        ('std::printf("x");', "printf"), ("usleep(5);", "sleep"), ("::sleep(1);", "sleep"),
        ("std::this_thread::sleep_for(t);", "sleep"), ("int n = rand();", "rand"),
        ("srand(1);", "rand"), ("volatile int x;", "volatile"),
        ("auto h = reinterpret_cast<const HopHeader*>(p);", "frame cast"),
        ("strcpy(a, b);", "c string copy"), ("int n = atoi(s);", "c string copy"),
        ("auto t = std::chrono::system_clock::now();", "wall clock"),
        ("auto t = time(nullptr);", "wall clock"), ("worker.detach();", "detach"),
        ("using namespace std;", "using namespace"),
        ("#define private public", "private public"),
        ("int x; ", "trailing space"), ("\tint x;", "tab"),
        ("int " + "x" * 100 + ";", "line length"), ("// FIX" + "ME later", "leftover"),
    ]

    def test_every_ban_fires(self):
        for line, rule in self.SEEDS:
            with self.subTest(line=line):
                self.assert_breach("wire/x.hpp", line, rule)
        self.assert_breach("client_shm/client/x.hpp", "signal(SIGPIPE, SIG_IGN);", "signal")

    def test_every_ban_has_a_seed(self):
        seeded = {rule for _, rule in self.SEEDS} | {"signal"}
        self.assertEqual({ban.name for ban in tidy.BANS} - seeded, set())

    def test_decent_neighbours_pass(self):
        for line in ["static_assert(sizeof(int) == 4);", "oracle.assert_all(x);",
                     "// std::cout is banned, volatile too", 'fail("rand() is not random");',
                     "std::snprintf(a, 4, b);", "int operand(int x);", "void sleep(Instant until);",
                     'asm volatile("pause");', "bool cosleep(int x);",
                     "auto p = reinterpret_cast<sockaddr*>(&address);", "round_time(0);"]:
            with self.subTest(line=line):
                self.assertEqual(self.breaches("wire/x.hpp", f"#pragma once\n{line}\n"), [])

    def test_programs_may_print_and_the_daemon_may_handle_signals(self):
        self.assertEqual(self.breaches("tools/x.cpp", 'std::printf("x");\n'), [])
        self.assertEqual(self.breaches("daemon/x.cpp", "sigaction(SIGTERM, &a, nullptr);\n"), [])

    def test_a_waiver_needs_its_rule_and_a_reason(self):
        waive = "volatile int x;  // tidy: allow volatile: the device writes it\n"
        self.assertEqual(self.breaches("wire/x.cpp", waive), [])
        self.assertNotEqual(self.breaches("wire/x.cpp", waive.replace("allow volatile",
                                                                      "allow cout")), [])
        self.assertNotEqual(self.breaches("wire/x.cpp", waive.replace(" the device writes it",
                                                                      "")), [])

    def test_markdown_has_one_title(self):
        self.assertEqual(self.breaches("README.md", "# One\n\n```sh\n# comment\n```\n"), [])
        self.assertIn("[title]", self.breaches("README.md", "# One\n# Two\n")[0])
        self.assertIn("[title]", self.breaches("README.md", "text\n")[0])
        self.assertIn("[fence]", self.breaches("README.md", "# One\n```sh\n")[0])

    def test_headers_are_guarded_and_files_end(self):
        self.assertIn("[guard]", self.breaches("wire/x.hpp", "int x;\n")[0])
        self.assertIn("[guard]", self.breaches("include/torc/x.h", "#pragma once\n")[0])
        self.assertEqual(self.breaches("include/torc/x.h", "#ifndef TORC_X_H\n#endif\n"), [])
        self.assertIn("[last line]", self.breaches("wire/x.cpp", "int x;")[0])
        self.assertIn("[encoding]", self.breaches("wire/x.cpp", b"\xff\xfe\n")[0])

    def test_a_long_file_is_a_warning_only(self):
        with Tree({"wire/x.cpp": "int x;\n" * 700}) as root:
            found, warnings, _ = tidy.check(root)
            self.assertEqual((found, len(warnings)), ([], 1))


if __name__ == "__main__":
    unittest.main()
