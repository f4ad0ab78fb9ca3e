// Which table serves, and what a table that is refused leaves as it was. Everything is tried with
// small tables and with large ones, whose way leads beside the loop.
#include "amba/net/tcp.hpp"
#include "tests/unit/daemon/rooms.hpp"

using namespace amba;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class Activate : public test::Rooms, public testing::WithParamInterface<bool> {
  protected:
    // As large as the parameter says: with backends that take no connections, at a frontend that
    // nobody knocks at.
    table::Table sized(const std::string& words) {
        if (!GetParam()) return table_of(words);
        std::string large = words + " + " + front(unused, "");
        for (int i = 0; i < 600; ++i)
            large += " 127.0.0.9:" + std::to_string(10000 + i) + " weight=0";
        return table_of(large);
    }
    std::string activate(const std::string& words) { return swap_to(sized(words)); }
    table::Table with_admin(const std::string& words, const std::string& at) {
        table::Table out = sized(words);
        out.admin = table::parse_bind(at).value();
        return out;
    }

    const std::string unused = some_place();
    const std::string place = some_place();
    const std::string a = serve("a");
    const std::string b = serve("b");
    const std::string taken = serve("squatter");
    const std::string to_a = front(place, a + ":6379");
    const std::string to_b = front(place, b + ":6379");
};

INSTANTIATE_TEST_SUITE_P(OfTables, Activate, testing::Bool(),
                         [](const auto& size) { return size.param ? "Large" : "Small"; });

}  // namespace

TEST_P(Activate, AFirstTableServes) {
    EXPECT_EQ(activation->active(), nullptr);
    EXPECT_EQ(who(place), "refused");
    EXPECT_EQ(activate(to_a), "");
    ASSERT_NE(activation->active(), nullptr);
    EXPECT_EQ(activation->active()->generation, 1u);
    EXPECT_EQ(activation->active()->revision, "revision");
    EXPECT_EQ(activation->active()->table, sized(to_a));
    EXPECT_EQ(who(place), "a");
    EXPECT_THAT(activation->unresolved_names(), IsEmpty());
    EXPECT_THAT(activation->waiting(), IsEmpty());
}

TEST_P(Activate, EachTableTakesThePlaceOfTheOneBefore) {
    const std::string other = some_place();
    EXPECT_EQ(activate(to_a), "");
    EXPECT_EQ(activate(to_b + " + " + front(other, a + ":6379")), "");
    EXPECT_EQ(who(place), "b");
    EXPECT_EQ(who(other), "a");
    EXPECT_EQ(activate(front(other, b + ":6379")), "");
    EXPECT_EQ(who(place), "refused");
    EXPECT_EQ(who(other), "b");
    EXPECT_EQ(generation(), 3u);
}

TEST_P(Activate, GenerationsGoOnFromTheGreatestThatIsKnown) {
    activation->continue_after(41);
    activation->continue_after(5);
    EXPECT_EQ(activate(to_a), "");
    EXPECT_EQ(generation(), 42u);
    // That of active.json, at a start.
    EXPECT_EQ(swap_to(sized(to_b), 77), "");
    EXPECT_EQ(generation(), 77u);
    EXPECT_EQ(activate(to_a), "");
    EXPECT_EQ(generation(), 78u);
}

TEST_P(Activate, ARefusedTableChangesNothing) {
    const std::string other = some_place();
    EXPECT_EQ(activate(to_a), "");
    const auto before = activation->active();
    const std::string reason = activate(front(other, b + ":6379") + " + " + to_b + " + " +
                                        front(taken + ":6379", b + ":6379"));
    EXPECT_THAT(reason, HasSubstr("cannot bind " + taken + ":6379"));
    EXPECT_THAT(reason, HasSubstr("taken by another process"));
    EXPECT_EQ(activation->active(), before);
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(who(other), "refused") << "a part of it listens";
    EXPECT_EQ(activate(to_b), "");
    EXPECT_EQ(generation(), 2u) << "a table that is refused takes no number";
}

TEST_P(Activate, AFirstTableMayBeRefusedAndAnotherTaken) {
    EXPECT_NE(activate(front(taken + ":6379", a + ":6379")), "");
    EXPECT_EQ(activation->active(), nullptr);
    EXPECT_EQ(activate(to_a), "");
    EXPECT_EQ(generation(), 1u);
}

