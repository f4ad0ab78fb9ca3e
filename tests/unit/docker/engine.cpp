// The calls, against a scripted Engine.
#include "amba/docker/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>

#include "docker/wire.hpp"
#include "support/eventually.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

// Answers a question by its line, without the version; anything else is 404.
FakeEngine::Script by_line(std::map<std::string, std::string> answers) {
    return [answers = std::move(answers)](const Asked& asked, test::Socket& client) {
        std::string line = asked.line();
        const std::size_t version = line.find("/v1.41/");
        if (version != std::string::npos) line.erase(version, 6);
        const auto found = answers.find(line);
        client.send(found == answers.end() ? answer(404, R"({"message":"No such thing"})")
                                           : found->second);
    };
}

FakeEngine::Script always(const std::string& bytes) {
    return [bytes](const Asked&, test::Socket& client) {
        client.send(bytes);
    };
}

std::string inspected(const std::string& id, const std::string& name) {
    return answer(
        200, json{{"Id", id}, {"Name", "/" + name}, {"State", {{"Status", "running"}}}}.dump());
}

std::string not_known(const std::string& what) {
    return answer(404, json{{"message", "No such " + what}}.dump());
}

// Bytes of a query as they were meant.
std::string decoded(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
        } else {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    }
    return out;
}

}  // namespace

// ---- the version ----

TEST(EngineVersion, TheOlderOfBoth) {
    FakeEngine fake(always(""));
    for (const auto& [theirs, spoken] : std::map<std::string, std::string>{{"1.41", "1.41"},
                                                                           {"1.46", "1.46"},
                                                                           {"1.47", "1.47"},
                                                                           {"1.48", "1.47"},
                                                                           {"1.100", "1.47"},
                                                                           {"2.0", "1.47"}}) {
        fake.speak(theirs);
        const auto version = Engine(fake.host()).version();
        EXPECT_EQ(reason_of(version), "");
        EXPECT_EQ(*version, spoken) << theirs;
    }
}

TEST(EngineVersion, TooOld) {
    FakeEngine fake(always(""), "1.40");
    EXPECT_EQ(reason_of(Engine(fake.host()).version()),
              fake.name() + ": the Engine speaks API 1.40; expected 1.41 (Docker 20.10) or later");
    fake.speak("1.9");
    EXPECT_THAT(reason_of(Engine(fake.host()).version()), HasSubstr("speaks API 1.9"));
}

TEST(EngineVersion, NoEngine) {
    FakeEngine fake(always(answer(200, "hello")), "");
    EXPECT_EQ(reason_of(Engine(fake.host()).version()),
              fake.name() + ": no Docker Engine answers there: Api-Version is \"\"");
    fake.speak("new");
    EXPECT_THAT(reason_of(Engine(fake.host()).version()), HasSubstr("Api-Version is \"new\""));
    fake.speak("1.41.1");
    EXPECT_THAT(reason_of(Engine(fake.host()).version()), HasSubstr("Api-Version is \"1.41.1\""));
}

TEST(EngineVersion, AskedForOnce) {
    FakeEngine fake(by_line({{"GET /containers/a/json", inspected("a", "one")}}));
    const Engine engine(fake.host());
    const Engine copy = engine;
    EXPECT_TRUE(engine.inspect("a"));
    EXPECT_TRUE(copy.inspect("a"));
    EXPECT_TRUE(engine.version());
    EXPECT_THAT(fake.lines(), ElementsAre("GET /_ping", "GET /v1.41/containers/a/json",
                                          "GET /v1.41/containers/a/json"));
}

TEST(EngineVersion, AskedForAgainAfterAFailure) {
    FakeEngine fake(always(answer(500, R"({"message":"starting"})")), "");
    const Engine engine(fake.host());
    EXPECT_EQ(reason_of(engine.version()), fake.name() + ": GET /_ping: starting");
    fake.speak("1.44");
    EXPECT_EQ(*engine.version(), "1.44");
}

