#include "amba/docker/container.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/core/rfc3339.hpp"
#include "docker/container_json.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace amba::docker;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

namespace {

// The least that is a container.
constexpr const char* kLeast =
    R"({"Id": "0123456789abcdef", "Name": "/one", "State": {"Status": "created"}})";

core::Result<Container> parsed(const std::string& json) {
    return understand(json, container_of);
}

std::string reason(const std::string& json) {
    const auto container = parsed(json);
    return container ? "" : container.error().reason;
}

// kLeast with other members, which may replace its own; null takes a member away (RFC 7386).
nlohmann::json with(const char* json) {
    nlohmann::json out = nlohmann::json::parse(kLeast);
    out.merge_patch(nlohmann::json::parse(json));
    return out;
}

Container container(const char* json) {
    auto out = parsed(with(json).dump());
    EXPECT_TRUE(out) << out.error().reason;
    return out ? *out : Container{};
}

std::vector<std::string> published(const Container& container) {
    std::vector<std::string> out;
    for (const Published& one : container.published) {
        out.push_back(std::to_string(one.port) + " " + one.host_address + " " +
                      std::to_string(one.host_port));
    }
    return out;
}

}  // namespace

// What a Docker Engine 20.10 said of a container on two networks, one of them with IPv6.
TEST(Container, AsAnEngineTellsIt) {
    const auto read = parsed(test::read_file(AMBA_SOURCE_DIR "/tests/unit/docker/inspect.json"));
    ASSERT_TRUE(read) << read.error().reason;
    const Container& web = *read;
    EXPECT_EQ(web.id, "3d64037ad203a94f50a1d11c7308d9fbaa0bd7c0a1897c8c6990171e917e7b65");
    EXPECT_EQ(short_id(web.id), "3d64037ad203");
    EXPECT_EQ(web.name, "shop_web");
    EXPECT_EQ(web.image, "redis:7");
    EXPECT_THAT(web.labels,
                ElementsAre(Pair("com.docker.compose.service", "web"), Pair("odd", "a \"b\"")));
    EXPECT_TRUE(web.running());
    EXPECT_EQ(web.health, Health::kHealthy);
    EXPECT_EQ(core::rfc3339(web.started_us), "2026-11-22T11:29:17.796Z");
    EXPECT_EQ(web.started_us % 1'000'000, 796'631);
    EXPECT_EQ(web.network_mode, "shop_plain");
    EXPECT_EQ(web.restart_policy, "unless-stopped");
    EXPECT_THAT(web.exposed, ElementsAre(80, 81, 8080));
    EXPECT_THAT(published(web),
                ElementsAre("80 0.0.0.0 32769", "80 :: 32769", "81 127.0.0.1 32772"));
    EXPECT_THAT(web.extra_hosts, ElementsAre(Pair("redis", "127.127.0.2"), Pair("six", "fd00::9")));
    ASSERT_EQ(web.attachments.size(), 2u);
    const Attachment& plain = web.attachments[0];
    EXPECT_EQ(plain.name, "shop_plain");
    EXPECT_EQ(short_id(plain.network_id), "65b26816bb73");
    EXPECT_EQ(plain.address, "172.31.78.2");
    EXPECT_EQ(plain.gateway, "172.31.78.1");
    EXPECT_EQ(plain.address6 + plain.gateway6, "");
    const Attachment& six = web.attachments[1];
    EXPECT_EQ(six.name, "shop_six");
    EXPECT_EQ(six.address, "172.31.77.2");
    EXPECT_EQ(six.gateway, "172.31.77.1");
    EXPECT_EQ(six.address6, "fd00:3a3b::2");
    EXPECT_EQ(six.gateway6, "fd00:3a3b::1");
}

TEST(Container, NullEverywhere) {
    for (const char* json : {kLeast, R"({
        "Id": "0123456789abcdef", "Name": "/one", "Created": null, "Path": null, "Args": null,
        "State": {"Status": "created", "Health": null, "StartedAt": null},
        "HostConfig": {"NetworkMode": null, "ExtraHosts": null},
        "Config": {"Image": null, "Labels": null, "ExposedPorts": null},
        "NetworkSettings": {"Networks": {"none": null}, "Ports": null}})",
                             R"({"Id": "0123456789abcdef", "Name": "one",
        "State": {"Status": "created"}, "HostConfig": null, "Config": null,
        "NetworkSettings": null})"}) {
        const auto one = parsed(json);
        ASSERT_TRUE(one) << json << one.error().reason;
        EXPECT_EQ(one->id, "0123456789abcdef");
        EXPECT_EQ(one->name, "one");
        EXPECT_EQ(one->status, "created");
        EXPECT_FALSE(one->running());
        EXPECT_EQ(one->health, Health::kNone);
        EXPECT_EQ(one->started_us, 0);
        EXPECT_EQ(one->image + one->network_mode, "");
        EXPECT_THAT(one->labels, IsEmpty());
        EXPECT_THAT(one->exposed, IsEmpty());
        EXPECT_THAT(one->published, IsEmpty());
        EXPECT_THAT(one->extra_hosts, IsEmpty());
        for (const Attachment& attachment : one->attachments) {
            EXPECT_EQ(attachment.name, "none");
            EXPECT_EQ(attachment.network_id + attachment.address + attachment.gateway, "");
        }
    }
}

