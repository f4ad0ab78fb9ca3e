// Tables at random: every setting that decides who is served by whom, how long anybody waits, and
// what becomes of connections when something leaves.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "random_choice.hpp"

namespace chaos {

inline constexpr int kFrontends = 4;
inline constexpr int kServers = 6;
inline constexpr int kPort = 7000;

inline std::string front_host(int i) {
    return "127.127.0." + std::to_string(i + 2);
}
inline std::string server_host(int i) {
    return "127.10.0." + std::to_string(i + 1);
}
inline std::string at(const std::string& host) {
    return host + ":" + std::to_string(kPort);
}

inline nlohmann::json random_backends(RandomChoice& chance) {
    nlohmann::json out = nlohmann::json::array();
    for (int i = 0; i < kServers; ++i) {
        if (chance.percent(45)) continue;
        nlohmann::json backend{{"address", at(server_host(i))},
                               {"weight", chance.one_of({0, 1, 1, 1, 2, 5})},
                               {"backup", chance.percent(20)},
                               {"maxconn", chance.one_of({0, 0, 1, 2})}};
        if (chance.percent(15)) backend["slowstart"] = chance.one_of({"100ms", "1s"});
        if (chance.percent(20)) backend["check"] = chance.one_of({"off", "tcp", "redis"});
        out.push_back(backend);
    }
    // This address cannot be reached: the test's network has no way out.
    if (chance.percent(20)) out.push_back({{"address", "192.0.2.1:7000"}});
    return out;
}

inline nlohmann::json random_frontend(RandomChoice& chance, int i) {
    return {{"bind", at(front_host(i))},
            {"balance", chance.one_of({"roundrobin", "leastconn", "random", "source", "first"})},
            {"maxconn", chance.one_of({0, 0, 0, 2, 8})},
            {"empty", chance.one_of({"refuse", "hold"})},
            {"removed", chance.one_of({"keep", "close", "drain:30ms", "drain:400ms"})},
            {"retries", chance.one_of({0, 1, 2, 3, 3, 8})},
            {"hedge", chance.one_of({"auto", "off"})},
            {"observe", chance.one_of({"layer4", "off"})},
            {"error-limit", chance.one_of({1, 3})},
            {"max-ejected", chance.one_of({50, 100})},
            {"on-marked-down", chance.one_of({"keep", "close"})},
            {"check",
             {{"type", chance.one_of({"off", "tcp", "tcp"})},
              {"inter", chance.one_of({"50ms", "300ms"})},
              {"timeout", chance.one_of({"50ms", "2s"})},
              {"fall", chance.one_of({1, 2})},
              {"rise", 1}}},
            {"timeouts",
             {{"connect", chance.one_of({"50ms", "400ms", "2s"})},
              {"queue", chance.one_of({"50ms", "400ms", "2s"})},
              {"idle", chance.one_of({"0s", "0s", "200ms"})}}},
            {"backends", random_backends(chance)}};
}

inline nlohmann::json random_table(RandomChoice& chance) {
    nlohmann::json frontends = nlohmann::json::array();
    for (int i = 0; i < kFrontends; ++i) {
        if (chance.percent(75)) frontends.push_back(random_frontend(chance, i));
    }
    return {{"frontends", frontends}};
}

// The one before and after: quiet by itself.
inline nlohmann::json quiet_table() {
    return {{"frontends",
             {{{"bind", at(front_host(0))},
               {"check", {{"type", "off"}}},
               {"backends", {{{"address", at(server_host(0))}}}}}}}};
}

}  // namespace chaos
