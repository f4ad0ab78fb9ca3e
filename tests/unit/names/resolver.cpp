#include "amba/names/resolver.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <thread>

using namespace amba;
using namespace amba::names;
using namespace std::chrono_literals;

namespace {

class ResolverTest : public testing::Test {
  protected:
    void ask(const std::string& name, bool service = false) {
        answer.reset();
        NameQuestion question;
        question.name = name;
        question.port = 6379;
        question.service = service;
        resolver->resolve(std::move(question), [this](NameAnswer a) { answer = std::move(a); });
        EXPECT_FALSE(answer) << "called from within";
    }
    void run() {
        loop.restart();
        loop.run();
    }

    boost::asio::io_context loop{1};
    boost::asio::steady_timer timer{loop};  // the first one takes the loop's descriptors
    std::optional<Resolver> resolver{std::in_place, loop};
    std::optional<NameAnswer> answer;
};

// Of the real /etc/hosts, which every host has.
TEST_F(ResolverTest, HostsFile) {
    ask("localhost");
    run();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error, "");
    ASSERT_EQ(answer->places.size(), 1u);
    EXPECT_EQ(answer->places[0].endpoint.to_string(), "127.0.0.1:6379");
    EXPECT_EQ(answer->ttl, 0s);
}

TEST_F(ResolverTest, MoreThanAreAskedAtOnce) {
    int answers = 0;
    for (int i = 0; i < 1000; ++i) {
        resolver->resolve({"localhost", 1, false, false, "", nullptr}, [&](const NameAnswer& a) {
            if (a.places.size() == 1) ++answers;
        });
    }
    run();
    EXPECT_EQ(answers, 1000);
}

TEST_F(ResolverTest, NobodyIsCalledOnceItIsGone) {
    ask("localhost");
    ask("no-such-name.invalid");
    ask("no-such-name.invalid", true);
    resolver.reset();
    run();
    EXPECT_FALSE(answer);
}

#ifndef AMBA_SANITIZED  // UBSan itself needs descriptors to look at an object's type
TEST_F(ResolverTest, WithoutDescriptorsItAnswersWithAnError) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_NO_THROW(ask("localhost"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    run();
    ASSERT_TRUE(answer);
    EXPECT_NE(answer->error, "");
    std::this_thread::sleep_for(1100ms);  // it tries once a second
    ask("localhost");
    run();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error, "");
}
#endif

}  // namespace
