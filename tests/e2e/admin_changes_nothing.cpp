// HTTP over TCP is for looking: nothing that arrives there changes anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::AnyOf;
using testing::HasSubstr;

namespace {

class Admin : public testing::Test {
  protected:
    Peer peer{script::greet_then_echo("ok")};
    const Place place = own_place();
    const Place admin{own_address(), 9901};
    Daemon daemon;
};

// The document without what changes by itself from one moment to the next.
std::string without_now(const std::string& body) {
    auto json = nlohmann::json::parse(body, nullptr, false);
    if (json.is_object()) json.erase("now");
    return json.is_discarded() ? body : json.dump();
}

}  // namespace

TEST_F(Admin, OverTcpShowsWhatTheSocketShows) {
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    for (const char* page : {"/", "/status", "/events", "/config", "/healthz", "/readyz"}) {
        const HttpReply reply = http_tcp(admin, "GET", page);
        EXPECT_EQ(reply.status, 200) << page;
        EXPECT_EQ(without_now(reply.body), without_now(daemon.get(page).body)) << page;
    }
    EXPECT_EQ(http_tcp(admin, "GET", "/nothing").status, 404);
}

// RFC 3986: a query is decoded, and a target that is no path with a query is refused with a reason.
TEST_F(Admin, ReadsQueriesAsTheyAreWritten) {
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    const auto events = [&](const std::string& query) {
        return nlohmann::json::parse(http_tcp(admin, "GET", "/events" + query).body)["events"];
    };
    EXPECT_GT(events("").size(), 1u);
    EXPECT_EQ(events("?limit=1").size(), 1u);
    EXPECT_EQ(events("?x=2&limit=%31&limit=2").size(), 1u);
    EXPECT_EQ(http_tcp(admin, "GET", "/events?limit=x%26").status, 400);
    EXPECT_EQ(http_tcp(admin, "GET", "/%73tatus").status, 200);
    for (const char* target : {"/status%zz", "status", "http://127.0.0.1/status"}) {
        const HttpReply reply = http_tcp(admin, "GET", target);
        EXPECT_EQ(reply.status, 400) << target;
        EXPECT_THAT(reply.body, HasSubstr("expected a path")) << target;
    }
}

TEST_F(Admin, OverTcpRefusesEveryChange) {
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    write_in_place(daemon.file("ignored"), "");
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
        for (const char* page : {"/reload", "/reload?revision=1", "/config", "/status", "/"}) {
            EXPECT_THAT(http_tcp(admin, method, page, R"({"frontends": []})").status,
                        AnyOf(404, 405))
                << method << " " << page;
        }
    }
    EXPECT_EQ(http_tcp(admin, "GET", "/reload").status, 404);
    EXPECT_EQ(daemon.generation(), 1u);
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
}

TEST_F(Admin, OfTheEnvironmentSurvivesEveryTable) {
    daemon.options().environment["ADMIN"] = admin.to_string();
    daemon.run({place.to_string(), peer.address()});
    daemon.reconfigure({own_place().to_string(), peer.address()});
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
}

TEST_F(Admin, OfTheTableComesAndGoesWithIt) {
    daemon.run();
    const std::string with = R"({"frontends": [], "admin": ")" + admin.to_string() + "\"}";
    ASSERT_EQ(daemon.amba({"reconfigure", "--wait", "--file", "-"}, with).code, 0);
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
    daemon.reconfigure({place.to_string(), peer.address()});
    EXPECT_TRUE(is_refused(admin));
}

TEST_F(Admin, OfTheTableMayBeThatOfTheEnvironment) {
    daemon.options().environment["ADMIN"] = admin.to_string();
    daemon.run();
    const auto with = [](const std::string& address) {
        return R"({"frontends": [], "admin": ")" + address + "\"}";
    };
    const CommandResult same =
        daemon.amba({"reconfigure", "--wait", "--file", "-"}, with(admin.to_string()));
    EXPECT_EQ(same.code, 0) << same.err;
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
    const CommandResult wide = daemon.amba({"reconfigure", "--wait", "--file", "-"},
                                           with("*:" + std::to_string(admin.port)));
    EXPECT_EQ(wide.code, 1);
    EXPECT_THAT(wide.err, HasSubstr("of --admin or ADMIN; expected the same or another port"));
    const CommandResult gone =
        daemon.amba({"reconfigure", "--wait", place.to_string(), peer.address()});
    EXPECT_EQ(gone.code, 0) << gone.err;
    EXPECT_THAT(gone.out, HasSubstr("admin " + admin.to_string() + " removed"));
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200) << "ADMIN goes on";
}

TEST_F(Admin, AddressThatIsTakenIsAFailedStart) {
    Peer squatter(script::hold, admin);
    daemon.flags({"--admin", admin.to_string()});
    daemon.launch({place.to_string(), peer.address()});
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_THAT(daemon.log(), HasSubstr(admin.to_string()));
}

TEST_F(Admin, AddressIsNoFrontend) {
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait", admin.to_string(), peer.address()});
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("admin"));
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
}

TEST_F(Admin, SurvivesNonsense) {
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    Socket slow = Socket::connect(admin);
    slow.send("GET /sta");
    for (const std::string& nonsense :
         {std::string("\x16\x03\x01\x02", 4), std::string("GET\r\n\r\n"), std::string(20'000, 'x'),
          "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'y') + "\r\n\r\n"}) {
        Socket client = Socket::connect(admin);
        client.send(nonsense);
        std::string got;
        EXPECT_NE(client.read_to_end(got), End::kNone);
    }
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
}
