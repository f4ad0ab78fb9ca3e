// The shortest edit script by Myers ("An O(ND) Difference Algorithm and Its Variations", 1986), of
// the lines between those that both texts begin and end with.
#include <algorithm>

#include "amba/fleet/link.hpp"

namespace amba::fleet {

namespace {

using Lines = std::vector<std::string_view>;  // with their ends

constexpr std::size_t kContext = 3;
// Its trace takes 2 * edits^2 bytes. Texts that differ in more lines than this are shown as one
// replaced by the other.
constexpr int kMostEdits = 8000;

Lines split(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

// For each line of both whether it stays.
struct CommonLines {
    std::vector<bool> before;
    std::vector<bool> after;
};

class Myers {
  public:
    Myers(const Lines& before, const Lines& after) : before_(before), after_(after) {
        kept_.before.resize(before.size());
        kept_.after.resize(after.size());
    }

    CommonLines run() {
        std::size_t most = std::min(before_.size(), after_.size());
        for (; first_ < most && before_[first_] == after_[first_]; ++first_)
            keep(first_, first_);
        std::size_t last = 0;
        most -= first_;
        for (; last < most && same_from_end(last); ++last)
            keep(before_.size() - 1 - last, after_.size() - 1 - last);
        n_ = static_cast<int>(before_.size() - first_ - last);
        m_ = static_cast<int>(after_.size() - first_ - last);
        for (int edits = 0; edits <= std::min(n_ + m_, kMostEdits); ++edits) {
            if (reach(edits)) {
                walk_back(edits);
                break;
            }
        }
        return std::move(kept_);
    }

  private:
    bool same_from_end(std::size_t at) const {
        return before_[before_.size() - 1 - at] == after_[after_.size() - 1 - at];
    }
    bool same(int x, int y) const {
        return before_[first_ + static_cast<std::size_t>(x)] ==
               after_[first_ + static_cast<std::size_t>(y)];
    }
    void keep(std::size_t x, std::size_t y) {
        kept_.before[x] = true;
        kept_.after[y] = true;
    }

    // How far the diagonal (x - y) reaches with so many edits; every second diagonal is in use.
    int furthest(int edits, int diagonal) const {
        return trace_[static_cast<std::size_t>(edits)]
                     [static_cast<std::size_t>((diagonal + edits) / 2)];
    }
    // Whether the path to that diagonal inserts a line, or removes one.
    bool comes_down(int edits, int diagonal) const {
        if (diagonal == -edits) return true;
        if (diagonal == edits) return false;
        return furthest(edits - 1, diagonal - 1) < furthest(edits - 1, diagonal + 1);
    }

    // The furthest points with so many edits. Is one of them the end?
    bool reach(int edits) {
        std::vector<int> row;
        bool there = false;
        for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
            int x = 0;
            if (edits > 0) {
                x = comes_down(edits, diagonal) ? furthest(edits - 1, diagonal + 1)
                                                : furthest(edits - 1, diagonal - 1) + 1;
            }
            while (x < n_ && x - diagonal < m_ && x - diagonal >= 0 && same(x, x - diagonal))
                ++x;
            row.push_back(x);
            there = there || (x >= n_ && x - diagonal >= m_);
        }
        trace_.push_back(std::move(row));
        return there;
    }

    void walk_back(int edits) {
        int x = n_;
        int y = m_;
        for (; edits >= 0; --edits) {
            const int diagonal = x - y;
            const bool down = edits > 0 && comes_down(edits, diagonal);
            const int from = edits == 0 ? 0
                             : down     ? furthest(edits - 1, diagonal + 1)
                                        : furthest(edits - 1, diagonal - 1);
            const int begin = edits == 0 || down ? from : from + 1;
            while (x > begin) {
                --x;
                --y;
                keep(first_ + static_cast<std::size_t>(x), first_ + static_cast<std::size_t>(y));
            }
            x = from;
            y = down ? x - diagonal - 1 : x - diagonal + 1;
        }
    }

    const Lines& before_;
    const Lines& after_;
    CommonLines kept_;
    std::size_t first_ = 0;
    int n_ = 0;
    int m_ = 0;
    std::vector<std::vector<int>> trace_;  // by edits
};

// One line of a diff, and how many lines of both come before it.
struct EditStep {
    char kind = ' ';
    std::string_view line;
    std::size_t before = 0;
    std::size_t after = 0;
};

std::vector<EditStep> steps_of(const Lines& before, const Lines& after) {
    const CommonLines kept = Myers(before, after).run();
    std::vector<EditStep> steps;
    std::size_t x = 0;
    std::size_t y = 0;
    while (x < before.size() || y < after.size()) {
        if (x < before.size() && !kept.before[x]) {
            steps.push_back({'-', before[x], x, y});
            ++x;
        } else if (y < after.size() && !kept.after[y]) {
            steps.push_back({'+', after[y], x, y});
            ++y;
        } else {
            steps.push_back({' ', before[x], x, y});
            ++x;
            ++y;
        }
    }
    return steps;
}

// "FIRST,COUNT"; a count of 1 is left out, and FIRST of no lines is the line before them.
std::string range(std::size_t before, std::size_t count) {
    const std::string first = std::to_string(count == 0 ? before : before + 1);
    return count == 1 ? first : first + "," + std::to_string(count);
}

std::string hunk(const std::vector<EditStep>& steps, std::size_t begin, std::size_t end) {
    std::size_t removed = 0;
    std::size_t added = 0;
    std::string body;
    for (std::size_t i = begin; i < end; ++i) {
        removed += steps[i].kind != '+';
        added += steps[i].kind != '-';
        body += steps[i].kind;
        body += steps[i].line;
        if (!steps[i].line.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    return "@@ -" + range(steps[begin].before, removed) + " +" + range(steps[begin].after, added) +
           " @@\n" + body;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after, const std::string& from,
                         const std::string& to) {
    if (before == after) return {};
    const Lines old_lines = split(before);
    const Lines new_lines = split(after);
    const std::vector<EditStep> steps = steps_of(old_lines, new_lines);
    std::string out = "--- " + from + "\n+++ " + to + "\n";
    std::size_t at = 0;
    while (at < steps.size()) {
        if (steps[at].kind == ' ') {
            ++at;
            continue;
        }
        const std::size_t begin = at - std::min(at, kContext);
        std::size_t last = at;  // the last change of this hunk
        for (std::size_t i = at; i < steps.size() && i <= last + 2 * kContext + 1; ++i) {
            if (steps[i].kind != ' ') last = i;
        }
        const std::size_t end = std::min(steps.size(), last + 1 + kContext);
        out += hunk(steps, begin, end);
        at = end;
    }
    return out;
}

}  // namespace amba::fleet
