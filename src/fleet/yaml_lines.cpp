// Where a value begins and ends in lines, by its indentation and what follows it.
#include "fleet/yaml_lines.hpp"

#include <algorithm>
#include <utility>

namespace amba::fleet {

namespace {

constexpr auto kNone = std::string_view::npos;
constexpr const char* kBlanks = " \t\r\n";

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Reads one flow collection, quotes, comments and collections in it included.
class FlowReader {
  public:
    explicit FlowReader(std::string_view text) : text_(text) {}

    std::optional<YamlFlow> read(std::size_t open) {
        std::size_t depth = 0;
        for (std::size_t at = open; at < text_.size(); ++at) {
            const char c = text_[at];
            if (is_blank(c)) continue;
            if (c == '#' && is_blank(text_[at - 1])) {
                at = text_.find('\n', at);
                if (at == kNone) return std::nullopt;
                continue;
            }
            if (c == ']' || c == '}') {
                if (--depth == 0) {
                    end_entry();
                    flow_.close = at;
                    return std::move(flow_);
                }
            } else if (c == ',' && depth == 1) {
                end_entry();
                continue;
            }
            const std::size_t first = at;
            if (c == '[' || c == '{') {
                if (depth++ == 0) continue;
            } else if ((c == '"' || c == '\'') && begins_scalar(at)) {
                at = past_quotes(text_, at) - 1;
                if (at + 1 == kNone) return std::nullopt;
            }
            if (!begun_) entry_.begin = first;
            begun_ = true;
            entry_.end = at + 1;
        }
        return std::nullopt;
    }

    // The byte after the closing quote, or npos.
    static std::size_t past_quotes(std::string_view text, std::size_t at) {
        const char quote = text[at];
        for (++at; at < text.size(); ++at) {
            if (text[at] == '\\' && quote == '"') {
                ++at;
            } else if (text[at] == quote) {
                const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
                if (!doubled) return at + 1;
                ++at;
            }
        }
        return kNone;
    }

  private:
    // In a plain scalar a quote is a character like others ("it's").
    bool begins_scalar(std::size_t at) const {
        const char before = text_[at - 1];
        return is_blank(before) || std::string_view("[{,:").find(before) != kNone;
    }

    void end_entry() {
        if (begun_) flow_.entries.push_back(entry_);
        begun_ = false;
    }

    std::string_view text_;
    YamlFlow flow_;
    YamlSpan entry_;
    bool begun_ = false;
};

}  // namespace

YamlLines::YamlLines(std::string_view text) : text_(text), starts_{0} {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\n') starts_.push_back(at + 1);
    }
    const std::size_t first = text.find('\n');
    newline_ = first != kNone && first > 0 && text[first - 1] == '\r' ? "\r\n" : "\n";
}

std::string_view YamlLines::line(std::size_t number) const {
    std::string_view found = text_.substr(start(number), start(number + 1) - start(number));
    while (!found.empty() && (found.back() == '\n' || found.back() == '\r'))
        found.remove_suffix(1);
    return found;
}

bool YamlLines::blank(std::size_t number) const {
    return line(number).find_first_not_of(kBlanks) == kNone;
}

std::string_view YamlLines::comment(std::size_t number) const {
    const std::string_view found = line(number);
    for (std::size_t at = 0; at < found.size(); ++at) {
        const bool begins = at == 0 || is_blank(found[at - 1]);
        const bool opens = begins || std::string_view("[{,").find(found[at - 1]) != kNone;
        if (begins && found[at] == '#') {
            const std::size_t last = found.substr(0, at).find_last_not_of(kBlanks);
            return found.substr(last == kNone ? 0 : last + 1);
        }
        if (opens && (found[at] == '"' || found[at] == '\'')) {
            const std::size_t end = FlowReader::past_quotes(found, at);
            if (end == kNone) return {};
            at = end - 1;
        }
    }
    return {};
}

std::size_t YamlLines::indent(std::size_t number) const {
    const std::string_view found = line(number);
    return std::min(found.find_first_not_of(' '), found.size());
}

bool YamlLines::leads(const Yaml& value) const {
    return indent(value.line) == value.column - 1;
}

std::optional<std::size_t> YamlLines::dash(const Yaml& item) const {
    if (item.line == 0 || item.line > count()) return std::nullopt;
    const std::size_t depth = indent(item.line);
    const std::string_view found = line(item.line);
    if (depth + 1 >= item.column || found[depth] != '-') return std::nullopt;
    const std::string_view between = found.substr(depth + 1, item.column - depth - 2);
    return between.find_first_not_of(kBlanks) == kNone ? std::optional(depth) : std::nullopt;
}

YamlSpan YamlLines::lines_of(const YamlPair& pair) const {
    return entry(pair.key.line, pair.key.column - 1, pair.value, true);
}

YamlSpan YamlLines::lines_of(const Yaml& item) const {
    return entry(item.line, dash(item).value_or(item.column - 1), item, false);
}

// Through the last line that is deeper than its first. A list may stand as deep as its key.
YamlSpan YamlLines::entry(std::size_t first, std::size_t depth, const Yaml& value, bool key) const {
    std::size_t last = first;
    if (value.flow) {
        if (const auto found = flow(value)) {
            const auto after = std::upper_bound(starts_.begin(), starts_.end(), found->close);
            last = static_cast<std::size_t>(after - starts_.begin());
        }
    }
    for (std::size_t at = last + 1; at <= count(); ++at) {
        if (blank(at)) continue;
        const std::string_view found = line(at).substr(indent(at));
        const bool dashed = found == "-" || found.starts_with("- ");
        if (indent(at) > depth || (key && dashed && indent(at) == depth)) {
            last = at;
        } else if (found.front() != '#') {
            break;
        }
    }
    return {first, last + 1};
}

std::optional<YamlFlow> YamlLines::flow(const Yaml& value) const {
    const std::size_t open = offset(value);
    if (open >= text_.size() || (text_[open] != '[' && text_[open] != '{')) return std::nullopt;
    auto found = FlowReader(text_).read(open);
    const std::size_t entries = value.is_map() ? value.pairs.size() : value.items.size();
    if (!found || found->entries.size() != entries) return std::nullopt;
    return found;
}

std::optional<YamlSpan> YamlLines::scalar(const Yaml& value) const {
    const std::size_t begin = offset(value);
    if (begin >= text_.size()) return std::nullopt;
    const std::size_t line_end = start(value.line + 1);
    if (text_[begin] == '"' || text_[begin] == '\'') {
        const std::size_t end = FlowReader::past_quotes(text_, begin);
        if (end == kNone || end > line_end) return std::nullopt;
        return YamlSpan{begin, end};
    }
    if (!text_.substr(begin).starts_with(value.text)) return std::nullopt;
    return YamlSpan{begin, begin + value.text.size()};
}

std::optional<std::string> apply(std::string_view text, std::vector<YamlEdit> edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const YamlEdit& a, const YamlEdit& b) {
        return std::pair(a.bytes.begin, a.bytes.end) < std::pair(b.bytes.begin, b.bytes.end);
    });
    std::string out;
    std::size_t done = 0;
    for (const YamlEdit& edit : edits) {
        if (edit.bytes.begin < done || edit.bytes.end > text.size()) return std::nullopt;
        out += text.substr(done, edit.bytes.begin - done);
        out += edit.text;
        done = edit.bytes.end;
    }
    out += text.substr(done);
    return out;
}

}  // namespace amba::fleet
