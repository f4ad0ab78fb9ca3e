// Frames are made of rows that are counted once a document, and drawn as far as the screen reaches.
#include "amba/admin/watch_view.hpp"

#include <algorithm>
#include <limits>

#include "admin/rates.hpp"
#include "admin/status_words.hpp"
#include "admin/text_table.hpp"

namespace amba::admin {

namespace {

// Rows of the table: a frontend, or one of its backends.
struct Row {
    std::size_t frontend = 0;
    std::size_t backend = 0;
    bool is_frontend = true;
};

std::size_t spark_width(std::size_t columns) {
    return columns >= 160 ? 30 : columns >= 120 ? 16 : 8;
}

std::vector<Column> columns_for(std::size_t spark, std::size_t name) {
    return {{.title = "ADDRESS", .left = true, .least = name},
            {.title = "STATE", .left = true, .least = 9},
            {.title = "FOR", .drop = 3, .least = 3},
            {.title = "WEIGHT", .drop = 8},
            {.title = "NOW", .least = 4},
            {.title = "QUEUE", .drop = 4, .least = 5},
            {.title = "CONN/s", .least = 6},
            {.title = "", .left = true, .drop = 1, .least = spark},
            {.title = "UP/s", .drop = 2, .least = 6},
            {.title = "DOWN/s", .drop = 2, .least = 6},
            {.title = "", .left = true, .drop = 7, .least = spark},
            {.title = "TOTAL", .drop = 6, .least = 6},
            {.title = "FAILED", .drop = 5},
            {.title = "RETRIES", .drop = 9, .least = 7},
            {.title = "WHY", .left = true, .flows = true}};
}

Span rate_cell(float rate) {
    return {rate < 0 ? "-" : rate_words(rate)};
}

Span flow_cell(float rate) {
    return {rate < 0 ? "-" : bytes_words(rate)};
}

// The newest values, at the right of the column.
Span spark_cell(const std::vector<float>& values, std::size_t most, bool utf8) {
    const std::size_t count = std::min(values.size(), most);
    const std::span<const float> newest = std::span(values).last(count);
    return {std::string(most - count, ' ') + sparkline(newest, utf8)};
}

}  // namespace

struct WatchView::State {
    TerminalLook look;
    core::Duration interval;
    Rates rates;
    Status status;
    std::vector<FrontendRates> rated;
    std::vector<Row> rows;
    std::size_t widest_name = 0;
    bool any = false;
    bool paused = false;
    std::string missing;  // why there is no answer; empty: there is one
    std::string missing_since;
    std::size_t first = 0;  // the first row that is shown
    std::size_t page = 1;   // rows that the last frame had place for

