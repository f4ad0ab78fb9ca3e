// How a backend is written.
#include "amba/table/table.hpp"

namespace amba::table {

using core::Address;
using core::Endpoint;

std::optional<Endpoint> Backend::literal() const {
    if (srv) return std::nullopt;
    const auto address = Address::parse(host);
    if (!address) return std::nullopt;
    return Endpoint{*address, port};
}

std::string Backend::to_string() const {
    if (srv) return "srv:" + host;
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace amba::table
