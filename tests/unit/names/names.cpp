// When names are asked for, who is told, and what is forgotten.
#include "amba/names/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <functional>
#include <optional>

#include "tests/unit/names/scripted_resolver.hpp"

using namespace amba;
using namespace amba::names;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

core::Address ip(int last) {
    return core::Address::v4({10, 0, 0, static_cast<std::uint8_t>(last)});
}

// Names on a loop, asked by a script. What a test waits for comes within a second or two: that is
// the least time between two questions for one name.
class NamesTest : public testing::Test {
  protected:
    static BackendName name(const std::string& host, Hold hold = kDefaultHold) {
        BackendName out;
        out.host = host;
        out.port = 6379;
        out.resolve = 1s;
        out.hold = hold;
        return out;
    }
    static bool nobody(const core::Endpoint&) { return false; }

    // Until `ready`: at once, or it has taken that long.
    core::Duration prepare(const std::vector<BackendName>& wanted, Names::Own own = nobody,
                           core::Duration at_most = kPatience) {
        bool ready = false;
        const core::Time start = core::Clock::now();
        names->prepare(wanted, std::move(own), at_most, [&] { ready = true; });
        EXPECT_TRUE(turn_until([&] { return ready; }));
        return std::chrono::duration_cast<core::Duration>(core::Clock::now() - start);
    }
    // The last byte of each address, negative where it takes no new connections.
    std::vector<int> seen(const BackendName& of) const {
        std::vector<int> out;
        for (const ResolvedPlace& place : names->addresses(of)) {
            const int last = place.endpoint.address.bytes()[3];
            out.push_back(place.leaving ? -last : last);
        }
        return out;
    }
    bool sees(const BackendName& of, const std::vector<int>& lasts) {
        return turn_until([&] { return seen(of) == lasts; });
    }
    bool turn_until(const std::function<bool()>& condition) {
        const auto limit = core::Clock::now() + kPatience;
        while (!condition()) {
            if (core::Clock::now() > limit) return false;
            loop.run_one_for(10ms);
        }
        return true;
    }

    static constexpr core::Duration kPatience = 60s;
    // One that is not asked for again while a test waits, unless something happens.
    const BackendName slow = [] {
        BackendName out = name("a", kPatience * 10);
        out.resolve = kPatience * 10;
        return out;
    }();

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Deadlines deadlines{loop};
    test::ScriptedResolver resolver{loop};
    std::vector<std::string> changed;
    std::optional<Names> names{std::in_place, resolver, deadlines, [this](const std::string& key) {
                                   changed.push_back(key);
                               }};
};

}  // namespace

TEST_F(NamesTest, AreReadyWhenEachIsAnsweredHoweverItIs) {
    resolver.lead("a", {ip(2), ip(1)});
    resolver.fail("c");
    EXPECT_LT(prepare({name("a"), name("b"), name("c")}), kPatience);
    EXPECT_THAT(seen(name("a")), ElementsAre(1, 2));
    EXPECT_THAT(seen(name("b")), IsEmpty());
    EXPECT_EQ(names->why(name("a")), "");
    EXPECT_EQ(names->why(name("b")), "no such name");
    EXPECT_EQ(names->why(name("c")), "no answer");
    EXPECT_THAT(changed, ElementsAre("a:6379")) << "who leads nowhere has not changed";
}

TEST_F(NamesTest, WithoutOneAreReadyAtOnce) {
    bool ready = false;
    names->prepare({}, nobody, kPatience, [&] { ready = true; });
    EXPECT_TRUE(ready);
}

TEST_F(NamesTest, AreReadyWithoutAnswersWhenTheTimeIsUp) {
    resolver.lead("a", {ip(1)});
    resolver.hold("a");
    EXPECT_GE(prepare({name("a")}, nobody, 50ms), 50ms);
    EXPECT_THAT(seen(name("a")), IsEmpty());
    resolver.release("a");
    EXPECT_TRUE(sees(name("a"), {1}));
    EXPECT_THAT(changed, ElementsAre("a:6379"));
}

TEST_F(NamesTest, InUseAreNotAskedForAgain) {
    resolver.lead("a", {ip(1)});
    prepare({name("a")});
    names->keep_only({name("a")}, nobody);
    resolver.hold("a");
    prepare({name("a")});
    EXPECT_EQ(resolver.asked("a"), 1u);
}

TEST_F(NamesTest, AreAskedForAgainAndTheirChangesTold) {
    resolver.lead("a", {ip(1)});
    prepare({name("a")});
    EXPECT_TRUE(turn_until([&] { return resolver.asked("a") == 2; }));
    resolver.lead("a", {ip(2)});
    EXPECT_TRUE(sees(name("a"), {-1, 2}));
    EXPECT_THAT(changed, ElementsAre("a:6379", "a:6379"));
}