TEST(Container, Labels) {
    const auto read = parsed(R"({"Id": "1", "Name": "/one", "State": {"Status": "created"},
                                 "Config": {"Labels": {"a": "1", "b": null, "c": ""}}})");
    ASSERT_TRUE(read) << read.error().reason;
    const Container& one = *read;
    EXPECT_EQ(one.label("a"), "1");
    EXPECT_EQ(one.label("b"), "");
    EXPECT_EQ(one.label("none"), "");
    EXPECT_THAT(one.labels, ElementsAre(Pair("a", "1"), Pair("b", ""), Pair("c", "")));
}

TEST(Container, Health) {
    const auto health = [](const std::string& word) {
        return container(
                   (R"({"State": {"Health": {"Status": ")" + word + R"(", "Log": []}}})").c_str())
            .health;
    };
    EXPECT_EQ(health("none"), Health::kNone);
    EXPECT_EQ(health(""), Health::kNone);
    EXPECT_EQ(health("starting"), Health::kStarting);
    EXPECT_EQ(health("healthy"), Health::kHealthy);
    EXPECT_EQ(health("unhealthy"), Health::kUnhealthy);
    EXPECT_EQ(reason(with(R"({"State": {"Health": {"Status": "well"}}})").dump()),
              "the answer is not understood: State.Health.Status is \"well\"; expected none, "
              "starting, healthy or unhealthy");
}

TEST(Container, Started) {
    const auto started = [](const std::string& time) {
        return container((R"({"State": {"StartedAt": ")" + time + R"("}})").c_str()).started_us;
    };
    EXPECT_EQ(started("0001-01-01T00:00:00Z"), 0);
    EXPECT_EQ(started(""), 0);
    EXPECT_EQ(core::rfc3339(started("2026-11-22T07:30:00.123456789Z")), "2026-11-22T07:30:00.123Z");
    EXPECT_EQ(core::rfc3339(started("2026-11-22T09:30:00+02:00")), "2026-11-22T07:30:00.000Z");
    EXPECT_EQ(reason(with(R"({"State": {"StartedAt": "today"}})").dump()),
              "the answer is not understood: State.StartedAt is \"today\"; expected a time of RFC "
              "3339");
}

TEST(Container, ExtraHosts) {
    const Container one = container(R"({"HostConfig": {"ExtraHosts": [
        "redis:127.127.0.2", "six:2001:db8::1", "equal=10.0.0.1", "six2=::1", "brackets:[::1]",
        "host.docker.internal:host-gateway", "empty:"]}})");
    EXPECT_THAT(one.extra_hosts,
                ElementsAre(Pair("redis", "127.127.0.2"), Pair("six", "2001:db8::1"),
                            Pair("equal", "10.0.0.1"), Pair("six2", "::1"), Pair("brackets", "::1"),
                            Pair("host.docker.internal", "host-gateway"), Pair("empty", "")));
    EXPECT_EQ(reason(with(R"({"HostConfig": {"ExtraHosts": ["a:b", "nothing"]}})").dump()),
              "the answer is not understood: HostConfig.ExtraHosts.1 is \"nothing\"; expected "
              "NAME:ADDRESS");
}

