// config.json is looked at whenever something stirs in the volume, which may be twenty times a
// second: a file that did not change costs a stat(2), or a read and a hash, and never a parse.
#include <algorithm>
#include <ctime>
#include <functional>
#include <new>
#include <nlohmann/json.hpp>

#include "amba/files/digest.hpp"
#include "amba/volume/volume.hpp"

namespace amba::volume {

using core::Result;
using nlohmann::json;

namespace {

// File systems keep times in steps, FAT of two seconds: within one, a second change does not show.
constexpr std::int64_t kStep = 2'000'000'000;

// The revision of a well-formed document, whatever else it says. Builds nothing: ten megabytes of
// nonsense cost a walk, not a tree.
class RevisionFinder : public nlohmann::json_sax<json> {
  public:
    std::string revision;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(json::number_integer_t) override { return true; }
    bool number_unsigned(json::number_unsigned_t) override { return true; }
    bool number_float(json::number_float_t, const std::string&) override { return true; }
    bool binary(json::binary_t&) override { return true; }
    bool string(std::string& value) override {
        if (depth_ == 1 && here_) revision = value;
        return true;
    }
    bool key(std::string& name) override {
        here_ = depth_ == 1 && name == "revision";
        return true;
    }
    bool start_object(std::size_t) override { return ++depth_ < kDeepest; }
    bool start_array(std::size_t) override { return ++depth_ < kDeepest; }
    bool end_object() override { return --depth_ >= 0; }
    bool end_array() override { return --depth_ >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    static constexpr int kDeepest = 64;
    int depth_ = 0;
    bool here_ = false;  // the next value is that of the revision
};

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// One hash after the other over parts of a file, as it is read.
class QuickHash {
  public:
    static constexpr std::size_t kPart = 65536;
    void add(std::string_view part) {
        sum_ = (sum_ << 7 | sum_ >> 57) ^ std::hash<std::string_view>{}(part);
    }
    std::uint64_t sum() const { return sum_ != 0 ? sum_ : 1; }

  private:
    std::uint64_t sum_ = 0;
};

std::uint64_t quick_hash(std::string_view bytes) {
    QuickHash hash;
    for (std::size_t at = 0; at < bytes.size(); at += QuickHash::kPart)
        hash.add(bytes.substr(at, QuickHash::kPart));
    return hash.sum();
}

// The hash of a file that is open, without keeping its bytes.
Result<std::uint64_t> quick_hash(const files::OpenFile& file, const std::string& path) {
    char part[QuickHash::kPart];
    QuickHash hash;
    for (;;) {
        std::size_t filled = 0;
        while (filled < sizeof part) {
            const auto got = files::read_some(file, path, part + filled, sizeof part - filled);
            if (!got) return got.error();
            if (*got == 0) break;
            filled += *got;
        }
        if (filled > 0) hash.add({part, filled});
        if (filled < sizeof part) return hash.sum();
    }
}

// The label that a rejected document gives itself, when it can be read.
std::string label_of(const std::string& bytes) {
    constexpr std::size_t kLongest = 128;
    RevisionFinder finder;
    if (!json::sax_parse(bytes, &finder) || finder.revision.size() > kLongest) return {};
    return finder.revision;
}

WantedTable parse(const std::string& path, const std::string& bytes, const std::string& digest) {
    WantedTable wanted;
    auto document = table::parse_json(bytes);
    if (document) {
        wanted.revision = document->revision.value_or(digest);
        wanted.table = std::move(document->table);
        wanted.if_generation = document->if_generation;
        return wanted;
    }
    const std::string label = label_of(bytes);
    wanted.revision = label.empty() ? digest : label;
    wanted.reason = path + ":" + document.error().to_string();
    return wanted;
}

ConfigLook unreadable(const std::string& reason, const ConfigState& before) {
    ConfigLook look;
    look.seen.digest = reason;
    look.news = before.digest == reason ? ConfigNews::kSame : ConfigNews::kChanged;
    look.wanted.revision = "unreadable";
    look.wanted.reason = reason;
    return look;
}

bool written_anew(const files::Mark& mark, const files::Mark& before) {
    return mark.inode != before.inode || mark.modified_ns != before.modified_ns;
}

ConfigLook look_at(const std::string& path, const ConfigState& before, bool rewritten) {
    const auto file = files::open_file(path);
    if (!file) return unreadable(file.error().reason, before);
    if (!*file) return {};
    const files::Mark mark = (*file)->mark;
    if (before.settled && mark == before.mark) return {ConfigNews::kSame, before, {}};
    const bool settled = now_ns() - std::max(mark.changed_ns, mark.modified_ns) > kStep;
    const bool anew = rewritten && written_anew(mark, before.mark);
    if (before.quick != 0 && mark.size == before.mark.size && !anew) {
        const auto quick = quick_hash(**file, path);
        if (!quick) return unreadable(quick.error().reason, before);
        if (*quick == before.quick)
            return {ConfigNews::kSame, {before.digest, *quick, mark, settled}, {}};
    }
    const auto content = files::read_file(path);
    if (!content) return unreadable(content.error().reason, before);
    if (!*content) return {};
    const std::string& bytes = (*content)->bytes;
    ConfigLook look;
    look.seen = {files::hex(files::sha256(bytes)), quick_hash(bytes), (*content)->mark, settled};
    if ((*content)->mark != mark) look.seen.settled = false;
    look.news =
        look.seen.digest == before.digest && !anew ? ConfigNews::kSame : ConfigNews::kChanged;
    if (look.news == ConfigNews::kChanged) look.wanted = parse(path, bytes, look.seen.digest);
    return look;
}

}  // namespace

std::string refused(const WantedTable& wanted, std::uint64_t generation,
                    const std::string& revision) {
    if (!wanted.if_generation || *wanted.if_generation == generation) return {};
    if (wanted.revision == revision) return {};
    return "it is for the place of generation " + std::to_string(*wanted.if_generation) +
           " (if-generation), and the active table has generation " + std::to_string(generation);
}

ConfigLook look_at_config(const Paths& paths, const ConfigState& before, bool rewritten) {
    try {
        return look_at(paths.config(), before, rewritten);
    } catch (const std::bad_alloc&) {
        return unreadable("cannot read " + paths.config() + ": not enough memory", before);
    }
}

}  // namespace amba::volume
