// Changes, wrong files, questions, SIGHUPs and the answers of names in an order that nobody has
// thought of. The seed is printed, and AMBA_SEED has the same order again.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <set>

#include "support/eventually.hpp"
#include "tests/unit/daemon/judging.hpp"

using namespace amba;

namespace {

class AnyOrder : public test::Running {
  protected:
    // A file that a helper may write.
    struct File {
        std::string text;
        std::string revision;
        std::optional<table::Table> table;  // none: it is wrong
        std::string digest = digest_of(text);
    };

    unsigned any(unsigned below) { return static_cast<unsigned>(random() % below); }
    template <class Items>
    const auto& any_of(const Items& items) {
        return items[any(static_cast<unsigned>(items.size()))];
    }

    void SetUp() override {
        for (const char* name : {"n0", "n1", "n2", "n3", "n4", "n5"})
            names.push_back(name);
    }

    // ---- what may happen ----

    // A table names each of its backends once.
    std::string any_backends() {
        std::set<std::string> all;
        for (unsigned i = any(3) + 1; i > 0; --i)
            all.insert((any(2) == 0 ? any_of(hosts) : any_of(names)) + ":6379");
        std::string out;
        for (const std::string& one : all)
            out += one + " ";
        return out;
    }
    // Small ones and, now and then, one that is put together beside the loop. Some want an address
    // that another process has.
    File any_file() {
        const std::string revision = "r" + std::to_string(any(6));
        if (any(6) == 0)
            return {"{\"revision\": \"" + revision + "\", \"x\": 1}", revision, std::nullopt};
        std::string out;
        for (const std::string& at : places) {
            if (any(3) > 0) out += (out.empty() ? "" : " + ") + front(at, any_backends());
        }
        if (out.empty() || any(6) == 0)
            out += (out.empty() ? "" : " + ") + front(taken + ":6379", hosts[0] + ":6379");
        if (any(6) == 0) {
            out += " + " + front(unused, "");
            for (int i = 0; i < 600; ++i)
                out += " 127.0.0.9:" + std::to_string(10000 + i) + " weight=0";
        }
        return {text_of(out, revision), revision, table_of(out)};
    }
    void write_one() {
        // One of those before comes back at times.
        files.push_back(!files.empty() && any(3) == 0 ? any_of(files) : any_file());
        if (any(2) == 0)
            write(files.back().text);
        else
            test::write_in_place(paths.config(), files.back().text);
        if (any(4) > 0) reload->changed();
    }
    void ask_one() {
        if (files.empty() || any(5) == 0) return void(ask({}));
        const File& file = any(2) == 0 ? files.back() : any_of(files);
        ask(any(4) == 0 ? Query{file.revision, ""} : Query{file.revision, file.digest});
    }
    void names_do_something() {
        const std::string& name = any_of(names);
        switch (any(5)) {
            case 0: return resolver.hold(name);
            case 1: return resolver.fail(name);
            case 2: return resolver.lead(name, {});
            default: resolver.release(name);
        }
        resolver.lead(name, {test::address(any_of(hosts))});
    }
    void step() {
        switch (any(12)) {
            case 0:
            case 1: return write_one();
            case 2:
            case 3: return ask_one();
            case 4: return names_do_something();
            case 5: return reload->changed();
            case 6: return any(2) == 0 ? reload->again() : (void)::unlink(paths.config().c_str());
            case 7:
                if (any(2) == 0) (void)::unlink(paths.active().c_str());
                return reload->save_again();
            case 8: return turn();
            case 9: return come_to_rest();
            default:
                for (unsigned i = any(8); i > 0; --i)
                    turn_once();
        }
    }

    // ---- what holds at any time ----

