// Ambassadors learn their tables: all are asked at once what they have, and those that have
// something else are told at once. The ambassador's own program judges what it is told.
#include <mutex>

#include "amba/docker/parallel.hpp"
#include "amba/fleet/fleet.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"

namespace amba::fleet {

namespace {

constexpr const char* kWait = "--wait=5s";
constexpr int kUnresolved = 3;  // of reconfigure: applied, and a name does not resolve so far

// The last line of what a command said that failed; what the Engine itself says of one that could
// not be run comes as if the command had said it.
std::string last_line(const docker::Executed& done) {
    std::string text = done.err.empty() ? done.out : done.err;
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    text = text.substr(text.rfind('\n') + 1);
    return text.empty() ? "exit code " + std::to_string(done.code) : text;
}

// The output of the verb; when it has failed, the reason as an error.
core::Result<std::string> said(const core::Result<docker::Executed>& answer) {
    if (!answer) return answer.error();
    if (answer->code != 0 && answer->code != kUnresolved) {
        return core::error(last_line(*answer));
    }
    return answer->out;
}

// The admin address is not compared: it is the ambassador's own matter.
bool same(const table::Table& wanted, table::Table current) {
    current.admin = wanted.admin;
    return wanted == current;
}

}  // namespace

std::vector<core::Result<admin::Status>> Fleet::statuses(
    const std::vector<const FleetContainer*>& ambassadors) const {
    std::vector<VerbCall> questions;
    for (const FleetContainer* one : ambassadors)
        questions.push_back({one, {"status", "--json"}});
    std::vector<core::Result<admin::Status>> all(questions.size(), core::error("no answer"));
    ask(questions, [&](std::size_t i, const auto& answer) {
        const core::Result<std::string> text = said(answer);
        all[i] = text ? admin::status_from_json(*text) : text.error();
    });
    return all;
}

// One configure.
class TableRound {
  public:
    TableRound(const Fleet& fleet, const Snapshot& snapshot, TablesGiven* given) :
        fleet_(fleet), given_(given) {
        for (Assignment& assignment : assignments(snapshot))
            all_.push_back({std::move(assignment), {}, {}, {}, Verdict::kUnchanged});
        for (const FleetContainer& ambassador : snapshot.ambassadors) {
            const FleetContainer* client = client_of(snapshot, ambassador);
            if (ambassador.container.status != "restarting" || !client) continue;
            if (!client->container.running()) continue;
            Assignment lost;
            lost.ambassador = &ambassador;
            lost.client = client;
            lost.names = names_of(ambassador.container);
            lost_.push_back({std::move(lost), {}, {}, {}, Verdict::kUnchanged});
        }
    }

    Tally run() {
        ask_what_they_have();
        std::vector<One*> those;
        for (One& one : all_) {
            if (decide(one)) those.push_back(&one);
        }
        // Told again without the frontend that cannot be had, one each time.
        while (!those.empty())
            those = tell(those);
        Tally tally;
        for (One& one : lost_)
            refused(one, "its ambassador ends again and again; `amba create` makes it anew");
        tally.failed = static_cast<unsigned>(lost_.size());
        for (const One& one : all_) {
            if (one.verdict == Verdict::kApplied) ++tally.done;
            if (one.verdict == Verdict::kUnchanged) ++tally.unchanged;
            if (one.verdict == Verdict::kFailed) ++tally.failed;
            if (one.verdict == Verdict::kFailed && !one.left_out.empty()) ++tally.held;
        }
        return tally;
    }

  private:
    enum class Verdict { kApplied, kUnchanged, kFailed };

    struct One {
        Assignment assignment;
        std::optional<table::Table> known;  // one that waits for its first table has none
        std::vector<std::string> wanted;
        std::set<std::string> left_out;  // addresses that cannot be had
        Verdict verdict;
    };