TEST(EngineVersion, AskedForAgainWhenItIsLeftBehind) {
    const std::string old =
        "client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade "
        "your client to a newer version";
    FakeEngine fake([&](const Asked& asked, test::Socket& client) {
        const bool well = asked.target.starts_with("/v1.47/");
        client.send(well ? inspected("a", "one") : answer(400, json{{"message", old}}.dump()));
    });
    const Engine engine(fake.host());
    EXPECT_EQ(*engine.version(), "1.41");
    fake.speak("1.50");
    EXPECT_EQ(reason_of(engine.inspect("a")), fake.name() + ": GET /containers/a/json: " + old);
    EXPECT_EQ(reason_of(engine.inspect("a")), "");
    EXPECT_EQ(*engine.version(), "1.47");
}

// ---- containers ----

TEST(EngineContainers, ByNameWithoutThoseThatAreGone) {
    FakeEngine fake([](const Asked& asked, test::Socket& client) {
        const std::string& target = asked.target;
        if (target.starts_with("/v1.41/containers/json")) {
            client.send(answer(200, R"([{"Id":"1"},{"Id":"2"},{"Id":"3"},{"Id":"4"}])"));
        } else if (target == "/v1.41/containers/2/json") {
            client.send(not_known("container: 2"));
        } else {
            const std::map<std::string, std::string> names{{"1", "web"}, {"3", "db"}, {"4", "app"}};
            const std::string id = target.substr(18, 1);
            client.send(inspected(id, names.at(id)));
        }
    });
    const auto found = Engine(fake.host()).containers({"amba.role", "app=shop & \"co\""}, false);
    ASSERT_EQ(reason_of(found), "");
    std::vector<std::string> names;
    for (const Container& one : *found)
        names.push_back(one.name + one.id);
    EXPECT_THAT(names, ElementsAre("app4", "db3", "web1"));
    const auto lines = fake.lines();
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_EQ(
        decoded(lines[1]),
        R"(GET /v1.41/containers/json?all=0&filters={"label":["amba.role","app=shop & \"co\""]})");
    EXPECT_THAT(lines[1], AllOf(HasSubstr("%20%26%20"), testing::Not(HasSubstr("{"))));
}

TEST(EngineContainers, AllAndNoLabels) {
    FakeEngine fake(by_line({{"GET /containers/json?all=1", answer(200, "[]")}}));
    const auto found = Engine(fake.host()).containers({}, true);
    ASSERT_EQ(reason_of(found), "");
    EXPECT_THAT(*found, IsEmpty());
}

TEST(EngineContainers, OneThatCannotBeInspectedIsAnError) {
    FakeEngine fake(
        by_line({{"GET /containers/json?all=0", answer(200, R"([{"Id":"1"}])")},
                 {"GET /containers/1/json", answer(500, R"({"message":"broken\n"})")}}));
    EXPECT_EQ(reason_of(Engine(fake.host()).containers({}, false)),
              fake.name() + ": GET /containers/1/json: broken");
}

TEST(EngineContainers, AListThatIsNone) {
    FakeEngine fake(always(answer(200, R"({"Id":"1"})")));
    EXPECT_EQ(reason_of(Engine(fake.host()).containers({}, false)),
              fake.name() +
                  ": GET /containers/json: the answer is not understood: it is an object; expected "
                  "an array");
}

TEST(EngineContainers, ManyAreInspectedTenAtATime) {
    constexpr int kMany = 40;
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    FakeEngine fake([&](const Asked& asked, test::Socket& client) {
        if (asked.target.find("/containers/json") != std::string::npos) {
            json list = json::array();
            for (int i = 0; i < kMany; ++i)
                list.push_back({{"Id", "id" + std::to_string(i)}});
            client.send(answer(200, list.dump()));
            return;
        }
        const int here = ++now;
        for (int before = most; before < here && !most.compare_exchange_weak(before, here);) {
        }
        test::eventually([&] { return most >= 10; });
        --now;
        client.send(inspected("x", "same"));
    });
    const auto found = Engine(fake.host()).containers({}, false);
    ASSERT_EQ(reason_of(found), "");
    EXPECT_EQ(found->size(), kMany);
    EXPECT_EQ(most, 10);
}

TEST(EngineInspect, AnIdIsOnePartOfThePath) {
    FakeEngine fake(by_line({{"GET /containers/a%2Fb%3Fc/json", inspected("a", "one")}}));
    EXPECT_EQ(reason_of(Engine(fake.host()).inspect("a/b?c")), "");
    EXPECT_EQ(reason_of(Engine(fake.host()).inspect("none")),
              fake.name() + ": GET /containers/none/json: No such thing");
}

