// What one ambassador tells another one is what that one knows then.
#include "daemon/handover.hpp"

#include <nlohmann/json.hpp>

#include "tests/unit/daemon/rooms.hpp"

using namespace amba;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

const core::Time kNow(std::chrono::hours(1000));
// The clock of the other process may have begun at another time.
const core::Time kThere(std::chrono::hours(7));

class Handing : public test::Rooms {
  protected:
    static daemon::Handover round_trip(const daemon::Handover& sent) {
        auto got = daemon::from_texts(daemon::to_texts(sent, kNow), kThere);
        EXPECT_TRUE(got) << got.error().reason;
        return got ? *got : daemon::Handover();
    }
    // Another process, which goes on from there.
    void hand_over() {
        std::optional<daemon::Activate::Knowledge> known;
        activation->tell([&](auto told) { known = std::move(told); });
        ASSERT_TRUE(turn_until([&] { return known.has_value(); }));
        daemon::Handover sent;
        sent.frontends = daemon::record(known->serving);
        sent.names = known->names;
        sent.kept = known->kept;
        sent.status.frontends = activation->proxy().view();
        known.reset();
        const core::Time now = core::Clock::now();
        auto got = daemon::from_texts(daemon::to_texts(sent, now), now);
        ASSERT_TRUE(got) << got.error().reason;
        start_anew();
        activation->go_on_with({daemon::revive(*got, now), got->kept, got->names}, [this] {
            ++asked;
            return may_swap;
        });
    }

    const std::string place = some_place();
    const std::string a = serve("a");
    const std::string b = serve("b");
    unsigned asked = 0;
    std::string may_swap;
};

}  // namespace

TEST_F(Handing, OfABackendIsAsExactAsAMillisecond) {
    daemon::Handover sent;
    daemon::Handover::Backend backend;
    backend.endpoint = {test::address("10.1.2.3"), 6379};
    backend.health.state = balance::State::kUnhealthy;
    backend.health.down = true;
    backend.health.failures = 2;
    backend.health.resets = 3;
    backend.health.downs = 4;
    backend.health.since = kNow - 90s;
    backend.health.why = "it \"hurts\"\n";
    backend.health.ejections = 2;
    backend.health.returns = kNow + 3s;
    backend.health.ramp_began = kNow - 1s;
    backend.health.ramp_length = 10s;
    backend.counters.connections_total = 1;
    backend.counters.connections_failed = 2;
    backend.counters.resets_total = 3;
    backend.counters.bytes_up = 4;
    backend.counters.bytes_down = std::uint64_t{1} << 60;
    sent.frontends.push_back({table::parse_bind("127.127.0.2:1").value(), {backend}});
    backend.endpoint = {core::Address::parse("::1").value(), 1};
    backend.health = {};
    sent.frontends.push_back({table::parse_bind("*:2").value(), {backend}});
    const daemon::Handover got = round_trip(sent);
    ASSERT_EQ(got.frontends.size(), 2u);
    EXPECT_EQ(got.frontends[0].bind, sent.frontends[0].bind);
    EXPECT_EQ(got.frontends[1].bind, sent.frontends[1].bind);
    const auto& one = got.frontends[0].backends.at(0);
    const auto& want = sent.frontends[0].backends.at(0);
    EXPECT_EQ(one.endpoint, want.endpoint);
    EXPECT_EQ(one.health.state, want.health.state);
    EXPECT_EQ(one.health.down, true);
    EXPECT_EQ(one.health.failures, 2u);
    EXPECT_EQ(one.health.resets, 3u);
    EXPECT_EQ(one.health.downs, 4u);
    EXPECT_EQ(one.health.since, kThere - 90s);
    EXPECT_EQ(one.health.why, want.health.why);
    EXPECT_EQ(one.health.ejections, 2);
    EXPECT_EQ(one.health.returns, kThere + 3s);
    EXPECT_EQ(one.health.ramp_began, kThere - 1s);
    EXPECT_EQ(one.health.ramp_length, 10s);
    EXPECT_EQ(one.counters.connections_total, 1u);
    EXPECT_EQ(one.counters.connections_failed, 2u);
    EXPECT_EQ(one.counters.resets_total, 3u);
    EXPECT_EQ(one.counters.bytes_up, 4u);
    EXPECT_EQ(one.counters.bytes_down, want.counters.bytes_down);
    const auto& fresh = got.frontends[1].backends.at(0);
    EXPECT_EQ(fresh.endpoint, backend.endpoint);
    EXPECT_EQ(fresh.health.since, core::Time{});
    EXPECT_EQ(fresh.health.returns, core::Time::max());
}

TEST_F(Handing, OfATableIsThatOfActiveJson) {
    daemon::Handover sent;
    EXPECT_FALSE(round_trip(sent).active);
    sent.active.emplace();
    sent.active->table = table_of(front(place, a + ":6379"));
    sent.active->generation = 7;
    sent.active->revision = "r";
    sent.active->command_line = {"one", "two words"};
    sent.active->judged = "abc";
    sent.containers = {"/one", "/two"};
    const daemon::Handover got = round_trip(sent);
    ASSERT_TRUE(got.active);
    EXPECT_EQ(got.active->table, sent.active->table);
    EXPECT_EQ(got.active->generation, 7u);
    EXPECT_EQ(got.containers, sent.containers);
    EXPECT_EQ(got.active->revision, "r");
    EXPECT_EQ(got.active->command_line, sent.active->command_line);
    EXPECT_EQ(got.active->judged, "abc");
    EXPECT_FALSE(got.active->without_digest);
}

