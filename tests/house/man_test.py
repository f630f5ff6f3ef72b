#!/usr/bin/env python3
"""Manual pages are held to the header: every function of torc.h has one page that names it and
shows its very declaration, every result and kind is explained, and every page is installed."""

import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAN = ROOT / "man"
sys.path.insert(0, str(MAN))
import toml_page  # noqa: E402


def one_line(text: str) -> str:
    return re.sub(r"\s*([(),*])\s*", r"\1", " ".join(text.split()))


def header_code() -> str:
    text = (ROOT / "include" / "torc" / "torc.h").read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"^#.*(?:\\\n.*)*$", "", text, flags=re.MULTILINE)
    return re.sub(r"\bTORC_(API|CHECK_RESULT)\b", "", text)


def declarations(code: str) -> dict[str, str]:
    """Function -> its declaration on one line."""
    found = re.findall(r"^[ \t]*((?:const )?\w+\*? (torc_\w+)\([^;{}]*\));", code, re.MULTILINE)
    return {name: one_line(whole) for whole, name in found}


class Page:
    def __init__(self, path: Path):
        self.title = path.name.removesuffix(".scd")
        text = path.read_text(encoding="utf-8")
        self.text = text
        self.parts = dict(re.findall(r"^# (.+?)\n\n(.*?)(?=^# |\Z)", text, re.S | re.M))
        self.names = [name.strip() for name in self.parts["NAME"].split(" - ")[0].split(",")]
        synopsis = self.parts.get("SYNOPSIS", "").replace("```", "")
        self.shown = declarations(re.sub(r"^#.*$", "", synopsis, flags=re.MULTILINE))


PAGES = [Page(path) for path in sorted(MAN.glob("*.scd"))]
SECTION_3 = [page for page in PAGES if page.title.endswith(".3")]


class FunctionsTest(unittest.TestCase):
    def setUp(self):
        self.declared = declarations(header_code())
        self.assertGreater(len(self.declared), 25)

    def test_every_function_has_one_page(self):
        named = [name for page in SECTION_3 for name in page.names]
        self.assertEqual(sorted(named), sorted(self.declared))

    def test_pages_show_the_declarations_of_the_header(self):
        for page in SECTION_3:
            self.assertEqual(sorted(page.shown), sorted(page.names), page.title)
            for name, shown in page.shown.items():
                with self.subTest(function=name):
                    self.assertEqual(shown, self.declared[name])

    def test_a_page_is_titled_after_its_first_function(self):
        for page in SECTION_3:
            self.assertEqual(page.title, f"{page.names[0]}.3")
            for part in ("DESCRIPTION", "RETURN VALUE", "SEE ALSO"):
                if page.title != "torc_strerror.3" or part != "RETURN VALUE":
                    self.assertIn(part, page.parts, page.title)


class ConstantsTest(unittest.TestCase):
    def enumerators(self, prefix: str) -> dict[str, str]:
        return dict(re.findall(rf"\b({prefix}\w*) = (-?\d+)\b", header_code()))

    def page(self, title: str) -> str:
        return next(page.text for page in PAGES if page.title == title)

    def test_every_result_stands_with_its_number_in_torc_strerror(self):
        rows = dict(re.findall(r"^\|  \*(TORC_\w+)\*\n:  (-?\d+)$", self.page("torc_strerror.3"),
                               re.MULTILINE))
        codes = {**self.enumerators("TORC_ERROR_"), "TORC_OK": "0", "TORC_READY": "1",
                 "TORC_WOULD_BLOCK": "-1"}
        self.assertEqual(rows, codes)

    def test_kinds_services_and_causes_are_explained(self):
        code = header_code()
        for enum, title in (("torc_kind", "torc_receive.3"), ("torc_service", "libtorc.7"),
                            ("torc_cause", "torc_join.3"), ("torc_flags", "torc_connect.3"),
                            ("torc_receive_flags", "torc_receive.3")):
            body = re.search(rf"enum {enum} \{{(.*?)\}}", code, re.DOTALL).group(1)
            for name in re.findall(r"\b(TORC_\w+)\s*=", body):
                with self.subTest(name=name, page=title):
                    self.assertTrue(f"*{name}*" in self.page(title))

    def test_fields_of_public_structs_are_told(self):
        where = {"torc_options": "torc_connect.3", "torc_counts": "torc_connect.3",
                 "torc_message": "torc_receive.3", "torc_target": "torc_receive.3",
                 "torc_reservation": "torc_reserve.3"}
        bodies = re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", header_code(), re.DOTALL)
        for body, struct in bodies:
            if struct == "torc_names":
                continue  # walked by torc_names_next() alone
            for field in re.findall(r"\b(\w+)(?:\[\w+\])?;", body):
                if field.startswith("reserved") or field == "position":
                    continue
                with self.subTest(struct=struct, field=field):
                    self.assertTrue(re.search(rf"[_>]{field}_", self.page(where[struct])))