// ---- create, start, restart, remove ----

TEST(EngineCreate, SaysWhatIsWanted) {
    FakeEngine fake(always(answer(201, R"({"Id":"new","Warnings":[]})")));
    const Engine engine(fake.host());
    EXPECT_EQ(*engine.create({"amba", {"run", "x"}, {{"a", "b"}}, "container:1", "always"}), "new");
    EXPECT_EQ(*engine.create({"amba", {}, {}, "", ""}), "new");
    const auto asked = fake.asked();
    ASSERT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[1].line(), "POST /v1.41/containers/create");
    EXPECT_THAT(asked[1].head, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(asked[1].head, HasSubstr("\r\nHost: "));
    EXPECT_EQ(json::parse(asked[1].body), json::parse(R"({
        "Image": "amba", "Cmd": ["run", "x"], "Labels": {"a": "b"},
        "HostConfig": {"NetworkMode": "container:1", "RestartPolicy": {"Name": "always"}}})"));
    EXPECT_EQ(json::parse(asked[2].body),
              json::parse(R"({"Image": "amba", "Labels": {}, "HostConfig": {}})"));
}

TEST(EngineCreate, SharesTheVolumesOfAnother) {
    FakeEngine fake(always(answer(201, R"({"Id":"new","Warnings":[]})")));
    Creation creation{"amba", {}, {}, "", "no"};
    creation.volumes_from = "old";
    creation.environment = {"A=1"};
    EXPECT_EQ(*Engine(fake.host()).create(creation), "new");
    EXPECT_EQ(json::parse(fake.asked().at(1).body), json::parse(R"({
        "Image": "amba", "Labels": {}, "Env": ["A=1"],
        "HostConfig": {"RestartPolicy": {"Name": "no"}, "VolumesFrom": ["old"]}})"));
}

// Nothing of it stays, and it can do no more than it has to.
TEST(EngineCreate, MakesAHelper) {
    FakeEngine fake(always(answer(201, R"({"Id":"new","Warnings":[]})")));
    const Engine engine(fake.host());
    Creation creation;
    creation.image = "amba";
    creation.command = {"batch"};
    creation.helper.emplace();
    creation.helper->directory = {"/var/lib/docker/volumes", "/run/amba"};
    EXPECT_EQ(*engine.create(creation), "new");
    creation.network_mode = "container:1";
    creation.helper->directory.reset();
    creation.helper->pid_mode = "container:1";
    creation.helper->user = "0:0";
    creation.helper->capabilities = {"SYS_PTRACE"};
    EXPECT_EQ(*engine.create(creation), "new");
    const auto asked = fake.asked();
    EXPECT_EQ(json::parse(asked[1].body), json::parse(R"({
        "Image": "amba", "Cmd": ["batch"], "Labels": {}, "OpenStdin": true, "StdinOnce": true,
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {"NetworkMode": "none", "AutoRemove": true, "ReadonlyRootfs": true,
            "LogConfig": {"Type": "none"}, "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges", "label=disable"],
            "Mounts": [{"Type": "bind", "Source": "/var/lib/docker/volumes", "Target": "/run/amba",
                        "BindOptions": {"NonRecursive": true}}]}})"));
    EXPECT_EQ(json::parse(asked[2].body), json::parse(R"({
        "Image": "amba", "Cmd": ["batch"], "Labels": {}, "OpenStdin": true, "StdinOnce": true,
        "AttachStdin": true, "AttachStdout": true, "AttachStderr": true, "User": "0:0",
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {"NetworkMode": "container:1", "PidMode": "container:1", "AutoRemove": true,
            "ReadonlyRootfs": true, "LogConfig": {"Type": "none"}, "CapDrop": ["ALL"],
            "CapAdd": ["SYS_PTRACE"], "SecurityOpt": ["no-new-privileges"]}})"));
}

