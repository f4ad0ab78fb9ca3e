// What a daemon tells with /status, read back from its JSON. An older daemon leaves keys out: they
// have their defaults here. Every text is printable (admin/text.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/text.hpp"
#include "amba/core/result.hpp"

namespace amba::admin {

using Moment = std::optional<std::int64_t>;  // microseconds since 1970

struct BackendReport {
    std::string address;
    std::string origin;
    std::string state;
    std::string why;
    Moment since;
    bool backup = false;
    std::uint64_t weight = 0;
    std::uint64_t weight_percent = 100;
    std::uint64_t maxconn = 0;
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    std::uint64_t failed = 0;
    std::optional<double> rate;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
};

struct FrontendReport {
    std::string name;
    std::string bind;
    std::string state;
    std::uint64_t maxconn = 0;
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    std::uint64_t failed = 0;
    std::uint64_t queue = 0;
    std::optional<std::uint64_t> retries;
    std::optional<double> rate;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    std::string why;
    std::vector<BackendReport> backends;
};

struct Rejection {
    Moment time;
    std::string revision;
    std::string reason;
};

struct Report {
    std::string version;
    std::string daemon;
    std::uint64_t generation = 0;  // 0: no table yet
    std::string revision;
    Moment started;
    Moment now;
    Moment applied;
    std::optional<Rejection> rejected;
    bool stopping = false;
    std::vector<std::string> unresolved;
    std::vector<FrontendReport> frontends;
};

core::Result<Report> read_report(const std::string& json);

// ---- as people read it, in `amba status` and in --watch ----

// Version, generation and age; then one line for each thing that is out of order.
std::vector<Line> summary(const Report& report);
Span name_cell(const FrontendReport& frontend);
Span name_cell(const BackendReport& backend);
Span state_cell(const std::string& state);
Span weight_cell(const BackendReport& backend);
// "3", or "3/8" of a maxconn.
Span current_cell(std::uint64_t current, std::uint64_t maxconn);
// "" where one of the times is not known.
Span age_cell(const Moment& now, const Moment& since);
// What is wrong, or what it waits for.
Span why_cell(const FrontendReport& frontend);
Span why_cell(const BackendReport& backend);

}  // namespace amba::admin
