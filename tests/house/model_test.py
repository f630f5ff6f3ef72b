"""./dev model: costs from instruction counts, sweeps, plots."""

import json
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "dev"))
import model  # noqa: E402
import model_costs  # noqa: E402
import model_plots  # noqa: E402
import svg_plot  # noqa: E402

COUNTS = json.loads(model.BASELINE.read_text(encoding="utf-8"))["instructions"]
FIGURE_BYTES_MAX = 60 * 1024


def cell(**changes) -> dict:
    latency = [{"service": service, "load_percent": load, "p50_us": load / 2, "p99_us": load * 2.0}
               for service in ("agreed", "safe") for load in (10, 50)]
    return {"link_gbit": 10, "mtu": 1500, "nodes": 8, "payload_bytes": 1350, "loss_ppm": 0,
            "in_flight_frames": 2048, "burst_frames": 32, "cpu": "free", "share_of_bound": 0.97,
            "formed": True, "latency": latency, **changes}


class Costs(unittest.TestCase):
    """What the model charges for a workload adds up to what was counted."""

    def setUp(self):
        self.parts = model_costs.instructions(COUNTS)

    def charged(self, **times: int) -> float:
        return sum(self.parts[name] * count for name, count in times.items())

    def test_a_visit_is_never_charged_less_than_it_takes(self):
        self.assertGreaterEqual(round(self.charged(rx_frame=1, tx_frame=1, token=1), 3),
                                COUNTS["visit_idle"])

    def test_frames_received_and_later_freed(self):
        freed = (COUNTS["visit_loaded"] - COUNTS["visit_idle"]) / 64
        self.assertAlmostEqual(self.charged(rx_frame=1, message_out=model_costs.MESSAGES) - freed,
                               COUNTS["data_received/64"])
        self.assertAlmostEqual(self.charged(rx_frame=1, message_out=1) - freed,
                               COUNTS["data_received/1350"])

    def test_frames_built_and_sent(self):
        judged = self.parts["message_own"] - COUNTS["message_out/64"]
        for messages, size in ((model_costs.MESSAGES, 64), (1, 1350)):
            whole = COUNTS[f"data_sent/{size}"] + messages * COUNTS[f"message_in/{size}"]
            self.assertAlmostEqual(self.charged(tx_frame=1, built_frame=1, message_in=messages)
                                   + messages * judged, whole)

    def test_nothing_costs_less_than_nothing(self):
        self.assertTrue(all(cost >= 0 for cost in self.parts.values()))

    def test_the_option_names_every_part_in_nanoseconds(self):
        name, _, parts = model_costs.cpu_option(model.BASELINE, 2.0).partition(":")
        self.assertEqual(name, "code")
        costs = dict(part.split("=") for part in parts.split(","))
        self.assertEqual(costs.keys(), self.parts.keys())
        self.assertEqual(int(costs["rx_frame"]), round(self.parts["rx_frame"] / 2))


class Sweeps(unittest.TestCase):
    def test_the_quick_one_is_part_of_the_whole(self):
        for quick in model.QUICK:
            with self.subTest(sweep=quick):
                self.assertTrue(any(
                    quick.mtu == full.mtu and set(quick.rates) <= set(full.rates)
                    and set(quick.nodes) <= set(full.nodes) and set(quick.loads) <= set(full.loads)
                    and quick.sizes == full.sizes and quick.settings == full.settings
                    for full in model.FULL))

    def test_the_whole_one_covers_what_the_goals_speak_of(self):
        def covered(field: str) -> set[int]:
            return {value for sweep in model.FULL for value in getattr(sweep, field)}
        self.assertLessEqual({10, 25, 100}, covered("rates"))
        self.assertLessEqual({2, 3, 4, 8, 16, 32}, covered("nodes"))
        self.assertLessEqual({10, 50, 80, 95}, covered("loads"))
        self.assertLessEqual({0, 1000}, covered("loss_ppm"))
        self.assertEqual({1500, 9000}, {sweep.mtu for sweep in model.FULL})

    def test_arguments_are_lists(self):
        words = model.Sweep(rates=(10, 25), nodes=(3,), loads=(50, 80)).arguments()
        given = dict(zip(words[::2], words[1::2]))
        self.assertEqual(given["--gbit"], "10,25")
        self.assertEqual(given["--payload"], "1350")
        self.assertEqual(given["--loads"], "50,80")
        self.assertEqual(given["--in-flight"], str(model.SETTINGS[1500][0]))
        self.assertNotIn("--loads", model.Sweep().arguments())


class Plots(unittest.TestCase):
    def test_plots_of_some_cells_are_small_and_well_formed(self):
        cells = [cell(link_gbit=gbit, nodes=nodes, cpu=cpu) for gbit in (10, 25, 100)
                 for nodes in (2, 3, 4, 8, 16, 32) for cpu in ("free", "code")]
        cells += [cell(loss_ppm=1000, share_of_bound=0.5)]
        drawn = {"saturation": model_plots.saturation(cells, 1500, 1350),
                 "latency": model_plots.latency(cells, 1500, 8), "loss": model_plots.loss(cells)}
        for name, plot in drawn.items():
            svg = svg_plot.svg_of(plot)
            self.assertLess(len(svg.encode()), FIGURE_BYTES_MAX, name)
            root = xml.etree.ElementTree.fromstring(svg)
            paths = root.findall("{http://www.w3.org/2000/svg}path")
            self.assertEqual(len(paths), len(plot.series), name)

    def test_other_settings_have_a_line_of_their_own_or_none(self):
        defaults = dict(zip(("in_flight_frames", "burst_frames"), model.DEFAULTS))
        cells = [cell(), cell(share_of_bound=0.5, **defaults),
                 cell(share_of_bound=0.1, in_flight_frames=7, burst_frames=7)]
        plot = model_plots.saturation(cells, 1500, 1350)
        self.assertEqual([series.points for series in plot.series], [[("8", 97.0)], [("8", 50.0)]])

    def test_what_was_not_measured_is_not_drawn(self):
        self.assertIsNone(model_plots.saturation([cell()], 9000, 8850))
        self.assertIsNone(model_plots.latency([cell(latency=[])], 1500, 8))
        self.assertIsNone(model_plots.loss([cell()]))

    def test_a_higher_value_stands_higher(self):
        for logarithmic in (False, True):
            plot = svg_plot.Plot("t", "x", "y", ["a", "b"],
                                 [svg_plot.Series("s", [("a", 3.0), ("b", 70.0)])], logarithmic)
            scale = svg_plot.Scale(plot)
            self.assertGreater(scale.height(3), scale.height(70))
            self.assertLessEqual(scale.height(3), svg_plot.BOTTOM)
            self.assertGreaterEqual(scale.height(70), svg_plot.TOP)

    def test_nothing_to_draw_is_still_a_picture(self):
        plot = svg_plot.Plot("a < b", "x", "y", ["1"], [svg_plot.Series("none", [("1", 0.0)])])
        xml.etree.ElementTree.fromstring(svg_plot.svg_of(plot))


if __name__ == "__main__":
    unittest.main()
