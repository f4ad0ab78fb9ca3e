// What names do to a table: on its way, while it is put into place, and afterwards.
#include <algorithm>

#include "tests/unit/daemon/rooms.hpp"

using namespace amba;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

class ActivateNames : public test::Rooms {
  protected:
    void lead(const std::string& name, const std::string& host) {
        resolver.lead(name, {test::address(host)});
    }
    // One frontend with these backends.
    std::string activate(const std::string& backends) { return swap_to(front(place, backends)); }
    bool comes_to(const std::string& name, const std::string& at) {
        return turn_until([&] { return who(at) == name; });
    }
    // What waits, in words.
    std::vector<std::string> waiting() const {
        std::vector<std::string> out;
        for (const auto& one : activation->waiting()) {
            EXPECT_EQ(one.bind.to_string(), one.name);
            out.push_back(one.name + " " + volume::waiting_words(one.until));
        }
        return out;
    }
    std::string waits_for(const std::string& names) const {
        return place + " keeps its old backends until " + names + " resolves";
    }

    const std::string place = some_place();
    const std::string other = some_place();
    const std::string a = serve("a");
    const std::string b = serve("b");
    const std::string c = serve("c");
};

}  // namespace

TEST_F(ActivateNames, ThatAreAnsweredInTimeServeFromTheStart) {
    lead("db", a);
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(who(place), "a");
    EXPECT_THAT(activation->unresolved_names(), IsEmpty());
}

TEST_F(ActivateNames, ThatAreNotAnsweredInTimeHoldNoTableUp) {
    lead("db", a);
    resolver.hold("db");
    EXPECT_EQ(activate("db:6379 nobody:6379"), "");
    EXPECT_EQ(who(place), "reset");
    EXPECT_THAT(activation->unresolved_names(), ElementsAre("db:6379", "nobody:6379"));
    EXPECT_THAT(waiting(), IsEmpty()) << "it had no backends to keep";
    resolver.release("db");
    EXPECT_TRUE(comes_to("a", place));
    EXPECT_THAT(activation->unresolved_names(), ElementsAre("nobody:6379"));
}

TEST_F(ActivateNames, ThatMoveTakeTheirFrontendsWithThem) {
    lead("db", a);
    EXPECT_EQ(swap_to(front(place, "db:6379") + " + " + front(other, c + ":6379") + " + " +
                      front(some_place(), "db:6379")),
              "");
    lead("db", b);
    EXPECT_TRUE(comes_to("b", place));
    EXPECT_EQ(who(other), "c");
    EXPECT_EQ(generation(), 1u) << "the table stays what it is";
}

// ---- a frontend whose new backends have no address ----

TEST_F(ActivateNames, WithoutAnAddressLeaveAFrontendTheBackendsThatItHad) {
    EXPECT_EQ(activate(a + ":6379"), "");
    EXPECT_EQ(activate("db:6379 late:6379 " + b + ":6379 weight=0"), "");
    EXPECT_EQ(generation(), 2u);
    EXPECT_EQ(who(place), "a");
    EXPECT_THAT(waiting(), ElementsAre(waits_for("db:6379 or late:6379")));
    EXPECT_THAT(activation->unresolved_names(), ElementsAre("db:6379", "late:6379"));
    lead("db", b);
    EXPECT_TRUE(comes_to("b", place));
    EXPECT_THAT(waiting(), IsEmpty());
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(who(place), "b") << "the old one serves beside the new one";
}