TEST(Container, PortsOfTcpAlone) {
    const Container one = container(R"({
        "Config": {"ExposedPorts": {"8080/tcp": {}, "80/tcp": {}, "53/udp": {}, "53/tcp": {},
                                    "9/sctp": {}, "7": {}, "70000/tcp": {}, "80-82/tcp": {}}},
        "NetworkSettings": {"Ports": {
            "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": "32769"}],
            "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"},
                       {"HostIp": "::", "HostPort": "32770"}],
            "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}],
            "81/tcp": null, "82/tcp": [], "83/tcp": [{"HostIp": "", "HostPort": ""}],
            "84/tcp": [{"HostIp": "", "HostPort": "0"}]}}})");
    EXPECT_THAT(one.exposed, ElementsAre(7, 53, 80, 8080));
    EXPECT_THAT(published(one),
                ElementsAre("80 0.0.0.0 32768", "80 :: 32770", "8080 127.0.0.1 32769"));
}

TEST(Container, WhatIsMissing) {
    const std::string missing = " is missing; expected a string";
    const std::string start = "the answer is not understood: ";
    EXPECT_EQ(reason("{}"), start + "Id" + missing);
    EXPECT_EQ(reason("null"), start + "Id" + missing);
    EXPECT_EQ(reason(with(R"({"Id": ""})").dump()), start + "Id" + missing);
    EXPECT_EQ(reason(with(R"({"Name": null})").dump()), start + "Name" + missing);
    EXPECT_EQ(reason(with(R"({"State": null})").dump()), start + "State.Status" + missing);
}

TEST(Container, WhatIsOfAnotherKind) {
    const auto wrong = [](const char* json) {
        const std::string start = "the answer is not understood: ";
        const std::string got = reason(with(json).dump());
        return got.starts_with(start) ? got.substr(start.size()) : "?" + got;
    };
    EXPECT_EQ(reason("[]"), "the answer is not understood: it is an array; expected an object");
    EXPECT_EQ(reason("\"text\""),
              "the answer is not understood: it is a string; expected an object");
    EXPECT_EQ(wrong(R"({"Id": 7})"), "Id is a number; expected a string");
    EXPECT_EQ(wrong(R"({"State": true})"), "State is a boolean; expected an object");
    EXPECT_EQ(wrong(R"({"Config": {"Labels": ["a=b"]}})"),
              "Config.Labels is an array; expected an object");
    EXPECT_EQ(wrong(R"({"Config": {"Labels": {"a": {}}}})"),
              "Config.Labels.a is an object; expected a string");
    EXPECT_EQ(wrong(R"({"HostConfig": {"ExtraHosts": {"a": "b"}}})"),
              "HostConfig.ExtraHosts is an object; expected an array");
    EXPECT_EQ(wrong(R"({"NetworkSettings": {"Ports": {"80/tcp": [{"HostPort": 80}]}}})"),
              "NetworkSettings.Ports.80/tcp.0.HostPort is a number; expected a string");
}

TEST(Container, MountsAndCommand) {
    const Container one = container(R"({"Image": "sha256:1", "Config": {"Cmd": ["run", "6379"]},
        "Mounts": [{"Type": "volume", "Name": "x", "Source": "/var/lib/docker/volumes/x/_data",
                    "Destination": "/run/amba", "Driver": "local", "Mode": "", "RW": true},
                   {"Type": "bind", "Source": "/etc", "Destination": "/config"}]})");
    EXPECT_EQ(one.image_id, "sha256:1");
    EXPECT_THAT(one.command, ElementsAre("run", "6379"));
    ASSERT_EQ(one.mounts.size(), 2u);
    EXPECT_EQ(one.mounts[0].type, "volume");
    EXPECT_EQ(one.mounts[0].driver, "local");
    EXPECT_EQ(one.mounts[0].source, "/var/lib/docker/volumes/x/_data");
    EXPECT_EQ(one.mounts[0].destination, "/run/amba");
    EXPECT_EQ(one.mounts[1].type, "bind");
    EXPECT_EQ(one.mounts[1].driver, "");
}

TEST(Container, WhatIsNoJson) {
    EXPECT_EQ(reason("<html>\nnot an Engine"),
              "the answer is not JSON: \"<html>\\x0anot an Engine\"");
    EXPECT_EQ(reason(""), "the answer is not JSON: \"\"");
    EXPECT_EQ(reason(std::string(kLeast).substr(0, 30)).substr(0, 22), "the answer is not JSON");
}

TEST(ShortId, TwelveDigits) {
    EXPECT_EQ(short_id("0123456789abcdef"), "0123456789ab");
    EXPECT_EQ(short_id("0123"), "0123");
    EXPECT_EQ(short_id(""), "");
}
