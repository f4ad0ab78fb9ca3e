// Status as a document: what the daemon writes is what a reader gets.
#include "amba/admin/status.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "amba/table/words.hpp"
#include "tests/unit/admin/documents.hpp"

using namespace amba;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

proxy::BackendView backend() {
    proxy::BackendView out;
    out.address = "10.0.0.5:6379";
    out.origin = "redis:6379";
    out.weight = 3;
    out.backup = true;
    out.state = proxy::BackendState::kEjected;
    out.usable = false;
    out.why = "Connection refused";
    out.maxconn = 8;
    out.weight_percent = 50;
    out.connections_current = 1;
    out.connections_total = 2;
    out.connections_failed = 3;
    out.connections_rate = 4;
    out.resets_total = 5;
    out.downs_total = 6;
    out.bytes_up = 7;
    out.bytes_down = 8;
    return out;
}

proxy::FrontendView frontend() {
    proxy::FrontendView out;
    out.name = "redis";
    out.bind = "127.127.0.2:6379";
    out.listening = true;
    out.at_maxconn = true;
    out.connections_current = 11;
    out.connections_total = 12;
    out.connections_failed = 13;
    out.connections_rate = 14;
    out.retries_total = 15;
    out.hedges_total = 16;
    out.bytes_up = 17;
    out.bytes_down = 18;
    out.ended = {{"--", 5}, {"SC", 2}};
    out.connect = {{0.001, 2.5}, {4, 2, 1}, 7.25};
    out.session = {{1}, {1, 0}, 0.5};
    out.balance = "leastconn";
    out.maxconn = 100;
    out.queue_current = 19;
    out.queue_total = 20;
    out.queue_timeouts = 21;
    out.why = "keeps its old backends until redis:6379 resolves";
    out.backends = {backend()};
    return out;
}

admin::Status status() {
    admin::Status out;
    out.now = core::Time(1000s);
    out.now_us = 1'764'000'000'000'000;
    out.started_us = out.now_us - 60'000'000;
    out.version = "1.2.3";
    out.daemon = "d1";
    out.generation = 7;
    out.revision = "r7";
    out.applied_us = out.now_us - 5'000'000;
    out.tables_applied = 7;
    out.tables_rejected = 1;
    out.rejected = {"2026-11-25T14:00:00.000Z", "r8", "no"};
    out.stopping = true;
    out.orphaned_us = out.now_us - 3'000'000;
    out.log_lines_dropped = 9;
    out.unresolved = {"trr:6379"};
    out.frontends = {frontend()};
    return out;
}

}  // namespace

// Each key is read into what it was written from, or the second document would lack it.
TEST(StatusDocument, ComesBackAsItWas) {
    admin::Status written = status();
    written.frontends[0].backends[0].since = written.now - 30s;
    const std::string text = to_json(written);
    const auto read = admin::status_from_json(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json(*read), text);
}

TEST(StatusDocument, HasASenseOfEachState) {
    for (const char* word : {"unknown", "healthy", "unhealthy", "ejected", "leaving"}) {
        admin::Status one = status();
        one.frontends[0].backends[0].state = proxy::backend_state(word);
        const auto read = admin::status_from_json(to_json(one));
        EXPECT_STREQ(proxy::word(read->frontends[0].backends[0].state), word);
    }
    for (const char* word : {"listening", "paused", "at maxconn", "leaving", "closed"}) {
        json document = json::parse(to_json(status()));
        document["frontends"][0]["state"] = word;
        document["frontends"][0]["listening"] = std::string(word) != "closed";
        const auto read = admin::status_from_json(document.dump());
        EXPECT_EQ(json::parse(to_json(*read))["frontends"][0]["state"], word);
    }
}

TEST(StatusDocument, TellsTheSettingsOfTheTable) {
    admin::Status one = status();
    one.table = std::make_shared<const table::Table>(
        table::parse_words(table::split_words({"127.127.0.2:6379 retries=7 redis:6379 weight=3"}))
            .value());
    const json document = json::parse(to_json(one));
    const json& front = document["frontends"][0];
    EXPECT_EQ(front["settings"]["retries"], 7);
    EXPECT_EQ(front["backends"][0]["settings"]["weight"], 3);
    one.frontends[0].bind = "127.127.0.9:1";
    EXPECT_FALSE(json::parse(to_json(one))["frontends"][0].contains("settings"));
}

// The steady clock has no room for some dates that RFC 3339 has.
TEST(StatusDocument, MayBeOfAnyDate) {
    for (const char* date :
         {"0001-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "9999-12-31T23:59:59Z"}) {
        for (const char* other : {"0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
            json document = json::parse(to_json(status()));
            document["now"] = date;
            document["frontends"][0]["backends"][0]["since"] = other;
            const auto read = admin::status_from_json(document.dump());
            ASSERT_TRUE(read);
            EXPECT_TRUE(admin::status_from_json(to_json(*read)));
        }
    }
}

// Whatever is in it, it is a document or an error.
TEST(StatusDocument, OfAnotherShapeHasDefaults) {
    const json whole = json::parse(to_json(status()));
    const std::vector<json> others{nullptr, -1, 1.5, "x", json::array({1}), json::object()};
    const auto each_key = [&](const auto& at) {
        for (const auto& [key, value] : at(whole).items()) {
            for (const json& other : others) {
                json changed = whole;
                at(changed)[key] = other;
                const auto read = admin::status_from_json(changed.dump());
                if (!read) continue;
                EXPECT_TRUE(admin::status_from_json(to_json(*read))) << key;
            }
        }
    };
    each_key([](auto& document) -> auto& { return document; });
    each_key([](auto& document) -> auto& { return document["frontends"][0]; });
    each_key([](auto& document) -> auto& { return document["frontends"][0]["connect"]; });
    each_key([](auto& document) -> auto& { return document["frontends"][0]["backends"][0]; });
}
