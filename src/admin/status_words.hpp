// Status as people read it, in `amba status` and in --watch.
#pragma once

#include <string>
#include <vector>

#include "admin/text.hpp"
#include "amba/admin/status.hpp"

namespace amba::admin {

// "listening", "at maxconn"...
const char* state_word(const proxy::FrontendView& frontend);

// Version, generation and age; then one line for each thing that is out of order.
std::vector<Line> summary(const Status& status);
Span name_cell(const proxy::FrontendView& frontend);
Span name_cell(const proxy::BackendView& backend);
Span state_cell(const proxy::FrontendView& frontend);
Span state_cell(const proxy::BackendView& backend);
Span weight_cell(const proxy::BackendView& backend);
// "3", or "3/8" of a maxconn.
Span current_cell(std::uint64_t current, std::uint64_t maxconn);
// For how long it has been in its state; "" where that is not told.
Span age_cell(const Status& status, const proxy::BackendView& backend);
// What is wrong, or what it waits for.
Span why_cell(const proxy::FrontendView& frontend);
Span why_cell(const proxy::BackendView& backend);

}  // namespace amba::admin