    const File* file_of(const table::Table& table, const std::string& revision) const {
        for (const File& file : files) {
            if (file.table == table && file.revision == revision) return &file;
        }
        return nullptr;
    }
    void look() {
        if (const auto active = activation->active()) {
            ASSERT_GE(active->generation, greatest);
            if (active->generation > greatest) {
                const File* file = file_of(active->table, active->revision);
                ASSERT_NE(file, nullptr) << "a table serves that nobody wrote";
            }
            greatest = active->generation;
        }
        if (const auto now = files::mark(paths.active()); now != active_mark) {
            const auto read = volume::read_active(paths);
            ASSERT_TRUE(read) << read.error().reason;
            if (*read) {
                ASSERT_NE(file_of((*read)->table, (*read)->revision), nullptr);
                ASSERT_LE((*read)->generation, greatest);
            }
            active_mark = now;
        }
        if (test::exists(paths.verdict())) {
            ASSERT_TRUE(verdict_file());
        }
    }
    // Each is about the file that was asked for, and as its text deserves.
    void check(const Question& one) {
        if (!one.verdict) return;
        if (!one.query.digest.empty()) {
            ASSERT_EQ(one.verdict->digest, one.query.digest);
        } else if (!one.query.revision.empty()) {
            ASSERT_EQ(one.verdict->revision, one.query.revision);
        }
        for (const File& file : files) {
            if (file.digest != one.verdict->digest) continue;
            if (!file.table) {
                ASSERT_FALSE(one.verdict->applied) << file.text;
            }
            ASSERT_EQ(one.verdict->revision, file.revision);
        }
        ASSERT_LE(one.verdict->generation, greatest);
    }
    void all_are_answered() {
        ASSERT_TRUE(turn_until([&] {
            return std::all_of(questions.begin(), questions.end(),
                               [](const Question& one) { return one.answers > 0; });
        })) << "a question is lost";
        look();
        for (; checked < questions.size(); ++checked)
            check(questions[checked]);
        for (const Question& one : questions)
            ASSERT_EQ(one.answers, 1u) << one.query.revision << " " << one.query.digest;
    }
    // Once everything is judged, it is the verdict on the file that stands there which holds.
    void come_to_rest() {
        for (const std::string& name : names)
            resolver.release(name);
        settle();
        all_are_answered();
        if (HasFatalFailure() || !test::exists(paths.config())) return;
        const File& file = files.back();
        const auto& verdict = answer_to({file.revision, file.digest}).verdict;
        ASSERT_TRUE(verdict) << "of a file that stands there";
        if (!verdict->applied) return;
        ASSERT_TRUE(file.table);
        ASSERT_EQ(activation->active()->table, *file.table);
        ASSERT_EQ(activation->active()->generation, verdict->generation);
    }
    void run_steps() {
        for (int i = test::full() ? 20'000 : 1'000; i > 0 && !HasFatalFailure(); --i) {
            step();
            look();
        }
    }

    const std::uint64_t seed = test::seed();
    std::mt19937_64 random{seed};
    const std::string taken = serve("squatter");
    const std::string unused = some_place();
    const std::vector<std::string> places{place, other, some_place()};
    const std::vector<std::string> hosts{a, b};
    std::vector<std::string> names;
    std::vector<File> files;
    std::uint64_t greatest = 0;  // generation so far
    std::optional<files::Mark> active_mark;
    std::size_t checked = 0;  // of the questions
};

}  // namespace

TEST_F(AnyOrder, TheLastGoodFileServesAndEachQuestionIsAnswered) {
    SCOPED_TRACE("AMBA_SEED=" + std::to_string(seed));
    run_steps();
    ASSERT_FALSE(HasFatalFailure());
    // By a name, and after a wrong one.
    for (const std::string& name : names)
        resolver.release(name);
    resolver.lead("n0", {test::address(b)});
    const std::string last = front(place, "n0:6379") + " + " + front(other, a + ":6379");
    files.push_back({text_of(last, "last"), "last", table_of(last)});
    const std::string text = files.back().text;
    write(text);
    const std::string verdict = told(answer_to({"last", digest_of(text)}).verdict);
    EXPECT_EQ(verdict, "applied " + std::to_string(generation()));
    put("{");
    all_are_answered();
    EXPECT_EQ(activation->active()->revision, "last");
    EXPECT_EQ(active_file()->table, table_of(last));
    EXPECT_EQ(active_file()->generation, generation());
    EXPECT_EQ(who(other), "a");
    // It may have been asked for a moment ago, when it led nowhere; the backends of before serve.
    EXPECT_TRUE(turn_until([&] { return activation->waiting().empty() && who(place) == "b"; }));
    std::printf("%zu questions, %llu tables of %zu files, %llu rejected\n", questions.size(),
                static_cast<unsigned long long>(reload->applied()), files.size(),
                static_cast<unsigned long long>(reload->rejected()));
}

TEST_F(AnyOrder, StoppedAnywhereEachQuestionIsAnswered) {
    SCOPED_TRACE("AMBA_SEED=" + std::to_string(seed));
    for (int i = 0; i < 20 && !HasFatalFailure(); ++i) {
        for (unsigned steps = any(40); steps > 0 && !HasFatalFailure(); --steps) {
            step();
            look();
        }
        ask_one();
        reload->stop();
        activation->stop();
        for (const std::string& name : names)
            resolver.release(name);
        ask_one();
        all_are_answered();
        const std::uint64_t before = generation();
        reload->changed();
        ask_one();
        turn();
        EXPECT_EQ(generation(), before);
        all_are_answered();
        // The next one finds an empty volume.
        start_judging();
        ::unlink(paths.active().c_str());
        ::unlink(paths.config().c_str());
        questions.clear();
        checked = 0;
        greatest = 0;
        reload->ready();
    }
}
