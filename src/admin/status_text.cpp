// The columns of `amba status`.
#include "amba/admin/status_text.hpp"

#include "admin/status_words.hpp"
#include "admin/text_table.hpp"

namespace amba::admin {

namespace {

Span number_cell(std::uint64_t number) {
    return {std::to_string(number)};
}

Span rate_cell(const std::optional<double>& rate) {
    return {rate ? rate_words(*rate) : ""};
}

Span bytes_cell(std::uint64_t bytes) {
    return {bytes_words(static_cast<double>(bytes))};
}

TextTable table_of(const Status& status) {
    TextTable table;
    table.columns = {{"ADDRESS", true}, {"STATE", true}, {"FOR"},    {"WEIGHT"},
                     {"NOW"},           {"QUEUE"},       {"RATE/s"}, {"TOTAL"},
                     {"FAILED"},        {"RETRIES"},     {"UP"},     {"DOWN"},
                     {"WHY", true}};
    for (const proxy::FrontendView& frontend : status.frontends) {
        table.rows.push_back(
            {name_cell(frontend),
             state_cell(frontend),
             {},
             {},
             current_cell(frontend.connections_current, frontend.maxconn),
             number_cell(frontend.queue_current),
             rate_cell(frontend.connections_rate),
             number_cell(frontend.connections_total),
             number_cell(frontend.connections_failed),
             frontend.retries_total ? number_cell(*frontend.retries_total) : Span{},
             bytes_cell(frontend.bytes_up),
             bytes_cell(frontend.bytes_down),
             why_cell(frontend)});
        for (const proxy::BackendView& backend : frontend.backends) {
            table.rows.push_back({name_cell(backend),
                                  state_cell(backend),
                                  age_cell(status, backend),
                                  weight_cell(backend),
                                  current_cell(backend.connections_current, backend.maxconn),
                                  {},
                                  rate_cell(backend.connections_rate),
                                  number_cell(backend.connections_total),
                                  number_cell(backend.connections_failed),
                                  {},
                                  bytes_cell(backend.bytes_up),
                                  bytes_cell(backend.bytes_down),
                                  why_cell(backend)});
        }
    }
    return table;
}

}  // namespace

core::Result<std::string> to_text(const std::string& status_json, const TerminalLook& look) {
    const auto status = status_from_json(status_json);
    if (!status) return status.error();
    std::vector<Line> lines = summary(*status);
    if (!status->frontends.empty()) {
        for (Line& line : lay_out(table_of(*status)).lines)
            lines.push_back(std::move(line));
    } else if (status->generation != 0) {
        lines.push_back({{"the table has no frontend"}});
    }
    std::string out;
    for (const Line& line : lines)
        out += paint(line, kAnyWidth, look.colour) + "\n";
    return out;
}

}  // namespace amba::admin
