// torc lossy: what a daemon with `[lossy] enabled = true` loses on purpose, shown and changed while
// it runs.
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "dataplane/lossy_page.hpp"
#include "tools/torc/command.hpp"
#include "tools/torc/status_reader.hpp"

namespace torc::tool {
namespace {

class Lossy : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("lossy", "loss on purpose at a daemon here: show, change");
        app_->add_option("-d,--daemon", daemon_, "its name (default: the only one)");
        app_->add_option("-r,--runtime-dir", runtime_dir_, "where daemons keep their files")
            ->envname("TORC_RUNTIME_DIR")
            ->capture_default_str();
        const auto rate = CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000});
        app_->add_option("--loss-ppm", loss_, "of a million received, lost")->check(rate);
        app_->add_option("--duplicate-ppm", duplicate_, "of a million, repeated")->check(rate);
        app_->add_option("--delay-ppm", delay_, "of a million, delayed")->check(rate);
        app_->add_option("--delay-us", delay_us_, "longest delay, microseconds")
            ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1'000'000}));
        app_->add_option("--deaf-to", deaf_to_, "hears nothing of these daemons; none: hears all")
            ->delimiter(',');
    }

    int run() override {
        if (daemon_.empty()) daemon_ = only_one();
        const std::string path = dataplane::lossy_path(runtime_dir_, daemon_);
        const auto present = dataplane::read_rates(path);
        if (!present) {
            throw std::runtime_error(present.error().message + " (does '" + daemon_ +
                                     "' run with [lossy] enabled = true?)");
        }
        const dataplane::LossyRates wanted = changed(*present);
        if (!(wanted == *present)) {
            if (const auto written = dataplane::write_rates(path, wanted); !written) {
                throw std::runtime_error(written.error().message);
            }
        }
        print(wanted);
        return EXIT_SUCCESS;
    }

private:
    std::string only_one() const {
        const std::vector<std::string> nodes = nodes_in(runtime_dir_);
        if (nodes.size() == 1) return nodes.front();
        throw std::runtime_error(
            fmt::format("{} daemons in {}: say which with --daemon", nodes.size(), runtime_dir_));
    }

    dataplane::LossyRates changed(dataplane::LossyRates rates) const {
        if (loss_) rates.loss_ppm = *loss_;
        if (duplicate_) rates.duplicate_ppm = *duplicate_;
        if (delay_) rates.delay_ppm = *delay_;
        if (delay_us_) rates.delay_ns = *delay_us_ * 1000;
        if (deaf_to_.empty()) return rates;
        rates.deaf_to = {};
        if (deaf_to_.size() == 1 && deaf_to_.front() == "none") return rates;
        for (const std::string& name : deaf_to_) rates.set_deaf_to(index_of(name), true);
        return rates;
    }

    /// By the list in the daemon's own counters file: the tool reads no configuration.
    NodeIndex index_of(const std::string& name) const {
        const std::vector<std::string> nodes = configured_nodes(runtime_dir_, daemon_);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (nodes[i] == name) return NodeIndex{static_cast<std::uint16_t>(i)};
        }
        throw std::runtime_error("'" + daemon_ + "' knows no daemon '" + name + "'");
    }

    void print(const dataplane::LossyRates& rates) const {
        fmt::print("{}: of a million received {} lost, {} repeated, {} delayed by up to {} us\n",
                   daemon_, rates.loss_ppm, rates.duplicate_ppm, rates.delay_ppm,
                   rates.delay_ns / 1000);
        const std::vector<std::string> nodes = configured_nodes(runtime_dir_, daemon_);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            if (rates.is_deaf_to(static_cast<std::uint16_t>(i))) {
                fmt::print("{}: deaf to {}\n", daemon_, nodes[i]);
            }
        }
    }

    std::string daemon_;
    std::string runtime_dir_{"/run/torc"};
    std::optional<std::uint64_t> loss_;
    std::optional<std::uint64_t> duplicate_;
    std::optional<std::uint64_t> delay_;
    std::optional<std::uint64_t> delay_us_;
    std::vector<std::string> deaf_to_;
};

}  // namespace

std::unique_ptr<Command> make_lossy() { return std::make_unique<Lossy>(); }

}  // namespace torc::tool
