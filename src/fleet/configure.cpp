// Ambassadors learn their tables. They are asked and told by a command inside their own container:
// no helper to start for each, and the ambassador's own program judges what it is told.
#include <atomic>

#include "amba/docker/parallel.hpp"
#include "amba/fleet/fleet.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

constexpr core::Duration kPatience = 20s;  // for an Engine that has a hundred of them to start
constexpr const char* kWait = "--wait=5s";

std::string who(const Assignment& assignment) {
    return assignment.client->container.name + "/" +
           join(names_of(assignment.ambassador->container));
}

// The last line of what a command said that failed; what the Engine itself says of one that could
// not be run comes as if the command had said it.
std::string last_line(const docker::Executed& done) {
    std::string text = done.err.empty() ? done.out : done.err;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    text = text.substr(text.rfind('\n') + 1);
    return text.empty() ? "exit code " + std::to_string(done.code) : text;
}

std::string summary(const Assignment& assignment) {
    std::string text;
    for (const Route& route : assignment.routes) {
        text += (text.empty() ? "" : ", ") + route.bind() + " -> " +
                std::to_string(route.targets.size()) + " of " + route.service;
    }
    return text.empty() ? "no backend" : text;
}

// Where it listens for a program of its host is the ambassador's own matter.
bool same(const table::Table& wanted, table::Table current) {
    current.admin = wanted.admin;
    return wanted == current;
}

}  // namespace

core::Result<table::Table> Fleet::current(const Member& ambassador) const {
    const auto shown =
        engine(ambassador).exec(ambassador.container.id, {"amba", "showconfig"}, kPatience);
    if (!shown) return shown.error();
    if (shown->code != 0) return core::error(last_line(*shown));
    const auto document = table::parse_json(shown->out);
    if (!document) return core::error(document.error().to_string());
    return document->table;
}

core::Result<std::string> Fleet::status(const Member& ambassador) const {
    auto shown =
        engine(ambassador).exec(ambassador.container.id, {"amba", "status", "--json"}, kPatience);
    if (!shown) return shown.error();
    if (shown->code != 0) return core::error(last_line(*shown));
    return std::move(shown->out);
}

Fleet::Verdict Fleet::give(const Assignment& assignment, Given* given) const {
    const Member& ambassador = *assignment.ambassador;
    const auto remarks = [&] {
        for (const std::string& remark : assignment.remarks)
            say(who(assignment) + ": " + remark, true);
    };
    const auto refused = [&](const std::string& reason) {
        if (given) given->forget(ambassador);
        say(who(assignment) + ": " + reason, true);
        return Verdict::kFailed;
    };
    // One that waits for its first table has none.
    std::optional<table::Table> known;
    if (given && given->words_of(ambassador)) {
        auto table = table::parse_words(*given->words_of(ambassador));
        if (table) known = std::move(*table);
    } else if (auto table = current(ambassador)) {
        known = std::move(*table);
    }
    const std::vector<std::string> wanted = words(assignment, known ? &*known : nullptr);
    if (!given || !given->is(ambassador, wanted)) remarks();
    if (wanted.empty()) {
        if (given) given->set(ambassador, {});
        return Verdict::kUnchanged;
    }
    const auto table = table::parse_words(wanted);
    if (!table) return refused(table.error().reason);
    if (known && same(*table, *known)) {
        if (given) given->set(ambassador, wanted);
        return Verdict::kUnchanged;
    }
    std::vector<std::string> command{"amba", "reconfigure", kWait};
    command.insert(command.end(), wanted.begin(), wanted.end());
    const auto told = engine(ambassador).exec(ambassador.container.id, command, kPatience);
    if (!told) return refused(told.error().reason);
    if (told->code != 0) return refused(last_line(*told));
    if (given) given->set(ambassador, wanted);
    say(who(assignment) + ": " + summary(assignment));
    return Verdict::kApplied;
}

Tally Fleet::configure(const Snapshot& snapshot, Given* given) const {
    std::vector<Assignment> all = assignments(snapshot);
    std::atomic<unsigned> applied{0};
    std::atomic<unsigned> unchanged{0};
    docker::ten_at_a_time(all, [&](const Assignment& assignment) {
        const Verdict verdict = give(assignment, given);
        if (verdict == Verdict::kApplied) ++applied;
        if (verdict == Verdict::kUnchanged) ++unchanged;
    });
    Tally tally;
    tally.done = applied;
    tally.unchanged = unchanged;
    tally.failed = static_cast<unsigned>(all.size()) - applied - unchanged;
    return tally;
}

}  // namespace amba::fleet
