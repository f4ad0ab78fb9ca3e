// From a table to what the proxy and the names need.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "amba/names/names.hpp"
#include "amba/proxy/proxy.hpp"
#include "amba/table/table.hpp"

namespace amba::daemon {

// The names among the backends, each once for each hold, with the shortest `resolve` of those who
// want it.
std::vector<names::BackendName> names_of(const table::Table& table);

// A backend that is a name, with what its frontend says of names.
names::BackendName name_of(const table::Frontend& frontend, const table::Backend& backend);

using AddressesOf = std::function<std::vector<names::ResolvedPlace>(const names::BackendName&)>;

// The backends of a frontend at their addresses, without amba's own. An address weighs what its SRV
// record says, if any, times what the table says of the name; where the greatest of a name is above
// kMaxWeight, all of that name are scaled down with it and none to 0. Primaries and backups are
// scaled apart. Addresses that their name has left come last, with a weight of 0 and unchecked.
std::vector<proxy::Target> targets_of(const table::Frontend& frontend, const AddressesOf& addresses,
                                      const names::Names::Own& own);

// Make before break: frontends that go on with the backends that they had, as their old table had
// them, because none of those in the table has an address yet.
using Kept = std::unordered_map<core::Bind, table::Frontend, core::BindHash>;

// Can one of them be given a connection?
bool serves(const std::vector<proxy::Target>& targets);
// The names that a frontend could use if they led somewhere, as HOST:PORT or srv:NAME.
std::vector<names::BackendName> awaited(const table::Frontend& frontend,
                                        const AddressesOf& addresses);
// The targets that serve in place of those of the table, without addresses that are now amba's own.
std::vector<proxy::Target> kept_targets(const table::Frontend& kept, const AddressesOf& addresses,
                                        const names::Names::Own& own);

// Would a connection to that address arrive at a frontend of this table?
names::Names::Own own_of(const table::Table& table, std::vector<core::Address> local);

// Names without an address so far, as HOST:PORT or srv:NAME.
std::vector<std::string> unresolved(const std::vector<names::BackendName>& wanted,
                                    const names::Names& names);

}  // namespace amba::daemon
