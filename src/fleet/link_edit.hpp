// From a LinkPlan to the bytes that change. What stands where it cannot be edited by lines (a
// service in flow style, an alias in a list) is an error at its place.
#pragma once

#include <vector>

#include "fleet/link_plan.hpp"
#include "fleet/yaml_lines.hpp"

namespace amba::fleet {

// Those of its ports and volumes, a part of the others.
core::Result<std::vector<YamlEdit>> list_edits(const YamlLines& lines, const ComposeFile& file,
                                               const ComposeService& service, const LinkPlan& plan);

core::Result<std::vector<YamlEdit>> link_edits(const YamlLines& lines, const ComposeFile& file,
                                               const ComposeService& service, const LinkPlan& plan);

}  // namespace amba::fleet
