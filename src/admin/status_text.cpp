#include "amba/admin/status_text.hpp"

#include "admin/report.hpp"
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

TextTable table_of(const Report& report) {
    TextTable table;
    table.columns = {{"ADDRESS", true}, {"STATE", true}, {"FOR"},    {"WEIGHT"},
                     {"NOW"},           {"QUEUE"},       {"RATE/s"}, {"TOTAL"},
                     {"FAILED"},        {"RETRIES"},     {"UP"},     {"DOWN"},
                     {"WHY", true}};
    for (const FrontendReport& frontend : report.frontends) {
        table.rows.push_back({name_cell(frontend),
                              state_cell(frontend.state),
                              {},
                              {},
                              current_cell(frontend.current, frontend.maxconn),
                              number_cell(frontend.queue),
                              rate_cell(frontend.rate),
                              number_cell(frontend.total),
                              number_cell(frontend.failed),
                              frontend.retries ? number_cell(*frontend.retries) : Span{},
                              bytes_cell(frontend.bytes_up),
                              bytes_cell(frontend.bytes_down),
                              why_cell(frontend)});
        for (const BackendReport& backend : frontend.backends) {
            table.rows.push_back({name_cell(backend),
                                  state_cell(backend.state),
                                  age_cell(report.now, backend.since),
                                  weight_cell(backend),
                                  current_cell(backend.current, backend.maxconn),
                                  {},
                                  rate_cell(backend.rate),
                                  number_cell(backend.total),
                                  number_cell(backend.failed),
                                  {},
                                  bytes_cell(backend.bytes_up),
                                  bytes_cell(backend.bytes_down),
                                  why_cell(backend)});
        }
    }
    return table;
}

}  // namespace

core::Result<std::string> to_text(const std::string& status_json, const Look& look) {
    const auto report = read_report(status_json);
    if (!report) return report.error();
    std::vector<Line> lines = summary(*report);
    if (!report->frontends.empty()) {
        for (Line& line : lay_out(table_of(*report)).lines)
            lines.push_back(std::move(line));
    } else if (report->generation != 0) {
        lines.push_back({{"the table has no frontend"}});
    }
    std::string out;
    for (const Line& line : lines)
        out += paint(line, kAnyWidth, look.colour) + "\n";
    return out;
}

}  // namespace amba::admin