class BindingsTest(unittest.TestCase):
    """What libtorc(7) promises to those who generate bindings."""

    def test_nothing_needs_a_preprocessor(self):
        text = (ROOT / "include" / "torc" / "torc.h").read_text(encoding="utf-8")
        macros = re.findall(r"^#define (\w+\(?)", text, re.MULTILINE)
        self.assertEqual(set(macros), {"TORC_TORC_H", "TORC_VERSION", "TORC_VERSION_NUMBER",
                                       "TORC_API", "TORC_CHECK_RESULT", "TORC_FOREVER"})

    def test_plain_functions_and_plain_structs(self):
        code = header_code()
        for word, what in (("inline", "a function without a symbol"), ("...", "variable arguments"),
                           ("(*", "a callback"), ("union", "a union"), ("bool", "a type of C99")):
            self.assertFalse(word in code, what)
        self.assertFalse(re.search(r"\w\s*:\s*\d", code), "a bit field")
        self.assertRegex(code, r"typedef struct torc_session torc_session;")
        self.assertNotIn("struct torc_session {", code, "sessions are opaque")

    def test_every_enumerator_says_its_number(self):
        for body in re.findall(r"enum \w* ?\{(.*?)\}", header_code(), re.DOTALL):
            for enumerator in filter(str.strip, body.split(",")):
                self.assertRegex(enumerator.strip(), r"^TORC_\w+ = [\w <-]+$")


class BuildTest(unittest.TestCase):
    def test_every_page_and_every_pointer_is_installed(self):
        build = (MAN / "meson.build").read_text(encoding="utf-8")
        table = re.search(r"^pages = \{(.*?)^\}", build, re.DOTALL | re.MULTILINE).group(1)
        installed = {title: set(re.findall(r"'(\w+)'", names))
                     for title, names in re.findall(r"'([\w.]+)': \[(.*?)\]", table, re.DOTALL)}
        self.assertEqual(installed, {page.title: set(page.names[1:]) for page in PAGES})

    def test_references_between_pages_lead_somewhere(self):
        known = {f"{name}({page.title[-1]})" for page in PAGES for name in page.names}
        known |= {"torc.toml(5)", "poll(2)", "fork(2)", "snprintf(3)", "systemd.service(5)"}
        for page in PAGES:
            for name, section in re.findall(r"\*([\w.]+)\*\((\d)\)", page.text):
                with self.subTest(page=page.title):
                    self.assertIn(f"{name}({section})", known)

    def test_every_key_of_the_configuration_is_in_its_page(self):
        example = (ROOT / "config" / "torc.example.toml").read_text(encoding="utf-8")
        keys = set(re.findall(r"^(\w+) = ", example, re.MULTILINE))
        self.assertGreater(len(keys), 30)
        page = toml_page.page_of(example).replace("\\", "")
        for key in keys:
            self.assertRegex(page, rf"(?m)^\*{key}\* = ")


if __name__ == "__main__":
    unittest.main()
