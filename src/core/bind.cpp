// Which binds overlap, and which connects arrive at one.
#include "amba/core/bind.hpp"

#include <algorithm>

namespace amba::core {

std::string Bind::to_string() const {
    return wildcard ? "*:" + std::to_string(endpoint.port) : endpoint.to_string();
}

bool Bind::overlaps(const Bind& other) const {
    if (endpoint.port != other.endpoint.port) return false;
    if (wildcard || other.wildcard) return true;
    const Address& a = endpoint.address;
    const Address& b = other.endpoint.address;
    if (a.is_v6() != b.is_v6()) return false;
    return a == b || a.is_unspecified() || b.is_unspecified();
}

bool Bind::receives(const Endpoint& target, const std::vector<Address>& local) const {
    if (endpoint.port != target.port) return false;
    const Address address = target.address.reached();
    const bool every = wildcard || endpoint.address.is_unspecified();
    if (!every) return endpoint.address == address;
    if (!wildcard && endpoint.address.is_v6() != address.is_v6()) return false;
    return address.is_loopback() || std::find(local.begin(), local.end(), address) != local.end();
}

}  // namespace amba::core
