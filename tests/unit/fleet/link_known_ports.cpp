// Ports that nobody has to write down: of images that everybody knows, and of Dockerfiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/fleet/link.hpp"
#include "fleet/dockerfile.hpp"
#include "fleet/known_images.hpp"

using namespace amba::fleet;
using amba::core::error;
using amba::core::Result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(KnownImages, AreReadAsDockerReadsNames) {
    for (const char* name :
         {"redis", "redis:6", "redis:6.2-alpine", "library/redis", "docker.io/redis",
          "docker.io/library/redis:7", "localhost/redis", "localhost:5000/redis:6",
          "registry.example.com:5000/library/redis:6", "registry.example.com/redis",
          "redis@sha256:0000000000000000000000000000000000000000000000000000000000000000",
          "bitnami/redis:7.0", "docker.io/bitnami/redis"}) {
        EXPECT_THAT(known_image_ports(name), ElementsAre(6379)) << name;
    }
    EXPECT_THAT(known_image_ports("docker.elastic.co/elasticsearch/elasticsearch:8.1.0"),
                ElementsAre(9200, 9300));
    for (const char* name : {"", "redis2", "someone/redis", "redis/redis", "redis:", "haproxy",
                             "registry.example.com/someone/redis", "${REDIS}", "/", ":", "@"}) {
        const bool is_redis = std::string(name) == "redis:";
        EXPECT_EQ(known_image_ports(name).empty(), !is_redis) << name;
    }
}

TEST(Dockerfile, ExposeInAllForms) {
    const auto of = [](const std::string& text, const std::string& target = "") {
        return dockerfile_ports(text, target);
    };
    EXPECT_THAT(of("FROM a\nEXPOSE 80\n").tcp, ElementsAre(80));
    EXPECT_THAT(of("FROM a\nexpose 80 443/tcp 53/udp 8000-8010/TCP\n").tcp,
                ElementsAre(80, 443, 8000, 8010));
    EXPECT_THAT(of("# EXPOSE 1\nFROM a\n  EXPOSE \\\n  # why\n\n    80 \\\n 81\r\n").tcp,
                ElementsAre(80, 81));
    EXPECT_THAT(of("# escape=`\nFROM a\nEXPOSE 80 `\n 81\nRUN dir c:\\\nEXPOSE 82\n").tcp,
                ElementsAre(80, 81, 82));
    EXPECT_THAT(of("FROM a\nRUN <<END\nEXPOSE 80\nEND\nEXPOSE 81").tcp, ElementsAre(81));
    EXPECT_THAT(of("ARG P=80\nFROM a\nARG Q=81\nENV R=82 S=\"83\"\nENV T 84\n"
                   "EXPOSE $Q ${R} ${S:-1}/tcp ${T} ${U:-85} ${V-86}\n")
                    .tcp,
                ElementsAre(81, 82, 83, 84, 85, 86));
    const DockerfilePorts unknown = of("FROM a\nARG PORT\nEXPOSE $PORT\n");
    EXPECT_THAT(unknown.tcp, IsEmpty());
    EXPECT_EQ(unknown.unknown, "$PORT");
    for (const char* text :
         {"", "EXPOSE 80\n", "FROM\n", "FROM a\nEXPOSE\n", "FROM a\nEXPOSE x\n",
          "FROM a\nEXPOSE ${P\n", "FROM a\nEXPOSE $", "\\", "RUN <<", "FROM a\\"}) {
        EXPECT_THAT(of(text).tcp, IsEmpty()) << text;
    }
}

TEST(Dockerfile, StagesHaveWhatTheyAreBuiltFrom) {
    const std::string text =
        "ARG TAG=1.2\n"
        "FROM --platform=linux/amd64 nginx:$TAG AS base\nEXPOSE 80\n"
        "FROM golang AS build\nEXPOSE 1\n"
        "FROM base as test\nCOPY --from=build /a /a\nEXPOSE 81\n"
        "FROM Test\nEXPOSE 82\n";
    const DockerfilePorts last = dockerfile_ports(text, "");
    EXPECT_THAT(last.tcp, ElementsAre(82, 81, 80));
    EXPECT_EQ(last.base, "nginx:1.2");
    EXPECT_THAT(dockerfile_ports(text, "BUILD").tcp, ElementsAre(1));
    EXPECT_EQ(dockerfile_ports(text, "build").base, "golang");
    EXPECT_THAT(dockerfile_ports(text, "gone").tcp, ElementsAre(82, 81, 80));
    EXPECT_EQ(dockerfile_ports("FROM a AS a\nEXPOSE 80\n", "").base, "a") << "and it ends";
}

TEST(Link, ReadsTheDockerfileOfWhatIsBuilt) {
    std::vector<std::string> asked;
    LinkOptions options;
    options.read_file = [&](const std::string& path) -> Result<std::string> {
        asked.push_back(path);
        if (path == "api/Dockerfile") return "FROM golang\nEXPOSE 8080\n";
        if (path == "page/docker/web") return "FROM scratch AS x\nEXPOSE 1\nFROM nginx\n";
        if (path == "Dockerfile") return "FROM golang\nCMD run\n";
        if (path == "stage/Dockerfile") return "FROM golang AS one\nEXPOSE 1\nFROM golang\n";
        return error("there is no such file");
    };
    const auto done = link(
        "services:\n"
        "  api: {build: ./api}\n"
        "  page: {build: {context: page/, dockerfile: docker/web}}\n"
        "  stage: {build: {context: stage, target: one}, image: mine}\n"
        "  silent: {build: .}\n"
        "  gone: {build: gone, image: redis}\n"
        "  remote: {build: 'https://github.com/a/b.git'}\n"
        "  variable: {build: '${DIR}'}\n"
        "  redis: {image: 'redis:6'}\n"
        "  web:\n"
        "    links: [api, page, stage, silent, gone, remote, variable, redis]\n",
        options);
    ASSERT_TRUE(done) << done.error().reason;
    EXPECT_THAT(asked, ElementsAre("api/Dockerfile", "page/docker/web", "stage/Dockerfile",
                                   "Dockerfile", "gone/Dockerfile"));
    EXPECT_THAT(done->text, HasSubstr("    links: [silent, gone, remote, variable]\n"
                                      "    extra_hosts:\n"
                                      "      api: 127.127.0.2\n"
                                      "      page: 127.127.0.3\n"
                                      "      stage: 127.127.0.4\n"
                                      "      redis: 127.127.0.9\n"));
    ASSERT_EQ(done->remarks.size(), 4u);
    EXPECT_THAT(done->remarks[0].text, HasSubstr("Its Dockerfile Dockerfile has no EXPOSE."));
    EXPECT_THAT(done->remarks[1].text, HasSubstr("Its Dockerfile: there is no such file."));
}