TEST_F(ActivateNames, OfWhichOneHasAnAddressTakeOver) {
    EXPECT_EQ(activate(a + ":6379"), "");
    EXPECT_EQ(activate("nobody:6379 " + b + ":6379"), "");
    EXPECT_EQ(who(place), "b");
    EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(ActivateNames, WithoutAnAddressFollowTheOldNameMeanwhile) {
    lead("old", a);
    EXPECT_EQ(activate("old:6379"), "");
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(activate("late:6379"), "");
    EXPECT_THAT(waiting(), ElementsAre(waits_for("late:6379")));
    EXPECT_EQ(who(place), "a");
    lead("old", b);
    EXPECT_TRUE(comes_to("b", place)) << "the name of the backends that are kept has moved";
    EXPECT_THAT(waiting(), ElementsAre(waits_for("late:6379")));
    lead("late", c);
    EXPECT_TRUE(comes_to("c", place));
    // The old name is nobody's any more.
    const unsigned asked = resolver.asked("late");
    turn();
    const unsigned old = resolver.asked("old");
    EXPECT_TRUE(turn_until([&] { return resolver.asked("late") >= asked + 2; }));
    EXPECT_EQ(resolver.asked("old"), old);
}

TEST_F(ActivateNames, WithoutAnAddressMayBeTakenBack) {
    EXPECT_EQ(activate(a + ":6379"), "");
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(activate(a + ":6379"), "");
    EXPECT_THAT(waiting(), IsEmpty());
    lead("db", b);
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(who(place), "b");
}

TEST_F(ActivateNames, WithoutAnAddressWaitAtEachFrontendByItself) {
    lead("one", b);
    resolver.hold("one");
    const std::string both = front(place, a + ":6379") + " + " + front(other, a + ":6379");
    EXPECT_EQ(swap_to(both), "");
    EXPECT_EQ(swap_to(front(place, "one:6379") + " + " + front(other, "two:6379")), "");
    EXPECT_EQ(waiting().size(), 2u);
    resolver.release("one");
    EXPECT_TRUE(comes_to("b", place));
    EXPECT_EQ(who(other), "a");
    EXPECT_EQ(waiting().size(), 1u);
}

// What was kept is not what the next table keeps: those of the table between never served.
TEST_F(ActivateNames, WithoutAnAddressSurviveATableThatIsRefused) {
    const std::string taken = serve("squatter");
    lead("old", a);
    EXPECT_EQ(activate("old:6379"), "");
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_NE(swap_to(front(place, c + ":6379") + " + " + front(taken + ":6379", c + ":6379")), "");
    EXPECT_THAT(waiting(), ElementsAre(waits_for("db:6379")));
    lead("old", b);
    EXPECT_TRUE(comes_to("b", place));
    lead("db", c);
    EXPECT_TRUE(comes_to("c", place));
}

TEST_F(ActivateNames, ThatAreDeniedLeaveAFrontendItsReason) {
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(who(place), "reset");
    EXPECT_EQ(activation->proxy().without_backend(), place);
    lead("db", a);
    EXPECT_TRUE(comes_to("a", place));
    EXPECT_EQ(activation->proxy().without_backend(), std::nullopt);
}

// ---- amba's own addresses ----

TEST_F(ActivateNames, NeverLeadToAmbaItself) {
    resolver.lead("db", {test::address(a), test::address(place.substr(0, place.find(':')))});
    EXPECT_EQ(activate("db:6379"), "");
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(who(place), "a");
    EXPECT_EQ(activation->proxy().view().at(0).backends.size(), 1u);
}

// The table that is refused would have listened where a name leads.
TEST_F(ActivateNames, LoseNothingToATableThatIsRefused) {
    const std::string slow = place + " check=off observe=off resolve=10m hold=10m db:6379";
    resolver.live(0s);
    resolver.lead("db", {test::address(a), test::address(b)});
    EXPECT_EQ(swap_to(slow), "");
    EXPECT_NE(swap_to(slow + " + " + front(a + ":6379", c + ":6379")), "");
    EXPECT_TRUE(comes_to("a", place));
    EXPECT_TRUE(comes_to("b", place));
}

// ---- while a table is put into place ----

// Of a large table, whose pools are made beside the loop: the answers that come in the meantime are
// not in it yet.
class ActivateMeanwhile : public ActivateNames {
  protected:
    static std::string many_backends() {
        std::string out;
        for (int i = 0; i < 600; ++i)
            out += " 127.0.0.9:" + std::to_string(10000 + i) + " weight=0";
        return out;
    }
    // Until a second question for that name, which waits.
    void wait_for_question(const std::string& name) {
        resolver.hold(name);
        ASSERT_TRUE(turn_until([&] { return resolver.waits(name); }));
    }
    // The swap to that table, which has the name `slow`; while it is put into place `name` leads
    // to that host.
    std::string swap_while_it_moves(const std::string& table, const std::string& name,
                                    const std::string& host) {
        lead("slow", c);
        wait_for_question(name);
        wait_for_question_of(table);
        lead(name, host);
        // Told one after the other: the first begins to put the table together.
        resolver.release("slow");
        resolver.release(name);
        loop.poll_one();
        loop.poll_one();
        EXPECT_FALSE(said) << "the table is there already";
        EXPECT_FALSE(resolver.waits(name));
        EXPECT_TRUE(turn_until([&] { return said.has_value(); }));
        return said.value_or("nothing is said");
    }
    const std::string large = front(other, "slow:6379" + many_backends());

  private:
    void wait_for_question_of(const std::string& table) {
        resolver.hold("slow");
        begin(table_of(table));
        ASSERT_TRUE(turn_until([&] { return resolver.waits("slow"); }));
    }
};

TEST_F(ActivateMeanwhile, ANameThatMovesIsFollowedOnceTheTableServes) {
    lead("db", a);
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(swap_while_it_moves(front(place, "db:6379") + " + " + large, "db", b), "");
    EXPECT_EQ(who(place), "b");
    EXPECT_EQ(who(other), "c");
}

TEST_F(ActivateMeanwhile, ANameThatMovesIsFollowedOnceTheTableIsRefused) {
    const std::string taken = serve("squatter");
    lead("db", a);
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_NE(swap_while_it_moves(front(place, "db:6379") + " + " +
                                      front(taken + ":6379", a + ":6379") + " + " + large,
                                  "db", b),
              "");
    EXPECT_EQ(who(place), "b");
    EXPECT_EQ(generation(), 1u);
}

TEST_F(ActivateMeanwhile, AFrontendThatWaitsTakesWhatItWaitsFor) {
    EXPECT_EQ(activate(a + ":6379"), "");
    EXPECT_EQ(activate("db:6379"), "");
    EXPECT_EQ(waiting().size(), 1u);
    EXPECT_EQ(swap_while_it_moves(front(place, "db:6379") + " + " + large, "db", b), "");
    EXPECT_EQ(who(place), "b");
    EXPECT_THAT(waiting(), IsEmpty());
    EXPECT_EQ(generation(), 3u);
}
