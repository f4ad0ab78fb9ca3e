// Holds an edited Compose file against what was meant: the same document, but for what the plans
// say. Knows nothing of lines, so that a mistake in the edits cannot hide in it.
#pragma once

#include <string_view>
#include <vector>

#include "fleet/link_plan.hpp"

namespace amba::fleet {

// `plans` in the order of before.services.
bool is_as_planned(const ComposeFile& before, const std::vector<LinkPlan>& plans,
                   std::string_view after);

}  // namespace amba::fleet
