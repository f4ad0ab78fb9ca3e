// Reload over the rooms, with a volume of the test's own. The watch is the test itself: it says
// when something has changed.
#pragma once

#include <deque>
#include <fstream>
#include <string>
#include <vector>

#include "amba/files/digest.hpp"
#include "amba/log/recorder.hpp"
#include "amba/table/json.hpp"
#include "daemon/reload.hpp"
#include "support/temp_dir.hpp"
#include "tests/unit/daemon/rooms.hpp"

namespace amba::test {

class Judging : public Rooms {
  protected:
    using Query = daemon::Reload::VerdictQuery;
    // What a helper has asked, and what it was told.
    struct Question {
        Query query;
        unsigned answers = 0;
        std::optional<volume::Verdict> verdict;
        std::string superseded_by;
        bool stopping = false;
    };

    Judging() { start_judging(); }
    // Its job may write what is judged.
    ~Judging() override { offload.stop(); }

    // A daemon that starts: nothing is judged before ready().
    void start_judging() {
        if (reload) reload->stop();
        start_anew();
        reload.emplace(*activation, offload, paths, "daemon", words);
    }

    // ---- config.json ----

    static std::string text_of(const std::string& table, const std::string& revision,
                               std::optional<std::uint64_t> if_generation = std::nullopt) {
        return table::to_json(table_of(table), {revision, std::nullopt, if_generation});
    }
    static std::string digest_of(const std::string& text) {
        return files::hex(files::sha256(text));
    }
    // As a tool does that writes another file and renames it.
    void write(const std::string& text) { write_and_rename(paths.config(), text); }
    void write(const std::string& table, const std::string& revision) {
        write(text_of(table, revision));
    }
    // Writes it and has it judged.
    void put(const std::string& text) {
        write(text);
        reload->changed();
        settle();
    }
    void put(const std::string& table, const std::string& revision) {
        put(text_of(table, revision));
    }
    void remove() { ASSERT_EQ(::unlink(paths.config().c_str()), 0); }

    // ---- questions ----

    Question& ask(const Query& query) {
        Question& one = questions.emplace_back();
        one.query = query;
        reload->judge_now(query, [&one](const daemon::Reload::VerdictReply& reply) {
            ++one.answers;
            one.verdict = reply.verdict;
            one.superseded_by = reply.superseded_by;
            one.stopping = reply.stopping;
        });
        return one;
    }
    const Question& answer(Question& to) {
        EXPECT_TRUE(turn_until([&] { return to.answers > 0; })) << "no answer";
        return to;
    }
    const Question& answer_to(const Query& query) { return answer(ask(query)); }
    // Until all that stands in the volume now is judged.
    void settle() { answer_to({}); }

    // ---- what became of it ----

    // "applied 3", or "rejected 2: REASON", where the number is that of what serves.
    static std::string told(const std::optional<volume::Verdict>& verdict) {
        if (!verdict) return "nothing";
        return (verdict->applied ? "applied " : "rejected ") + std::to_string(verdict->generation) +
               (verdict->applied ? "" : ": " + verdict->reason);
    }
    std::string told() const {
        return told(reload->last() ? std::optional(*reload->last()) : std::nullopt);
    }
    // verdict.json
    std::optional<volume::Verdict> verdict_file() const {
        return volume::parse_verdict(read_file(paths.verdict()));
    }
    std::optional<volume::ActiveDocument> active_file() const {
        const auto read = volume::read_active(paths);
        EXPECT_TRUE(read) << read.error().reason;
        return read ? *read : std::nullopt;
    }
    // Events of that kind in the flight recorder, which is the whole process's.
    static std::size_t logged(const std::string& event) {
        std::size_t count = 0;
        for (const log::Event& one : log::last_events(log::Recorder::kMost)) {
            if (one.event == event) count += one.count;
        }
        return count;
    }

    TempDir directory;
    volume::Paths paths{directory.path(), directory.path()};
    std::vector<std::string> words{"the", "command", "line"};
    std::optional<daemon::Reload> reload;
    std::deque<Question> questions;

    const std::string place = some_place();
    const std::string other = some_place();
    const std::string a = serve("a");
    const std::string b = serve("b");
    const std::string to_a = front(place, a + ":6379");
    const std::string to_b = front(place, b + ":6379");
};

// One that is ready.
class Running : public Judging {
  protected:
    Running() { reload->ready(); }
};

}  // namespace amba::test
