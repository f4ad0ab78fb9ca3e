// Counters are compared by name, as frontends and backends come and go between two documents.
#include "admin/rates.hpp"

namespace amba::admin {

namespace {

// A server that is in the table twice is two rows with one name.
template <class Map>
std::string free_name(const Map& taken, std::string name) {
    while (taken.contains(name))
        name += '\'';
    return name;
}

float per_second(std::uint64_t before, std::uint64_t now, double seconds) {
    if (now < before) return -1;  // counted anew
    return static_cast<float>(static_cast<double>(now - before) / seconds);
}

void append(std::vector<float>& values, float value) {
    if (values.size() == kHistory) values.erase(values.begin());
    values.push_back(value);
}

}  // namespace

RowRate Rates::between(const std::string& name, const Counters& now, double seconds,
                       ByName<Counters>& seen) {
    seen.emplace(name, now);
    const auto at = counters_.find(name);
    if (at == counters_.end() || seconds <= 0) return {};
    const Counters& before = at->second;
    return {per_second(before.connections, now.connections, seconds),
            per_second(before.up, now.up, seconds), per_second(before.down, now.down, seconds)};
}

std::vector<FrontendRates> Rates::take(const Status& status, core::Time now) {
    if (any_ && status.daemon != daemon_) {
        counters_.clear();
        histories_.clear();
    }
    const double seconds = any_ ? std::chrono::duration<double>(now - before_).count() : 0;
    ByName<Counters> counters;
    ByName<History> histories;
    std::vector<FrontendRates> out;
    out.reserve(status.frontends.size());
    for (const proxy::FrontendView& frontend : status.frontends) {
        // A frontend that leaves may have given its address to a new one.
        const bool leaving = frontend.leaving;
        const std::string name =
            free_name(counters, frontend.bind + (leaving ? "\nleaving" : "\n"));
        FrontendRates rates;
        rates.rate =
            between(name, {frontend.connections_total, frontend.bytes_up, frontend.bytes_down},
                    seconds, counters);
        if (const auto known = histories_.find(name); known != histories_.end()) {
            rates.history = std::move(known->second);
        }
        const RowRate& rate = rates.rate;
        append(rates.history.connections, rate.connections);
        append(rates.history.bytes, rate.up < 0 || rate.down < 0 ? -1 : rate.up + rate.down);
        histories.emplace(name, rates.history);
        for (const proxy::BackendView& backend : frontend.backends) {
            const std::string full =
                free_name(counters, name + "\n" + backend.address + "\n" + backend.origin);
            rates.backends.push_back(
                between(full, {backend.connections_total, backend.bytes_up, backend.bytes_down},
                        seconds, counters));
        }
        out.push_back(std::move(rates));
    }
    daemon_ = status.daemon;
    before_ = now;
    any_ = true;
    counters_ = std::move(counters);
    histories_ = std::move(histories);
    return out;
}

}  // namespace amba::admin
