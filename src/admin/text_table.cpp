// Widths first, then columns are left out until the rest fits.
#include "admin/text_table.hpp"

#include <algorithm>

namespace amba::admin {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kWide = 80;  // a quarter of what is beyond is for the column that flows

struct Shown {
    std::size_t index = 0;
    std::size_t width = 0;    // of its widest cell
    std::size_t counted = 0;  // its part of the screen while that is filled
};

std::vector<Shown> measure(const TextTable& table, std::size_t most) {
    std::vector<Shown> shown;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        std::size_t widest = 0;
        for (const auto& row : table.rows)
            widest = std::max(widest, width(row[i].text));
        const Column& column = table.columns[i];
        if (widest == 0 && column.least == 0 && !table.rows.empty()) continue;
        const std::size_t title = width(column.title);
        widest = std::max({widest, title, column.least});
        const std::size_t room = std::max(title, most > kWide ? (most - kWide) / 4 : 0);
        shown.push_back({i, widest, column.flows ? std::min(widest, room) : widest});
    }
    return shown;
}

std::size_t total(const std::vector<Shown>& shown) {
    std::size_t sum = 0;
    for (const Shown& column : shown)
        sum += (sum == 0 ? 0 : kGap) + column.counted;
    return sum;
}

Line line_of(const TextTable& table, const std::vector<Shown>& shown,
             const std::vector<Span>& cells) {
    Line line;
    std::string between;  // not written at the end of a line
    for (const Shown& column : shown) {
        const Span& cell = cells[column.index];
        const std::string pad(column.width - width(cell.text), ' ');
        const bool left = table.columns[column.index].left;
        if (!left) between += pad;
        if (!cell.text.empty()) {
            if (!between.empty()) line.push_back({std::move(between)});
            between.clear();
            line.push_back(cell);
        }
        if (left) between += pad;
        between.append(kGap, ' ');
    }
    return line;
}

}  // namespace

Layout lay_out(const TextTable& table, std::size_t most) {
    Layout out;
    std::vector<Shown> shown = measure(table, most);
    while (total(shown) > most) {
        const auto drop = [&](const Shown& column) {
            return table.columns[column.index].drop;
        };
        const auto worst =
            std::max_element(shown.begin(), shown.end(),
                             [&](const Shown& a, const Shown& b) { return drop(a) < drop(b); });
        if (worst == shown.end() || drop(*worst) == 0) break;
        const char* title = table.columns[worst->index].title;
        if (*title != '\0') out.dropped.emplace_back(title);
        shown.erase(worst);
    }
    std::vector<Span> titles;
    for (const Column& column : table.columns)
        titles.push_back({column.title, Tone::kFaint});
    out.lines.push_back(line_of(table, shown, titles));
    for (const auto& row : table.rows)
        out.lines.push_back(line_of(table, shown, row));
    return out;
}

}  // namespace amba::admin