TEST(EngineCreate, PullsWhatIsNotThere) {
    std::atomic<bool> there{false};
    FakeEngine fake([&](const Asked& asked, test::Socket& client) {
        if (asked.target.find("/images/create") != std::string::npos) {
            there = true;
            client.send(kChunked + chunk("{\"status\":\"Pulling\"}\r\n{\"stat") +
                        chunk("us\":\"Done\"}\r\n") + chunk(""));
        } else {
            client.send(there ? answer(201, R"({"Id":"new"})")
                              : not_known("image: host:5000/team/amba:fleet"));
        }
    });
    EXPECT_EQ(*Engine(fake.host()).create({"host:5000/team/amba:fleet", {}, {}, "", ""}), "new");
    EXPECT_THAT(fake.lines(),
                ElementsAre("GET /_ping", "POST /v1.41/containers/create",
                            "POST /v1.41/images/create?fromImage=host%3A5000%2Fteam%2Famba&"
                            "tag=fleet",
                            "POST /v1.41/containers/create"));
}

TEST(EngineCreate, APullThatFails) {
    std::string pulled = kChunked + chunk("{\"status\":\"Pulling\"}\r\n") +
                         chunk("{\"errorDetail\":{},\"error\":\"toomanyrequests\"}\r\n") +
                         chunk("");
    FakeEngine fake([&](const Asked& asked, test::Socket& client) {
        const bool pull = asked.target.find("/images/create") != std::string::npos;
        client.send(pull ? pulled : not_known("image: amba:latest"));
    });
    const Engine engine(fake.host());
    const Creation creation{"amba", {}, {}, "", ""};
    const std::string start = fake.name() + ": cannot pull \"amba\": ";
    EXPECT_EQ(reason_of(engine.create(creation)), start + "toomanyrequests");
    pulled = answer(404, R"({"message":"pull access denied"})");
    EXPECT_EQ(reason_of(engine.create(creation)), start + "pull access denied");
    // It said that it went well: then the second refusal is what there is to tell.
    pulled = answer(200, "");
    EXPECT_EQ(reason_of(engine.create(creation)),
              fake.name() + ": POST /containers/create: No such image: amba:latest");
    const std::string id = "sha256:" + std::string(64, 'a');
    EXPECT_THAT(reason_of(engine.create({id, {}, {}, "", ""})),
                HasSubstr("and it is no name that could be pulled"));
}

TEST(EngineCreate, AnotherThingThatIsNotThere) {
    FakeEngine fake(always(not_known("container: 1")));
    EXPECT_EQ(reason_of(Engine(fake.host()).create({"amba", {}, {}, "container:1", ""})),
              fake.name() + ": POST /containers/create: No such container: 1");
    EXPECT_EQ(fake.lines().size(), 2u);
}

TEST(EngineStart, AndRestart) {
    FakeEngine fake(by_line({{"POST /containers/a/start", answer(204, "")},
                             {"POST /containers/b/start", "HTTP/1.1 304 Not Modified\r\n\r\n"},
                             {"POST /containers/a/restart?t=0", answer(204, "")}}));
    const Engine engine(fake.host());
    EXPECT_EQ(reason_of(engine.start("a")), "");
    EXPECT_EQ(reason_of(engine.start("b")), "");
    EXPECT_EQ(reason_of(engine.restart("a")), "");
    EXPECT_EQ(reason_of(engine.start("c")),
              fake.name() + ": POST /containers/c/start: No such thing");
    EXPECT_EQ(reason_of(engine.restart("c")),
              fake.name() + ": POST /containers/c/restart: No such thing");
}

TEST(EngineUpdate, SetsARestartPolicy) {
    FakeEngine fake(by_line({{"POST /containers/a/update", answer(200, R"({"Warnings":null})")}}));
    const Engine engine(fake.host());
    EXPECT_EQ(reason_of(engine.set_restart_policy("a", "no")), "");
    EXPECT_EQ(json::parse(fake.asked().at(1).body),
              json::parse(R"({"RestartPolicy": {"Name": "no"}})"));
    EXPECT_EQ(reason_of(engine.set_restart_policy("b", "no")),
              fake.name() + ": POST /containers/b/update: No such thing");
}