    void ask_what_they_have() {
        std::vector<One*> those;
        std::vector<VerbCall> questions;
        for (One& one : all_) {
            const auto* words = given_ ? given_->words_of(*one.assignment.ambassador) : nullptr;
            if (words != nullptr) {
                if (auto table = table::parse_words(*words)) one.known = std::move(*table);
                continue;
            }
            those.push_back(&one);
            questions.push_back({one.assignment.ambassador, {"showconfig"}});
        }
        fleet_.ask(questions, [&](std::size_t i, const auto& answer) {
            const auto shown = said(answer);
            if (!shown) return;
            if (auto document = table::parse_json(*shown)) {
                those[i]->known = std::move(document->table);
            }
        });
    }

    // True: it is to be told.
    bool decide(One& one) {
        const FleetContainer& ambassador = *one.assignment.ambassador;
        one.wanted = words(one.assignment, one.known ? &*one.known : nullptr, one.left_out);
        if (!given_ || !given_->is(ambassador, one.wanted)) {
            for (const std::string& remark : one.assignment.remarks)
                say(one, remark, true);
            one.assignment.remarks.clear();
        }
        if (one.wanted.empty()) {
            remember(one);
            return false;
        }
        const auto table = table::parse_words(one.wanted);
        if (!table) {
            refused(one, table.error().reason);
            return false;
        }
        if (!one.known || !same(*table, *one.known)) return true;
        remember(one);
        return false;
    }

    // Tells each its table. Returns those that are to be told another one.
    std::vector<One*> tell(const std::vector<One*>& those) {
        std::vector<VerbCall> questions;
        for (const One* one : those) {
            questions.push_back({one->assignment.ambassador, {"reconfigure", kWait}});
            auto& command = questions.back().words;
            command.insert(command.end(), one->wanted.begin(), one->wanted.end());
        }
        std::vector<std::string> taken(those.size());
        fleet_.ask(questions, [&](std::size_t i, const auto& answer) {
            One& one = *those[i];
            const auto told = said(answer);
            if (!told) {
                taken[i] = taken_address(told.error().reason).value_or("");
                if (taken[i].empty()) refused(one, told.error().reason);
                return;
            }
            if (answer->code == kUnresolved) say(one, last_line(*answer), true);
            if (one.verdict == Verdict::kUnchanged) one.verdict = Verdict::kApplied;
            remember(one);
            say(one, summary(one.assignment, one.left_out));
        });
        std::vector<One*> again;
        for (std::size_t i = 0; i < those.size(); ++i) {
            if (!taken[i].empty() && leave_out(*those[i], taken[i])) again.push_back(those[i]);
        }
        return again;
    }

    // True: there is something else to tell.
    bool leave_out(One& one, const std::string& address) {
        refused(one, fleet_.who_holds(one.assignment, address));
        if (!one.left_out.insert(address).second) return false;
        return decide(one);
    }

    // Remembers the table that an ambassador has; one that failed is asked again next time.
    void remember(const One& one) {
        if (!given_) return;
        if (one.verdict == Verdict::kFailed)
            given_->forget(*one.assignment.ambassador);
        else
            given_->set(*one.assignment.ambassador, one.wanted);
    }

    void refused(One& one, const std::string& reason) {
        one.verdict = Verdict::kFailed;
        if (given_) given_->forget(*one.assignment.ambassador);
        say(one, reason, true);
    }

    void say(const One& one, const std::string& line, bool failed = false) const {
        if (failed && given_ && !given_->is_news(*one.assignment.ambassador, line)) return;
        fleet_.say(one.assignment.to_string() + ": " + line, failed);
    }

    const Fleet& fleet_;
    TablesGiven* const given_;
    std::vector<One> all_;
    std::vector<One> lost_;  // cannot be told anything
};

Tally Fleet::configure(const Snapshot& snapshot, TablesGiven* given) const {
    return TableRound(*this, snapshot, given).run();
}

}  // namespace amba::fleet
