#include "tests/unit/fleet/link_samples.hpp"

#include <gtest/gtest.h>

namespace amba::fleet {

std::vector<LinkSample> all_link_samples() {
    std::vector<LinkSample> all = link_samples();
    for (auto& sample : port_samples())
        all.push_back(std::move(sample));
    for (auto& sample : style_samples())
        all.push_back(std::move(sample));
    for (auto& sample : kept_samples())
        all.push_back(std::move(sample));
    for (auto& sample : merge_samples())
        all.push_back(std::move(sample));
    return all;
}

core::Result<Linked> link_sample(const std::string& in, const std::string& ports) {
    LinkOptions options;
    if (!ports.empty()) {
        auto read = parse_ports(ports);
        EXPECT_TRUE(read) << ports;
        if (read) options.ports = std::move(*read);
    }
    return link(in, options);
}

}  // namespace amba::fleet