    void index_rows();
    void move(std::ptrdiff_t lines);
    std::vector<Span> cells(const Row& row, std::size_t spark, std::size_t name) const;
    std::vector<Line> top() const;
    Line bottom(std::size_t shown, const std::vector<std::string>& dropped) const;
    Layout table(std::size_t shown, std::size_t columns) const;
};

void WatchView::State::index_rows() {
    rows.clear();
    widest_name = 0;
    for (std::size_t i = 0; i < status.frontends.size(); ++i) {
        const proxy::FrontendView& frontend = status.frontends[i];
        rows.push_back({i, 0, true});
        widest_name = std::max(widest_name, width(name_cell(frontend).text));
        for (std::size_t j = 0; j < frontend.backends.size(); ++j) {
            rows.push_back({i, j, false});
            widest_name = std::max(widest_name, width(name_cell(frontend.backends[j]).text));
        }
    }
}

// The next frame sees to the end of the table, as it knows how many rows it has place for.
void WatchView::State::move(std::ptrdiff_t lines) {
    const auto back = static_cast<std::size_t>(lines < 0 ? -lines : 0);
    const auto forth = static_cast<std::size_t>(lines > 0 ? lines : 0);
    first = back > first ? 0 : std::min(first - back + forth, rows.size());
}

std::vector<Span> WatchView::State::cells(const Row& row, std::size_t spark,
                                          std::size_t name) const {
    const proxy::FrontendView& frontend = status.frontends[row.frontend];
    const FrontendRates& rates_here = rated[row.frontend];
    const auto clipped = [&](const Span& cell) {
        return Span{clip(cell.text, name, look.utf8), cell.tone};
    };
    if (row.is_frontend) {
        const RowRate& rate = rates_here.rate;
        return {clipped(name_cell(frontend)),
                state_cell(frontend),
                {},
                {},
                current_cell(frontend.connections_current, frontend.maxconn),
                {std::to_string(frontend.queue_current)},
                rate_cell(rate.connections),
                spark_cell(rates_here.history.connections, spark, look.utf8),
                flow_cell(rate.up),
                flow_cell(rate.down),
                spark_cell(rates_here.history.bytes, spark, look.utf8),
                {std::to_string(frontend.connections_total)},
                {std::to_string(frontend.connections_failed)},
                {frontend.retries_total ? std::to_string(*frontend.retries_total) : ""},
                why_cell(frontend)};
    }
    const proxy::BackendView& backend = frontend.backends[row.backend];
    const RowRate& rate = rates_here.backends[row.backend];
    return {clipped(name_cell(backend)),
            state_cell(backend),
            age_cell(status, backend),
            weight_cell(backend),
            current_cell(backend.connections_current, backend.maxconn),
            {},
            rate_cell(rate.connections),
            {},
            flow_cell(rate.up),
            flow_cell(rate.down),
            {},
            {std::to_string(backend.connections_total)},
            {std::to_string(backend.connections_failed)},
            {},
            why_cell(backend)};
}

std::vector<Line> WatchView::State::top() const {
    std::vector<Line> lines;
    if (any) lines = summary(status);
    if (!missing.empty()) {
        const Span why{"not answering since " + missing_since + ": " + missing, Tone::kBad};
        lines.insert(lines.begin(), {why});
    }
    return lines;
}

Line WatchView::State::bottom(std::size_t shown, const std::vector<std::string>& dropped) const {
    std::string text = "q quits, space " + std::string(paused ? "goes on" : "pauses");
    if (shown < rows.size()) {
        text += ", j/k: " + std::to_string(std::min(first + 1, rows.size())) + "-" +
                std::to_string(first + shown) + " of " + std::to_string(rows.size());
    }
    text += ", every " + core::to_string(interval);
    if (!dropped.empty()) {
        text += ", no room for ";
        for (const std::string& title : dropped)
            text += (&title == &dropped.front() ? "" : " ") + title;
    }
    Line line;
    if (paused) line.push_back({"PAUSED  ", Tone::kWarning});
    line.push_back({std::move(text), Tone::kFaint});
    return line;
}

Layout WatchView::State::table(std::size_t shown, std::size_t columns) const {
    const std::size_t spark = spark_width(columns);
    const std::size_t name = std::min(widest_name, std::max<std::size_t>(columns * 2 / 5, 20));
    TextTable table{columns_for(spark, name), {}};
    for (std::size_t i = first; i < first + shown; ++i)
        table.rows.push_back(cells(rows[i], spark, name));
    return lay_out(table, columns);
}

WatchView::WatchView(TerminalLook look, core::Duration interval) :
    state_(std::make_unique<State>()) {
    state_->look = look;
    state_->interval = interval;
}

WatchView::~WatchView() = default;

core::Result<void> WatchView::take(const std::string& status_json, core::Time now) {
    auto status = status_from_json(status_json);
    if (!status) return status.error();
    State& state = *state_;
    state.status = std::move(*status);
    state.rated = state.rates.take(state.status, now);
    state.index_rows();
    state.any = true;
    state.missing.clear();
    return {};
}

void WatchView::miss(const std::string& reason, const std::string& clock) {
    if (state_->missing.empty()) state_->missing_since = clock;
    state_->missing = printable(reason.empty() ? "no answer" : reason);
}

void WatchView::set_paused(bool paused) {
    state_->paused = paused;
}

void WatchView::scroll(std::ptrdiff_t lines) {
    state_->move(lines);
}

void WatchView::scroll_page(std::ptrdiff_t pages) {
    state_->move(pages * static_cast<std::ptrdiff_t>(state_->page));
}

void WatchView::scroll_to_begin() {
    state_->first = 0;
}

void WatchView::scroll_to_end() {
    state_->first = state_->rows.size();
}

std::vector<std::string> WatchView::frame(const Screen& screen) {
    State& state = *state_;
    if (screen.rows == 0) return {};
    const std::size_t body = screen.rows - 1;  // the last line is for the keys
    std::vector<Line> lines = state.top();
    // Titles and one row of the table come before all but the first line of the top.
    const std::size_t wanted = state.rows.empty() ? 0 : 2;
    const std::size_t most =
        std::max(body > wanted ? body - wanted : 0, std::min<std::size_t>(body, 1));
    lines.resize(std::min(lines.size(), most));
    const std::size_t left = body - lines.size();
    const std::size_t titles = left > 1 ? 1 : 0;
    const std::size_t shown = std::min(left - titles, state.rows.size());
    state.page = std::max<std::size_t>(left - titles, 1);
    state.first = std::min(state.first, state.rows.size() - shown);
    std::vector<std::string> dropped;
    if (shown > 0) {
        Layout layout = state.table(shown, screen.columns);
        dropped = std::move(layout.dropped);
        for (std::size_t i = 1 - titles; i < layout.lines.size(); ++i)
            lines.push_back(std::move(layout.lines[i]));
    }
    lines.resize(body);
    lines.push_back(state.bottom(shown, dropped));
    std::vector<std::string> out;
    for (const Line& line : lines)
        out.push_back(paint(line, screen.columns, state.look.colour));
    return out;
}

}  // namespace amba::admin
