// A table on its way to become the active one, and all that is worked out of it before the swap.
//
// Both steps are pure, so that those of a large table are done beside the loop: a hundred thousand
// backends take a good part of a second.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "amba/names/names.hpp"
#include "amba/proxy/proxy.hpp"
#include "amba/table/table.hpp"
#include "daemon/plan.hpp"

namespace amba::daemon {

// The frontends that have a backend of that name, or had it and keep it, by its key: places in the
// table.
using Named = std::unordered_map<std::string, std::vector<std::size_t>>;

struct Draft {
    // What is known at first.
    table::Table table;
    std::string revision;
    std::uint64_t generation = 0;  // 0: the next
    std::vector<core::Address> local;
    std::optional<core::Bind> own_admin;
    std::uint64_t seed = 0;  // of this process: where pools begin

    // examine()
    std::string refusal;  // why it cannot be the table of this process; empty: it can
    std::vector<names::BackendName> names;
    names::Names::Own own;

    // What compose() needs beside: the names' answers, what serves, and the table that serves.
    names::Names::Addresses addresses;
    std::vector<proxy::FrontendBackends> known;
    const table::Table* before = nullptr;  // null: none
    const Kept* kept_before = nullptr;     // of it

    // compose()
    std::vector<proxy::Plan> plans;
    Named named;
    std::string changes;             // in words
    std::vector<std::string> added;  // addresses of new frontends
    std::vector<std::string> empty;  // names of frontends without a backend
    Kept kept;

    std::vector<names::ResolvedPlace> answer(const names::BackendName& name) const;
};

// Is the work large enough to be done beside the loop?
bool is_large(const Draft& draft);

void examine(Draft& draft);
void compose(Draft& draft);

}  // namespace amba::daemon
