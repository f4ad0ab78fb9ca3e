#include "amba/admin/watch_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "admin/rates.hpp"
#include "admin/text.hpp"
#include "tests/unit/admin/documents.hpp"

using namespace amba;
using namespace amba::test;
using namespace std::chrono_literals;
using admin::Screen;
using admin::WatchView;
using nlohmann::json;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

constexpr Screen kWide{24, 200};

// A daemon with one frontend of one backend, whose counters a test moves.
class Watched : public testing::Test {
  protected:
    json document = status({frontend("redis", "127.127.0.2:6379", {backend("10.0.0.5:32768")})});
    WatchView view{{}, 1s};
    core::Time now{};

    json& front() { return document["frontends"][0]; }
    json& back() { return front()["backends"][0]; }
    void count(std::uint64_t connections, std::uint64_t up, std::uint64_t down) {
        for (json* object : {&front(), &back()}) {
            (*object)["connections_total"] = connections;
            (*object)["bytes_up"] = up;
            (*object)["bytes_down"] = down;
        }
    }
    std::vector<std::string> after(core::Duration time) {
        now += time;
        view.take(document.dump(), now).value();
        return view.frame(kWide);
    }
};

json many(int frontends, int backends) {
    std::vector<json> all;
    for (int i = 0; i < frontends; ++i) {
        std::vector<json> of;
        for (int j = 0; j < backends; ++j)
            of.push_back(backend("10.0.0." + std::to_string(j) + ":" + std::to_string(10'000 + i)));
        all.push_back(frontend("f" + std::to_string(i), "127.127.0.2:" + std::to_string(1 + i),
                               std::move(of)));
    }
    return status(std::move(all));
}

}  // namespace

TEST_F(Watched, ShowsRatesOfWhatWasCounted) {
    count(1'000, 5'000, 0);
    const auto first = after(0s);
    EXPECT_THAT(first[0], StartsWith("amba 1.2.3, up 2d, generation 12"));
    EXPECT_THAT(words_of(first[2]), ElementsAre("redis", "127.127.0.2:6379", "listening", "0", "0",
                                                "-", "-", "-", "1000", "0", "0"));
    count(1'020, 25'000, 3'000'000);
    const auto second = after(2s);
    EXPECT_THAT(words_of(second[2]),
                ElementsAre("redis", "127.127.0.2:6379", "listening", "0", "0", "10", "█", "10",
                            "kB", "1.5", "MB", "█", "1020", "0", "0"));
    EXPECT_THAT(words_of(second[3]), ElementsAre("10.0.0.5:32768", "healthy", "1m", "1", "0", "10",
                                                 "10", "kB", "1.5", "MB", "1020", "0"));
    const auto third = after(1s);
    EXPECT_THAT(third[2], HasSubstr("█▁"));
}

TEST_F(Watched, BeginsAnewWithAnotherDaemon) {
    count(1'000, 0, 0);
    after(0s);
    count(1'010, 0, 0);
    EXPECT_THAT(after(1s)[2], HasSubstr("█"));
    document["daemon"] = "d2";
    count(2'000, 0, 0);
    const auto shown = after(1s);
    EXPECT_THAT(shown[2], AllOf(Not(HasSubstr("█")), HasSubstr(" -  ")));
    count(2'007, 0, 0);
    EXPECT_THAT(words_of(after(1s)[3]), testing::Contains("7.0"));
}

TEST_F(Watched, KnowsNoRateOfACounterThatWentBack) {
    count(1'000, 10, 10);
    after(0s);
    count(5, 20, 20);
    const auto words = words_of(after(1s)[3]);
    EXPECT_EQ(words[5], "-") << testing::PrintToString(words);
    EXPECT_EQ(words[6], "10");
}

TEST_F(Watched, KnowsNoRateWithoutTime) {
    after(0s);
    count(10, 0, 0);
    EXPECT_EQ(words_of(after(0s)[3])[5], "-");
}

TEST_F(Watched, TellsBackendsOfOneAddressApart) {
    json twin = back();
    twin["connections_total"] = 50;
    front()["backends"].push_back(twin);
    after(0s);
    back()["connections_total"] = 3;
    const auto shown = after(1s);
    EXPECT_EQ(words_of(shown[3])[5], "3.0");
    EXPECT_EQ(words_of(shown[4])[5], "0");
}

TEST_F(Watched, KeepsAFrontendThatLeavesApartFromItsSuccessor) {
    after(0s);
    json leaving = front();
    leaving.update({{"state", "leaving"}, {"listening", false}, {"connections_total", 900}});
    document["frontends"].push_back(leaving);
    count(1, 0, 0);
    const auto shown = after(1s);
    EXPECT_EQ(words_of(shown[2])[5], "1.0");
    EXPECT_THAT(shown[4], AllOf(HasSubstr("leaving"), HasSubstr(" -  ")));
}

TEST_F(Watched, SaysThatTheDaemonDoesNotAnswer) {
    after(0s);
    view.miss("cannot connect to /run/amba/amba.sock: \x1b[2J", "07:30:12 UTC");
    view.miss("cannot connect to /run/amba/amba.sock: refused", "07:30:13 UTC");
    const auto shown = view.frame(kWide);
    EXPECT_EQ(shown[0],
              "not answering since 07:30:12 UTC: cannot connect to /run/amba/amba.sock: refused");
    EXPECT_THAT(shown[3], HasSubstr("redis 127.127.0.2:6379")) << "what it said last stays";
    EXPECT_THAT(after(1s)[0], StartsWith("amba 1.2.3"));
    view.miss("\x1b[2J", "08:00:00 UTC");
    EXPECT_EQ(view.frame(kWide)[0], "not answering since 08:00:00 UTC: ?[2J");
}

TEST_F(Watched, TakesNoGarbage) {
    const auto before = after(0s);
    for (const char* garbage : {"", "x", "[]", "{}", R"({"generation": 1})"})
        EXPECT_FALSE(view.take(garbage, now)) << garbage;
    EXPECT_EQ(view.frame(kWide), before);
}

TEST_F(Watched, SaysThatItIsPaused) {
    after(0s);
    EXPECT_THAT(view.frame(kWide).back(), Not(HasSubstr("PAUSED")));
    view.set_paused(true);
    EXPECT_THAT(view.frame(kWide).back(), AllOf(StartsWith("PAUSED"), HasSubstr("space goes on")));
}

TEST_F(Watched, IsAsciiWhereTheLocaleIsNot) {
    WatchView plain{{.colour = false, .utf8 = false}, 1s};
    front()["name"] = std::string(300, 'n');
    for (int i = 0; i < 3; ++i) {
        count(static_cast<std::uint64_t>(i * i), 0, 0);
        plain.take(document.dump(), now += 1s).value();
    }
    for (const std::string& line : plain.frame(kWide)) {
        for (const char c : line)
            EXPECT_TRUE(c >= 0x20 && c < 0x7f) << line;
    }
    EXPECT_THAT(plain.frame(kWide)[2], AllOf(HasSubstr("nnn~"), HasSubstr("-#")));
}

TEST_F(Watched, LeavesOutColumnsThatDoNotFitAndSaysSo) {
    after(0s);
    const auto narrow = view.frame({24, 80});
    EXPECT_THAT(narrow[1], AllOf(HasSubstr("NOW"), HasSubstr("CONN/s"), HasSubstr("DOWN/s"),
                                 Not(HasSubstr("RETRIES"))));
    EXPECT_THAT(narrow.back(), AllOf(HasSubstr("q quits"), HasSubstr("RETRIES")));
    EXPECT_THAT(view.frame(kWide).back(), Not(HasSubstr("RETRIES")));
}

TEST_F(Watched, MakesRoomForAReasonWhereItIsWide) {
    back().update({{"state", "unhealthy"}, {"why", "connection refused"}});
    after(0s);
    EXPECT_THAT(view.frame({24, 160})[3], HasSubstr("connection refused"));
    EXPECT_THAT(view.frame({24, 80})[1], HasSubstr("UP/s"));
}

TEST_F(Watched, BeforeAnyAnswerHasOnlyTheKeys) {
    const auto shown = view.frame({3, 40});
    EXPECT_THAT(shown, ElementsAre("", "", StartsWith("q quits")));
    view.scroll(5);
    view.scroll_to_end();
    EXPECT_EQ(view.frame({3, 40}), shown);
}

TEST_F(Watched, IsNotDrivenByNames) {
    const std::string evil =
        "a\x1b]0;x\x07\n\xc2\x9b"
        "2J";
    back().update({{"address", evil}, {"origin", evil + "o"}, {"state", evil}, {"why", evil}});
    front().update({{"name", evil}, {"bind", evil + "b"}});
    document.update({{"version", evil}, {"revision", evil}, {"unresolved", {evil}}});
    for (const std::string& line : after(0s)) {
        EXPECT_THAT(line, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")),
                                Not(HasSubstr("\n")), Not(HasSubstr("\xc2\x9b"))));
    }
}

TEST(WatchFrame, HasExactlyTheSizeThatIsAsked) {
    json document = many(5, 3);
    document["unresolved"] = {"a", "b"};
    document["rejected"] = {{"time", ""}, {"revision", "r"}, {"reason", std::string(500, 'x')}};
    document["frontends"][1]["name"] = std::string(400, 'y');
    document["frontends"][2]["name"] = "日本語日本語日本語日本語日本語日本語日本語日本語";
    for (const bool colour : {false, true}) {
        WatchView view{{.colour = colour, .utf8 = true}, 1s};
        view.take(document.dump(), {}).value();
        view.miss("gone", "07:00:00");
        for (std::size_t rows : {0, 1, 2, 3, 4, 5, 6, 7, 10, 24, 60}) {
            for (std::size_t columns : {0, 1, 2, 5, 20, 40, 80, 132, 300, 2000}) {
                const auto frame = view.frame({rows, columns});
                ASSERT_EQ(frame.size(), rows) << columns;
                if (colour) continue;
                for (const std::string& line : frame)
                    EXPECT_LE(admin::width(std::string_view(line)), columns) << rows << line;
            }
        }
    }
}

TEST(WatchFrame, OfOneByOneIsOneCharacter) {
    WatchView view{{}, 1s};
    view.take(many(1, 1).dump(), {}).value();
    EXPECT_THAT(view.frame({1, 1}), ElementsAre("q"));
    EXPECT_THAT(view.frame({2, 4}), ElementsAre("amba", "q qu"));
    EXPECT_THAT(view.frame({3, 10}), ElementsAre("amba 1.2.3", "f0 127.127", "q quits, s"));
    EXPECT_THAT(view.frame({4, 7}), ElementsAre("amba 1.", "ADDRESS", "f0 127.", "q quits"));
}

TEST(WatchFrame, ScrollsAndStaysWithinTheTable) {
    WatchView view{{}, 1s};
    view.take(many(10, 9).dump(), {}).value();  // 100 rows, of which 5 are shown
    const Screen screen{8, 120};
    const auto first_row = [&] {
        return words_of(view.frame(screen)[2])[0];
    };
    const auto range = [&](const char* expected) {
        EXPECT_THAT(view.frame(screen).back(), HasSubstr(std::string(expected) + " of 100"));
    };
    EXPECT_EQ(first_row(), "f0");
    range("1-5");
    view.scroll(-3);
    range("1-5");
    view.scroll(2);
    EXPECT_EQ(first_row(), "10.0.0.1:10000");
    range("3-7");
    view.scroll_page(1);
    range("8-12");
    view.scroll_page(-1);
    range("3-7");
    view.scroll_to_end();
    range("96-100");
    view.scroll(7);
    range("96-100");
    view.scroll(-1);
    range("95-99");
    view.scroll_to_begin();
    range("1-5");
    view.scroll_to_end();
    view.frame(screen);
    view.take(many(1, 1).dump(), core::Time{} + 1s).value();  // a smaller table
    EXPECT_EQ(first_row(), "f0");
    view.scroll_page(1'000'000);
    view.scroll(-1'000'000);
    EXPECT_EQ(first_row(), "f0");
}

TEST(WatchFrame, OfAHugeTableIsAsQuickAsOfASmallOne) {
    const auto time_of_frames = [](WatchView& view, const std::string& document) {
        for (int i = 0; i < 3; ++i)
            view.take(document, core::Time{} + std::chrono::seconds(i)).value();
        const std::clock_t began = std::clock();  // on the processor, whoever else is at work
        for (int i = 0; i < 100; ++i) {
            view.scroll(1);
            EXPECT_EQ(view.frame({50, 200}).size(), 50u);
        }
        return std::clock() - began;
    };
    WatchView small{{}, 1s};
    WatchView huge{{}, 1s};
    const std::clock_t of_small = time_of_frames(small, many(20, 10).dump());
    // 25 times as many rows
    EXPECT_LT(time_of_frames(huge, many(500, 10).dump()), 8 * of_small + CLOCKS_PER_SEC / 50);
    EXPECT_THAT(huge.frame({50, 200}).back(), HasSubstr("101-147 of 5500"));
}

TEST(Rates, KeepAMinuteAtTheMost) {
    admin::Rates rates;
    admin::Status status;
    status.frontends.resize(1);
    status.frontends[0].bind = "127.127.0.2:1";
    std::vector<admin::FrontendRates> last;
    for (unsigned i = 0; i < 100; ++i) {
        status.frontends[0].connections_total = 2 * i;
        last = rates.take(status, core::Time{} + std::chrono::seconds(i));
    }
    EXPECT_EQ(last[0].history.connections.size(), admin::kHistory);
    EXPECT_THAT(last[0].history.connections, Each(2.0F));
    status.frontends.clear();
    EXPECT_TRUE(rates.take(status, core::Time{} + 100s).empty());
    status.frontends.resize(1);
    status.frontends[0].bind = "127.127.0.2:1";
    last = rates.take(status, core::Time{} + 101s);
    EXPECT_EQ(last[0].history.connections.size(), 1u) << "one that was away begins anew";
}
