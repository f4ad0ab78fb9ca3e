// An edit names bytes of the text, so that all other bytes stay as they are.
#include "fleet/service_edit.hpp"

#include <algorithm>

#include "fleet/list_comments.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

core::Error ServiceEdit::refuse(const Yaml& where, const std::string& what) const {
    return yaml_error(where, "service " + quote(service_.name) + " " + what);
}

Result<void> ServiceEdit::remove_flow(const Yaml& value, const std::set<std::size_t>& dropped) {
    const auto flow = lines_.flow(value);
    if (!flow) return refuse(value, "has brackets that were not understood here");
    const std::vector<YamlSpan>& entries = flow->entries;
    bool kept = false;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!dropped.contains(i)) {
            kept = true;
        } else if (kept) {
            edits_.push_back({{entries[i - 1].end, entries[i].end}, {}});
        } else if (i + 1 < entries.size()) {
            edits_.push_back({{entries[i].begin, entries[i + 1].begin}, {}});
        } else {
            edits_.push_back({entries[i], {}});
        }
    }
    return {};
}

Result<void> ServiceEdit::replace(const YamlPair& pair, Text with, bool comments) {
    if (const Yaml* anchor = anchored(pair.value)) return refuse_anchor(*anchor);
    const YamlSpan span = lines_.lines_of(pair);
    if (comments && pair.value.is_list()) {
        Text lines = comments_of(lines_, pair).lines();
        for (std::string& line : lines)
            line.insert(0, margin());
        with.insert(with.begin(), lines.begin(), lines.end());
    }
    if (with.empty()) {
        remove(span);
    } else {
        edits_.push_back({{lines_.start(span.begin), lines_.start(span.end)}, joined(with)});
    }
    return {};
}

core::Error ServiceEdit::refuse_anchor(const Yaml& where) const {
    return refuse(where, "has an anchor in what would go; expected none there");
}

const Yaml* ServiceEdit::aliased(const Yaml& value) const {
    if (file_.aliased.contains(value.anchor) && !value.is_alias()) return &value;
    for (const Yaml& item : value.items) {
        if (const Yaml* found = aliased(item)) return found;
    }
    return nullptr;
}

core::Error ServiceEdit::refuse_shared(const Yaml& where, const std::string& key) const {
    return refuse(where, "has an anchor at " + key +
                             " that others use: what is added here would be theirs too; "
                             "expected " +
                             key + " of its own");
}

void ServiceEdit::remove(YamlSpan span) {
    const bool blank_after = span.end > lines_.count() || lines_.blank(span.end);
    if (span.begin > 1 && lines_.blank(span.begin - 1) && blank_after) --span.begin;
    edits_.push_back({{lines_.start(span.begin), lines_.start(span.end)}, {}});
}

void ServiceEdit::insert(std::size_t line, const Text& text) {
    edits_.push_back({{lines_.start(line), lines_.start(line)}, joined(text)});
}

std::string ServiceEdit::joined(const Text& text) const {
    std::string out;
    for (const std::string& line : text)
        out += line + lines_.newline();
    return out;
}

std::size_t ServiceEdit::end() const {
    return lines_.lines_of(service_.own->value.pairs.back()).end;
}

std::string ServiceEdit::margin() const {
    return std::string(service_.own->value.pairs.front().key.column - 1, ' ');
}

std::string ServiceEdit::step() const {
    return margin().substr(service_.own->key.column - 1);
}

Result<void> ServiceEdit::write_list(const std::string& key, const YamlPair* pair,
                                     const Yaml& list) {
    const auto text = yaml_flow(list);
    if (!text) return service_.elsewhere(key);
    const Text line{margin() + key + ": " + *text};
    if (pair) return replace(*pair, line);
    insert(end(), line);
    return {};
}

}  // namespace amba::fleet