// Whatever is left out, of another type, or out of range is refused in words, and ends nothing.
TEST_F(Handing, ThatIsDamagedIsRefused) {
    daemon::Handover sent;
    sent.sockets.push_back({daemon::handover::Socket::Kind::kFrontend, place});
    sent.frontends.push_back({table::parse_bind(place).value(), {{{test::address(a), 1}, {}, {}}}});
    names::KnownName name;
    name.name.host = "db";
    name.holds = {std::nullopt, 5s};
    name.places = {{{test::address(a), 1}, 1, false}};
    sent.names.push_back(name);
    const daemon::handover::Texts good = daemon::to_texts(sent, kNow);
    ASSERT_TRUE(daemon::from_texts(good, kNow));
    const auto refused = [&](const std::string& main) {
        daemon::handover::Texts texts = good;
        texts.main = main;
        const auto got = daemon::from_texts(texts, kNow);
        return !got && got.error().reason.starts_with("the handover: ");
    };
    for (std::size_t cut = 0; cut < good.main.size(); ++cut)
        EXPECT_TRUE(refused(good.main.substr(0, cut))) << cut;
    const auto flat = nlohmann::json::parse(good.main).flatten();
    for (const auto& [pointer, value] : flat.items()) {
        nlohmann::json wrong = nlohmann::json::parse(good.main);
        wrong[nlohmann::json::json_pointer(pointer)] = nlohmann::json::array({nullptr});
        EXPECT_TRUE(refused(wrong.dump())) << pointer << " is an array in place of " << value;
    }
    EXPECT_FALSE(daemon::from_texts({good.main, "{", "", good.status}, kNow));
    EXPECT_FALSE(daemon::from_texts({good.main, "", "{}}", good.status}, kNow));
    EXPECT_FALSE(daemon::from_texts({good.main, "", "", "[]"}, kNow));
}

// ---- in the rooms ----

TEST_F(Handing, KeepsWhatIsKnownOfANameThatNobodyAnswers) {
    resolver.lead("db", {test::address(a)});
    ASSERT_EQ(swap_to(front(place, "db:6379")), "");
    EXPECT_EQ(who(place), "a");
    resolver.fail("db");
    const unsigned before = resolver.asked("db");
    hand_over();
    EXPECT_EQ(swap_to(front(place, "db:6379")), "");
    EXPECT_EQ(resolver.asked("db"), before) << "it is known where it leads";
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(asked, 1u);
    // It is asked for again, and serves on without an answer.
    EXPECT_TRUE(turn_until([&] { return resolver.asked("db") > before; }));
    EXPECT_EQ(who(place), "a");
    resolver.lead("db", {test::address(b)});
    EXPECT_TRUE(turn_until([&] { return who(place) == "b"; }));
}

TEST_F(Handing, KeepsTheBackendsOfATableBefore) {
    ASSERT_EQ(swap_to(front(place, a + ":6379")), "");
    ASSERT_EQ(swap_to(front(place, "later:6379")), "");
    EXPECT_EQ(who(place), "a") << "as its new backends do not resolve";
    hand_over();
    EXPECT_EQ(swap_to(front(place, "later:6379")), "");
    EXPECT_EQ(who(place), "a");
    resolver.lead("later", {test::address(b)});
    EXPECT_TRUE(turn_until([&] { return who(place) == "b"; }));
}

TEST_F(Handing, GoesOnWithHealthAndCounters) {
    const std::string words =
        place + " check=off error-limit=1 " + a + ":6379 " + b + ":6379 weight=1";
    ASSERT_EQ(swap_to(words), "");
    EXPECT_NE(who(place), "reset");
    EXPECT_NE(who(place), "reset");
    stop_serving("b");
    const auto backend = [&](std::size_t i) {
        return activation->proxy().view().at(0).backends.at(i);
    };
    ASSERT_TRUE(turn_until([&] {
        who(place);
        return backend(1).state == proxy::BackendState::kEjected;
    }));
    const auto before = activation->proxy().view().at(0);
    hand_over();
    ASSERT_EQ(swap_to(words), "");
    const auto after = activation->proxy().view().at(0);
    EXPECT_EQ(after.connections_total, before.connections_total);
    EXPECT_EQ(after.bytes_down, before.bytes_down);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(after.backends[i].connections_total, before.backends[i].connections_total);
        EXPECT_EQ(after.backends[i].connections_failed, before.backends[i].connections_failed);
        EXPECT_EQ(after.backends[i].downs_total, before.backends[i].downs_total);
    }
    // It was ejected for a second, and returns then; until then it is not asked.
    EXPECT_TRUE(turn_until([&] { return backend(1).usable; }));
    listen_at(b, "b");
    EXPECT_TRUE(turn_until([&] { return who(place) == "b"; }));
}

TEST_F(Handing, ServesNotBeforeItMay) {
    ASSERT_EQ(swap_to(front(place, a + ":6379")), "");
    hand_over();
    may_swap = "not yet";
    EXPECT_EQ(swap_to(front(place, a + ":6379")), "not yet");
    EXPECT_FALSE(listens(place));
    EXPECT_EQ(generation(), 0u);
}
