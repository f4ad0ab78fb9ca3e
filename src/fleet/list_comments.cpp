// Comments are found by lines, as YAML's events tell nothing of them.
#include "fleet/list_comments.hpp"

#include <utility>

namespace amba::fleet {

namespace {

std::string bare(std::string_view comment) {
    return std::string(comment.substr(comment.find('#')));
}

}  // namespace

ListComments comments_of(const YamlLines& lines, const YamlPair& list) {
    ListComments comments;
    std::vector<std::string> above;
    std::size_t next = 0;  // entry
    const YamlSpan span = lines.lines_of(list);
    for (std::size_t line = span.begin; line < span.end; ++line) {
        const std::string_view comment = lines.comment(line);
        const std::size_t first = next;
        while (next < list.value.items.size() && list.value.items[next].line <= line)
            ++next;
        if (next > first) {
            if (!above.empty()) comments.entries[first].above = std::exchange(above, {});
            if (!comment.empty()) comments.entries[next - 1].beside = comment;
        } else if (comment.empty()) {
            continue;
        } else if (line == span.begin) {
            comments.key = comment;
        } else {
            above.push_back(bare(comment));
        }
    }
    comments.below = std::move(above);
    return comments;
}

std::vector<std::string> ListComments::lines() const {
    std::vector<std::string> all;
    for (const auto& [index, entry] : entries)
        all.insert(all.end(), entry.above.begin(), entry.above.end());
    all.insert(all.end(), below.begin(), below.end());
    return all;
}

}  // namespace amba::fleet
