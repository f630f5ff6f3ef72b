// See device_string.hpp.
#include "dataplane/dpdk/device_string.hpp"

#include <algorithm>
#include <charconv>

#include "dataplane/dpdk/ethernet.hpp"

namespace torc::dataplane::dpdk {

namespace {

/// What the kernel puts before a frame in a slot (tpacket2 header and link address, aligned), and
/// room for a VLAN tag.
constexpr std::uint32_t kSlotOverhead = 100;
constexpr std::uint32_t kSlotStep = 2048;
constexpr std::uint32_t kSlotsOfBlock = 16;
/// Slots each way. More than a rotation's frames (in_flight_frames), little enough for L2.
constexpr std::uint32_t kSlots = 1024;
constexpr std::uint32_t kDefaultSlotBytes = 2048;  // the driver's, if framesz= is not given

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// [dddd:]bb:dd.f
bool is_pci_address(std::string_view name) {
    std::string_view pattern = "xxxx:xx:xx.x";
    if (name.size() == 7) pattern = "xx:xx.x";
    if (name.size() != pattern.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (pattern[i] == 'x' ? !is_hex(name[i]) : name[i] != pattern[i]) return false;
    }
    return true;
}

}  // namespace

std::optional<std::string> DeviceString::argument(std::string_view key) const {
    std::string_view rest = arguments;
    while (!rest.empty()) {
        const std::string_view item = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), item.size() + 1));
        const std::size_t equals = item.find('=');
        if (equals != std::string_view::npos && item.substr(0, equals) == key) {
            return std::string(item.substr(equals + 1));
        }
    }
    return std::nullopt;
}

std::string DeviceString::to_text() const {
    return arguments.empty() ? name : name + "," + arguments;
}

Result<DeviceString> parse_device(std::string_view text) {
    const std::string remedy =
        "device is \"vhost-mesh\", a PCI address (\"0000:3b:00.0\") or a virtual device "
        "(\"net_af_packet0,iface=eth0\")";
    DeviceString device;
    const std::size_t comma = text.find(',');
    device.name = std::string(text.substr(0, comma));
    if (comma != std::string_view::npos) device.arguments = std::string(text.substr(comma + 1));
    if (device.name.empty()) return failure("no DPDK device given", remedy);
    if (is_pci_address(device.name)) {
        device.bus = DeviceBus::pci;
        if (device.name.size() == 7) device.name = "0000:" + device.name;
        return device;
    }
    if (!device.is_driver("net_") && !device.is_driver("eth_")) {
        return failure("\"" + device.name + "\" is not a DPDK device", remedy);
    }
    return device;
}

DeviceString complete_af_packet(DeviceString device, std::uint32_t frame_bytes) {
    const auto add = [&device](std::string_view key, std::uint32_t value) {
        if (device.argument(key)) return;
        device.arguments += std::string(device.arguments.empty() ? "" : ",") + std::string(key) +
                            "=" + std::to_string(value);
    };
    const bool has_geometry =
        device.argument("framesz") || device.argument("blocksz") || device.argument("framecnt");
    if (!has_geometry) {
        const auto need = static_cast<std::uint32_t>(frame_bytes + kHeaderBytes + kSlotOverhead);
        const std::uint32_t slot = (need + kSlotStep - 1) / kSlotStep * kSlotStep;
        add("framesz", slot);
        add("blocksz", slot * kSlotsOfBlock);
        add("framecnt", kSlots);
    }
    add("qdisc_bypass", 1);
    return device;
}

std::uint32_t af_packet_slot_bytes(const DeviceString& device) {
    std::uint32_t bytes = kDefaultSlotBytes;
    if (const auto given = device.argument("framesz")) {
        std::from_chars(given->data(), given->data() + given->size(), bytes);
    }
    return bytes;
}

}  // namespace torc::dataplane::dpdk