// What is wrong on this host alone: a table cannot know its addresses.
TEST_P(Activate, ATableThatWouldServeItselfIsRefused) {
    EXPECT_EQ(activate(to_a), "");
    const std::string port = std::to_string(test::free_port());
    for (const core::Address& here : net::local_addresses()) {
        if (here.is_v6() || here.is_loopback()) continue;
        EXPECT_THAT(activate(front("*:" + port, here.to_string() + ":" + port)),
                    HasSubstr("not amba"));
    }
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(generation(), 1u);
}

// ---- where HTTP is served ----

TEST_P(Activate, ATablesAdminAddressFollowsTheTable) {
    const std::string first = some_place();
    const std::string second = some_place();
    EXPECT_EQ(swap_to(with_admin(to_a, first)), "");
    EXPECT_TRUE(listens(first));
    EXPECT_EQ(swap_to(with_admin(to_a, second)), "");
    EXPECT_FALSE(listens(first));
    EXPECT_TRUE(listens(second));
    EXPECT_EQ(activate(to_a), "");
    EXPECT_FALSE(listens(second));
}

TEST_P(Activate, ATableWhoseAdminAddressIsTakenIsRefused) {
    const std::string admin = some_place();
    EXPECT_EQ(swap_to(with_admin(to_a, admin)), "");
    EXPECT_THAT(swap_to(with_admin(to_b, taken + ":6379")), HasSubstr("taken by another process"));
    EXPECT_EQ(who(place), "a");
    EXPECT_TRUE(listens(admin));
    EXPECT_EQ(generation(), 1u);
}

TEST_P(Activate, TheAmbassadorsOwnAdminAddressOutlivesEveryTable) {
    const std::string own = some_place();
    const core::Bind bind = table::parse_bind(own).value();
    ASSERT_TRUE(server.listen_tcp(bind));
    start_anew(bind);
    EXPECT_THAT(activate(front(own, a + ":6379")), HasSubstr("overlaps the admin address"));
    const std::string wide = "*:" + std::to_string(test::kPort);
    EXPECT_THAT(swap_to(with_admin(front("127.0.0.1:1", a + ":6379"), wide)),
                HasSubstr("expected the same or another port"));
    EXPECT_EQ(swap_to(with_admin(to_a, own)), "") << "it is served already, and once is enough";
    EXPECT_EQ(swap_to(sized(to_a)), "");
    EXPECT_TRUE(listens(own)) << "it went with the table";
}

// ---- the end ----

TEST_P(Activate, OnceStoppedNoTableIsTaken) {
    EXPECT_EQ(activate(to_a), "");
    activation->stop();
    EXPECT_EQ(activate(to_b), "the ambassador is stopping");
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(generation(), 1u);
}

TEST_P(Activate, StoppedWhileNamesAreAskedForItTakesNone) {
    EXPECT_EQ(activate(to_a), "");
    resolver.hold("db");
    begin(sized(front(place, "db:6379")));
    ASSERT_TRUE(turn_until([&] { return resolver.waits("db"); }));
    activation->stop();
    EXPECT_FALSE(said);
    resolver.lead("db", {test::address(b)});
    resolver.release("db");
    ASSERT_TRUE(turn_until([&] { return said.has_value(); }));
    EXPECT_EQ(*said, "the ambassador is stopping");
    EXPECT_EQ(who(place), "a");
}

using ActivateInRounds = test::Rooms;

// After each number of rounds, until the table is through before the stop: what serves is one table
// or the other, and one word is said.
TEST_F(ActivateInRounds, StoppedAtAnyIsOneTableOrTheOther) {
    const std::string place = some_place();
    const std::string to_a = front(place, serve("a") + ":6379");
    const std::string b = serve("b");
    const std::string host = some_address();
    std::string many = front(place, b + ":6379");
    for (int port = 20001; port <= 20200; ++port)
        many += " + " + front(host + ":" + std::to_string(port), b + ":6379");
    const table::Table large = table_of(many);
    bool through = false;
    for (int rounds = 0; !through; ++rounds) {
        ASSERT_LT(rounds, 100'000);
        start_anew();
        EXPECT_EQ(swap_to(to_a), "");
        begin(large);
        for (int i = 0; i < rounds && !said; ++i)
            turn_once();
        through = said.has_value();
        activation->stop();
        if (through) break;
        ASSERT_TRUE(turn_until([&] { return said.has_value(); }));
        EXPECT_EQ(who(place), said->empty() ? "b" : "a");
        EXPECT_EQ(generation(), said->empty() ? 2u : 1u);
        EXPECT_TRUE(said->empty() || *said == "the ambassador is stopping") << *said;
    }
    EXPECT_EQ(said, "");
    EXPECT_EQ(who(place), "b");
}