TEST(EngineRemove, WhatIsGoneOrGoingIsFine) {
    FakeEngine fake(by_line(
        {{"DELETE /containers/a?force=1&v=1", answer(204, "")},
         {"DELETE /containers/b?force=1&v=1",
          answer(409, R"({"message":"removal of container b is already in progress"})")},
         {"DELETE /containers/c?force=1&v=1", answer(409, R"({"message":"it is in use"})")}}));
    const Engine engine(fake.host());
    EXPECT_EQ(reason_of(engine.remove("a")), "");
    EXPECT_EQ(reason_of(engine.remove("b")), "");
    EXPECT_EQ(reason_of(engine.remove("gone")), "");
    EXPECT_EQ(reason_of(engine.remove("c")), fake.name() + ": DELETE /containers/c: it is in use");
}

// ---- images and volumes ----

TEST(EngineImagePorts, OfItsConfiguration) {
    FakeEngine fake(by_line(
        {{"GET /images/host:5000/team/redis:7/json",
          answer(200, R"({"Config":{"ExposedPorts":{"6379/tcp":{},"53/udp":{},"80/tcp":{}}}})")},
         {"GET /images/bare/json", answer(200, R"({"Config":null})")},
         {"GET /images/broken/json", answer(500, R"({"message":"broken"})")}}));
    const Engine engine(fake.host());
    EXPECT_THAT(*engine.image_ports("host:5000/team/redis:7"), ElementsAre(80, 6379));
    EXPECT_THAT(*engine.image_ports("bare"), IsEmpty());
    EXPECT_THAT(*engine.image_ports("none"), IsEmpty());
    EXPECT_EQ(reason_of(engine.image_ports("broken")),
              fake.name() + ": GET /images/broken/json: broken");
    EXPECT_NE(reason_of(engine.image_ports("")), "");
}

TEST(EngineImageId, IsWhatTheNameStandsFor) {
    FakeEngine fake(by_line({{"GET /images/amba/json", answer(200, R"({"Id":"sha256:1"})")},
                             {"GET /images/broken/json", answer(500, R"({"message":"broken"})")}}));
    const Engine engine(fake.host());
    EXPECT_EQ(*engine.image_id("amba"), "sha256:1");
    EXPECT_EQ(*engine.image_id("none"), "");
    EXPECT_EQ(*engine.image_id(""), "");
    EXPECT_EQ(reason_of(engine.image_id("broken")),
              fake.name() + ": GET /images/broken/json: broken");
}

TEST(EngineVolumes, ListedByName) {
    FakeEngine fake(always(answer(200, R"({"Volumes":[
        {"Name":"b","Labels":{"amba.role":"x"}},{"Name":"a","Labels":null}],"Warnings":null})")));
    const auto volumes = Engine(fake.host()).volumes({"amba.role=x"});
    ASSERT_EQ(reason_of(volumes), "");
    ASSERT_EQ(volumes->size(), 2u);
    EXPECT_EQ((*volumes)[0].name, "a");
    EXPECT_EQ((*volumes)[1].name, "b");
    EXPECT_EQ((*volumes)[1].labels.at("amba.role"), "x");
    EXPECT_EQ(decoded(fake.lines().at(1)),
              R"(GET /v1.41/volumes?filters={"label":["amba.role=x"]})");
}

TEST(EngineVolumes, NoneIsNull) {
    FakeEngine fake(
        by_line({{"GET /volumes", answer(200, R"({"Volumes":null,"Warnings":null})")}}));
    EXPECT_THAT(*Engine(fake.host()).volumes({}), IsEmpty());
}

TEST(EngineVolumes, CreatedAndRemoved) {
    FakeEngine fake(
        by_line({{"POST /volumes/create", answer(201, R"({"Name":"a"})")},
                 {"DELETE /volumes/a", answer(204, "")},
                 {"DELETE /volumes/b", answer(409, R"({"message":"volume is in use"})")}}));
    const Engine engine(fake.host());
    EXPECT_EQ(reason_of(engine.create_volume({"a", {{"k", "v"}}})), "");
    EXPECT_EQ(json::parse(fake.asked().at(1).body),
              json::parse(R"({"Name": "a", "Labels": {"k": "v"}})"));
    EXPECT_EQ(reason_of(engine.remove_volume("a")), "");
    EXPECT_EQ(reason_of(engine.remove_volume("gone")), "");
    EXPECT_EQ(reason_of(engine.remove_volume("b")),
              fake.name() + ": DELETE /volumes/b: volume is in use");
}
