// Compose files before and after `amba link`: tables for each rule, and one place for the tests
// that hold for all of them.
#pragma once

#include <string>
#include <vector>

#include "amba/fleet/link.hpp"

namespace amba::fleet {

struct LinkSample {
    std::string name;
    std::string in;
    std::string ports;  // a ports.yml; "": none
    std::string out;
    std::vector<std::string> remarks;  // "LINE: how it begins", all of them
};

std::vector<LinkSample> link_samples();   // links, depends_on, addresses
std::vector<LinkSample> port_samples();   // ports and volumes
std::vector<LinkSample> style_samples();  // forms and layouts of the file
std::vector<LinkSample> kept_samples();   // links that stay, comments, variables, networks
std::vector<LinkSample> merge_samples();  // what comes through aliases and merge keys
std::vector<LinkSample> all_link_samples();

// Without a ports.yml where `ports` is empty; no image is known.
core::Result<Linked> link_sample(const std::string& in, const std::string& ports = "");

}  // namespace amba::fleet
