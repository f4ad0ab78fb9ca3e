// Which directories are asked, and what their files say.
#include "net/cgroup_memory.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>

#include "amba/net/proc_file.hpp"

namespace amba::net {

const CgroupMemory::Names CgroupMemory::kV1{"/memory.limit_in_bytes", "/memory.usage_in_bytes",
                                            "total_inactive_file "};
const CgroupMemory::Names CgroupMemory::kV2{"/memory.max", "/memory.current", "inactive_file "};

namespace {

// Above this a v1 limit means that there is none: it is a page less than the largest number.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

std::vector<std::string> words_of(const std::string& line, char separator) {
    std::vector<std::string> out;
    std::istringstream words(line);
    for (std::string word; std::getline(words, word, separator);)
        out.push_back(word);
    return out;
}

bool lists(const std::string& list, const std::string& word) {
    const auto words = words_of(list, ',');
    return std::find(words.begin(), words.end(), word) != words.end();
}

// The path of this process's group: lines of "ID:CONTROLLERS:PATH" (cgroups(7)). Of v2 the list of
// controllers is empty.
std::optional<std::string> group_of(const std::string& text, const std::string& controller) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const bool is = controller.empty() ? controllers.empty() : lists(controllers, controller);
        if (is) return line.substr(second + 1);
    }
    return std::nullopt;
}

// Where a hierarchy is mounted, and which of its groups is seen there (proc(5), mountinfo).
struct Mount {
    std::string group;
    std::string place;
};
std::optional<Mount> mount_of(const std::string& text, const std::string& type,
                              const std::string& controller) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string::npos) continue;
        const auto before = words_of(line.substr(0, dash), ' ');
        const auto after = words_of(line.substr(dash + 3), ' ');
        if (before.size() < 5 || after.size() < 3 || after[0] != type) continue;
        if (!controller.empty() && !lists(after[2], controller)) continue;
        return Mount{before[3], before[4]};
    }
    return std::nullopt;
}

}  // namespace

CgroupMemory::CgroupMemory(std::string root) : root_(std::move(root)) {
    // Where both are mounted, memory belongs to one of them: the one that has its files.
    if (!find("cgroup", "memory", kV1)) find("cgroup2", "", kV2);
}

bool CgroupMemory::find(const std::string& type, const std::string& controller,
                        const Names& names) {
    const auto mount = mount_of(read_proc_file(root_ + "/proc/self/mountinfo"), type, controller);
    const auto group = group_of(read_proc_file(root_ + "/proc/self/cgroup"), controller);
    if (!mount || !group) return false;
    // The group as it is seen at the mount. One that is not below it is seen as the mount itself.
    std::string below = *group;
    if (mount->group != "/") {
        const bool seen = below.starts_with(mount->group);
        below = seen ? below.substr(mount->group.size()) : "";
    }
    if (below.find("/..") != std::string::npos) below.clear();
    for (;;) {
        while (below.ends_with('/'))
            below.pop_back();
        const std::string directory = root_ + mount->place + below;
        // The root group has no limit, and no file for one.
        if (!read_proc_file(directory + names.limit).empty()) directories_.push_back(directory);
        if (below.empty()) break;
        below.erase(below.rfind('/'));
    }
    if (directories_.empty()) return false;
    names_ = &names;
    return true;
}

std::optional<CgroupMemory::Use> CgroupMemory::look() const {
    std::optional<Use> least;
    for (const std::string& directory : directories_) {
        const auto use = look_at(directory);
        if (use && (!least || use->left() < least->left())) least = use;
    }
    return least;
}

std::optional<CgroupMemory::Use> CgroupMemory::look_at(const std::string& directory) const {
    const auto limit =
        number_of(read_proc_file(directory + names_->limit));  // v2 says "max" for none
    if (!limit || *limit >= kNoLimit) return std::nullopt;
    const auto used = number_of(read_proc_file(directory + names_->used));
    if (!used) return std::nullopt;
    std::uint64_t files = 0;
    std::istringstream lines(read_proc_file(directory + "/memory.stat"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(names_->inactive_file)) continue;
        files = number_of(std::string_view(line).substr(line.find(' ') + 1)).value_or(0);
    }
    return Use{*limit, *used - std::min(*used, files)};
}

}  // namespace amba::net