TEST_F(NamesTest, KeepTheirPlacesWhileNobodyAnswers) {
    resolver.lead("a", {ip(1)});
    prepare({name("a", 0s)});
    resolver.fail("a");
    EXPECT_TRUE(turn_until([&] { return resolver.asked("a") == 3; }));
    EXPECT_THAT(seen(name("a", 0s)), ElementsAre(1));
}

TEST_F(NamesTest, HaveTheirPlacesForAsLongAsEachWhoWantsThemHolds) {
    const std::vector<BackendName> both{name("a", 0s), name("a", std::nullopt)};
    resolver.lead("a", {ip(1)});
    prepare(both);
    resolver.lead("a", {});
    EXPECT_TRUE(sees(both[0], {}));
    EXPECT_THAT(seen(both[1]), ElementsAre(1));
    EXPECT_EQ(names->all_addresses().size(), 2u);
}

TEST_F(NamesTest, ThatAreNotKeptAreForgotten) {
    resolver.lead("a", {ip(1)});
    resolver.lead("b", {ip(2)});
    prepare({name("a"), name("b")});
    names->keep_only({name("b")}, nobody);
    EXPECT_THAT(seen(name("a")), IsEmpty());
    EXPECT_TRUE(turn_until([&] { return resolver.asked("b") == 2; }));
    EXPECT_EQ(resolver.asked("a"), 1u);
    // An answer that was under way finds nobody.
    resolver.hold("c");
    prepare({name("c")}, nobody, 1ms);
    names->keep_only({name("b")}, nobody);
    resolver.lead("c", {ip(3)});
    resolver.release("c");
    EXPECT_TRUE(turn_until([&] { return resolver.asked("b") == 3; }));
    EXPECT_THAT(seen(name("c")), IsEmpty());
}

TEST_F(NamesTest, AreNeverAmbaItself) {
    resolver.lead("a", {ip(1), ip(2)});
    const auto first = [](const core::Endpoint& at) {
        return at.address == ip(1);
    };
    prepare({name("a")}, first);
    EXPECT_THAT(seen(name("a")), ElementsAre(2));
    // One in use is asked for again when a place of it becomes amba's own.
    const auto second = [](const core::Endpoint& at) {
        return at.address == ip(2);
    };
    prepare({name("a")}, second);
    EXPECT_EQ(resolver.asked("a"), 2u);
    EXPECT_THAT(seen(name("a")), ElementsAre(1, -2));
}

// A table that would listen at a place of a name, and is refused.
TEST_F(NamesTest, HaveThePlacesAgainThatAreAmbasOwnNoMore) {
    const auto first = [](const core::Endpoint& at) {
        return at.address == ip(1);
    };
    resolver.live(0s);
    resolver.lead("a", {ip(1), ip(2)});
    prepare({slow});
    names->keep_only({slow}, nobody);
    prepare({slow}, first);
    EXPECT_THAT(seen(slow), ElementsAre(-1, 2));
    names->keep_only({slow}, nobody);
    EXPECT_TRUE(sees(slow, {1, 2}));
    // The next table does not listen there any more.
    prepare({slow}, first);
    names->keep_only({slow}, first);
    prepare({slow}, nobody);
    EXPECT_THAT(seen(slow), ElementsAre(1, 2));
    // A question was under way.
    resolver.hold("b");
    BackendName other = slow;
    other.host = "b";
    resolver.lead("b", {ip(1)});
    prepare({other}, first, 1ms);
    names->keep_only({other}, nobody);
    resolver.release("b");
    EXPECT_TRUE(sees(other, {1}));
}

TEST_F(NamesTest, AreAskedForSoonWhenAPlaceIsDead) {
    resolver.live(0s);
    resolver.lead("a", {ip(1)});
    prepare({slow});
    resolver.lead("a", {ip(2)});
    names->hurry("a:6379", {ip(1), 6379});
    EXPECT_TRUE(sees(slow, {-1, 2}));
    names->hurry("nobody:6379", {ip(1), 6379});
}

TEST_F(NamesTest, AreAskedForAtMostOnceASecondForADeadPlace) {
    resolver.lead("a", {ip(1)});
    const core::Time start = core::Clock::now();
    prepare({name("a")});
    for (unsigned asked = 1; asked < 3; asked = resolver.asked("a")) {
        names->hurry("a:6379", {ip(1), 6379});
        loop.run_one_for(1ms);
    }
    EXPECT_GE(core::Clock::now() - start, 2s);
}

TEST_F(NamesTest, MayEndWithQuestionsUnderWay) {
    resolver.lead("a", {ip(1)});
    bool ready = false;
    names->prepare({name("a")}, nobody, kPatience, [&] { ready = true; });
    names.reset();
    EXPECT_TRUE(turn_until([&] { return resolver.asked("a") == 1; }));
    loop.poll();
    EXPECT_FALSE(ready);
    EXPECT_THAT(changed, IsEmpty());
}
