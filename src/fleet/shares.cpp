// Whole weights up to 256 that are nearest to shares divided among containers.
#include "amba/fleet/shares.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>

namespace amba::fleet {

namespace {

constexpr unsigned kMostShare = 1'000'000;
constexpr std::uint64_t kMostWeight = 256;
constexpr std::uint64_t kMostMultiple = 1ull << 32;  // times kMostShare is still within 64 bits

bool is_version(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

}  // namespace

core::Result<Split> parse_split(std::string_view text) {
    Split split;
    const auto wrong = [&](std::string_view part, const std::string& expected) {
        return core::error(core::quote(part) + ": expected " + expected);
    };
    while (true) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view part = text.substr(0, end);
        const std::size_t colon = part.rfind(':');
        if (colon == std::string_view::npos || !is_version(part.substr(0, colon))) {
            return wrong(part, "VERSION:SHARE, as in blue:90,green:10");
        }
        unsigned share = 0;
        const char* last = part.data() + part.size();
        const auto read = std::from_chars(part.data() + colon + 1, last, share);
        if (read.ec != std::errc() || read.ptr != last || share > kMostShare) {
            return wrong(part, "a share from 0 to 1000000 behind the colon");
        }
        if (!split.emplace(part.substr(0, colon), share).second) {
            return wrong(part, "each version once");
        }
        if (end == text.size()) return split;
        text.remove_prefix(end + 1);
    }
}

std::string to_string(const Split& split) {
    std::string text;
    for (const auto& [version, share] : split) {
        text += (text.empty() ? "" : ",") + version + ":" + std::to_string(share);
    }
    return text;
}

// One of n containers gets the n-th part of its version's share: over the least common multiple of
// all n these parts are whole numbers, which the greatest common divisor makes small.
Weights weights(const Split& split, const std::map<std::string, unsigned>& containers) {
    std::uint64_t multiple = 1;
    Weights result;
    std::map<std::string, std::uint64_t> parts;
    for (const auto& [version, count] : containers) {
        const auto share = split.find(version);
        parts[version] = share == split.end() ? 0 : share->second;
        if (count > 0 && parts[version] > 0 && multiple < kMostMultiple) {
            multiple = std::lcm(multiple, static_cast<std::uint64_t>(count));
        }
    }
    result.exact = multiple < kMostMultiple;
    std::uint64_t divisor = 0;
    std::uint64_t greatest = 1;
    for (auto& [version, part] : parts) {
        const unsigned count = std::max(containers.at(version), 1u);
        part = part * std::min(multiple, kMostMultiple) / count;
        divisor = std::gcd(divisor, part);
        greatest = std::max(greatest, part);
    }
    divisor = std::max<std::uint64_t>(divisor, 1);
    greatest /= divisor;
    for (const auto& [version, part] : parts) {
        std::uint64_t weight = part / divisor;
        if (greatest > kMostWeight && weight > 0) {
            result.exact = false;
            weight = std::max<std::uint64_t>((weight * kMostWeight + greatest / 2) / greatest, 1);
        }
        result.of[version] = static_cast<int>(weight);
    }
    return result;
}

}  // namespace amba::fleet
