#include <chrono>
#include <nlohmann/json.hpp>

#include "amba/core/rfc3339.hpp"
#include "amba/volume/volume.hpp"

namespace amba::volume {

using core::error;
using core::Result;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr const char* kCommandLine = "command_line";

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

}  // namespace

std::optional<Wanted> read_wanted(const Paths& paths) {
    auto content = read_file(paths.config());
    Wanted wanted;
    if (!content) {
        wanted.revision = "unreadable";
        wanted.reason = content.error().reason;
        return wanted;
    }
    if (!*content) return std::nullopt;
    wanted.modified_ns = (*content)->modified_ns;
    wanted.inode = (*content)->inode;
    auto document = table::parse_json((*content)->bytes);
    if (!document) {
        wanted.revision = sha256((*content)->bytes);
        wanted.reason = paths.config() + ":" + document.error().to_string();
        // A revision that can be read names the file even when the table is wrong.
        RevisionFinder finder;
        if (json::sax_parse((*content)->bytes, &finder) && !finder.revision.empty()) {
            wanted.revision = finder.revision;
        }
        return wanted;
    }
    wanted.revision = document->revision ? *document->revision : sha256((*content)->bytes);
    wanted.table = std::move(document->table);
    return wanted;
}

Result<std::optional<Active>> read_active(const Paths& paths) {
    auto content = read_file(paths.active());
    if (!content) return content.error();
    if (!*content) return std::optional<Active>();
    const auto damaged = [&](const std::string& why) {
        return error(paths.active() + " is damaged: " + why);
    };
    json root = json::parse((*content)->bytes, nullptr, false);
    if (!root.is_object()) return damaged("not JSON");
    Active active;
    active.modified_ns = (*content)->modified_ns;
    if (const auto words = root.find(kCommandLine); words != root.end()) {
        if (!words->is_array()) return damaged("command_line is not an array");
        for (const json& word : *words) {
            if (!word.is_string()) return damaged("command_line has something else than strings");
            active.command_line.push_back(word.get<std::string>());
        }
        root.erase(words);
    }
    auto document = table::parse_json(root.dump());
    if (!document) return damaged(document.error().pointer + ": " + document.error().reason);
    active.table = std::move(document->table);
    active.revision = document->revision.value_or("");
    active.generation = document->generation.value_or(0);
    return std::optional<Active>(std::move(active));
}

Result<void> write_active(const Paths& paths, const Active& active) {
    // The same text as showconfig prints, with the command line in front of its last brace.
    std::string text = table::to_json(active.table, {active.revision, active.generation});
    text.resize(text.rfind('}'));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    const ordered_json words = active.command_line;
    text += std::string(",\n  \"") + kCommandLine +
            "\": " + words.dump(-1, ' ', false, json::error_handler_t::replace) + "\n}\n";
    return write_file(paths.active(), text, active.modified_ns);
}

std::string to_json(const Verdict& verdict) {
    ordered_json out;
    out["revision"] = verdict.revision;
    out["result"] = verdict.applied ? "applied" : "rejected";
    out["generation"] = verdict.generation;
    if (!verdict.applied) out["reason"] = verdict.reason;
    out["unresolved"] = verdict.unresolved;
    out["saved"] = verdict.saved;
    out["time"] = verdict.time;
    out["daemon"] = verdict.daemon;
    return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Verdict> parse_verdict(std::string_view text) {
    const json root = json::parse(text, nullptr, false);
    if (!root.is_object()) return std::nullopt;
    try {
        Verdict verdict;
        verdict.revision = root.at("revision").get<std::string>();
        verdict.applied = root.at("result").get<std::string>() == "applied";
        verdict.generation = root.at("generation").get<std::uint64_t>();
        verdict.reason = root.value("reason", "");
        verdict.unresolved = root.value("unresolved", std::vector<std::string>());
        verdict.saved = root.value("saved", true);
        verdict.time = root.value("time", "");
        verdict.daemon = root.value("daemon", "");
        return verdict;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

std::string now_rfc3339() {
    using namespace std::chrono;
    return core::rfc3339(
        duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace amba::volume
