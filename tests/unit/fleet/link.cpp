#include "amba/fleet/link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fleet/compose.hpp"
#include "fleet/link_plan.hpp"
#include "fleet/link_verify.hpp"
#include "tests/unit/fleet/link_samples.hpp"

using namespace amba::fleet;
using amba::core::error;
using amba::core::Result;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

namespace {

void expect_remarks(const LinkSample& sample, const std::vector<Remark>& remarks) {
    std::vector<testing::Matcher<std::string>> expected;
    for (const std::string& remark : sample.remarks)
        expected.push_back(StartsWith(remark));
    std::vector<std::string> got;
    for (const Remark& remark : remarks)
        got.push_back(std::to_string(remark.line) + ": " + remark.text);
    EXPECT_THAT(got, testing::ElementsAreArray(expected)) << sample.name;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        lines.push_back(text.substr(at, end - at));
        at = end;
    }
    return lines;
}

std::string linked(const std::string& in, const LinkOptions& options = {}) {
    const auto done = link(in, options);
    return done ? done->text : "error: " + done.error().reason;
}

std::string many_services(std::size_t count) {
    std::string text = "services:\n";
    for (std::size_t i = 1; i <= count; ++i)
        text += "  s" + std::to_string(i) + ": {image: s, expose: [1]}\n";
    return text;
}

}  // namespace

TEST(Link, FollowsEachRule) {
    for (const LinkSample& sample : all_link_samples()) {
        const auto done = link_sample(sample.in, sample.ports);
        ASSERT_TRUE(done) << sample.name << ": " << done.error().reason;
        EXPECT_EQ(done->text, sample.out) << sample.name;
        expect_remarks(sample, done->remarks);
    }
}

TEST(Link, ChangesNothingOfWhatItMade) {
    for (const LinkSample& sample : all_link_samples()) {
        const auto done = link_sample(sample.out, sample.ports);
        ASSERT_TRUE(done) << sample.name << ": " << done.error().reason;
        EXPECT_EQ(done->text, sample.out) << sample.name;
    }
}

// Whatever a file is, what comes out is refused or is final. A line that is gone makes many files
// that no one thought of.
TEST(Link, IsRefusedOrFinalWithAnyLineGoneOrTwice) {
    std::size_t done = 0;
    std::size_t refused = 0;
    for (const LinkSample& sample : all_link_samples()) {
        const std::vector<std::string> lines = lines_of(sample.in);
        for (std::size_t i = 0; i < 2 * lines.size(); ++i) {
            std::string text;
            for (std::size_t k = 0; k < lines.size(); ++k) {
                const bool chosen = k == i / 2;
                if (!chosen || i % 2 == 1) text += lines[k];
                if (chosen && i % 2 == 1) text += lines[k];
            }
            const auto once = link_sample(text, sample.ports);
            ++(once ? done : refused);
            if (!once) continue;
            const auto twice = link_sample(once->text, sample.ports);
            ASSERT_TRUE(twice) << sample.name << ": " << twice.error().reason << "\n"
                               << text << "became\n"
                               << once->text;
            EXPECT_EQ(twice->text, once->text) << sample.name << "\n" << text;
        }
    }
    EXPECT_GT(done, 200u);
    EXPECT_GT(refused, 50u);
}

TEST(Link, AddressesStayWhenLinksAreAdded) {
    const std::string head = many_services(4) + "  web:\n    image: web\n";
    const std::string first = linked(head + "    links: [s2, s1]\n");
    EXPECT_THAT(first, HasSubstr("s2: 127.127.0.2\n      s1: 127.127.0.3\n"));
    const std::string second = linked(first + "    links: [s3, s2, s4]\n");
    EXPECT_THAT(second, HasSubstr("s2: 127.127.0.2\n      s1: 127.127.0.3\n"
                                  "      s3: 127.127.0.4\n      s4: 127.127.0.5\n"));
    EXPECT_THAT(second, testing::Not(HasSubstr("links")));
}

TEST(Link, GoesOnInTheNextBlockAfter253) {
    std::string text = many_services(600) + "  web:\n    links:\n";
    for (int i = 1; i <= 600; ++i)
        text += "    - s" + std::to_string(i) + "\n";
    const std::string out = linked(text);
    for (const char* line :
         {" s1: 127.127.0.2\n", " s253: 127.127.0.254\n", " s254: 127.127.1.2\n",
          " s506: 127.127.1.254\n", " s507: 127.127.2.2\n", " s600: 127.127.2.95\n"}) {
        EXPECT_THAT(out, HasSubstr(line));
    }
}

TEST(Link, AsksImagesOfServicesWithoutPorts) {
    std::vector<std::string> asked;
    LinkOptions options;
    options.directory = "shop";
    options.image_ports = [&](const std::string& image) -> Result<std::vector<std::uint16_t>> {
        asked.push_back(image);
        if (image == "gone") return error("no such image");
        if (image == "mine" || image == "shop_built") return std::vector<std::uint16_t>{6379};
        return std::vector<std::uint16_t>();
    };
    const std::string services =
        "services:\n"
        "  mine: {image: mine}\n"
        "  redis: {image: redis}\n"
        "  told: {image: told, expose: [1]}\n"
        "  built: {build: .}\n"
        "  silent: {image: silent}\n"
        "  variable: {image: '${X}'}\n"
        "  gone: {image: gone}\n"
        "  unused: {image: unused}\n"
        "  web:\n"
        "    links: [mine, told, built, silent, gone, redis]\n"
        "    depends_on: [variable, gone, silent]\n";
    const auto done = link(services, options);
    ASSERT_TRUE(done) << done.error().reason;
    EXPECT_THAT(done->text, HasSubstr("    extra_hosts:\n"
                                      "      mine: 127.127.0.2\n"
                                      "      told: 127.127.0.3\n"
                                      "      built: 127.127.0.4\n"
                                      "      redis: 127.127.0.7\n"
                                      "    depends_on"));
    EXPECT_THAT(asked, ElementsAre("mine", "shop-built", "shop_built", "silent", "gone"));
    ASSERT_EQ(done->remarks.size(), 3u);
    EXPECT_EQ(done->kept, 2u);
    EXPECT_THAT(done->remarks[0].text, testing::EndsWith("it stays a link."));
    EXPECT_THAT(done->remarks[1].text,
                testing::EndsWith("it stays a link. Its image: no such image"));
    EXPECT_THAT(done->remarks[2].text, StartsWith("Skipping dependency variable"));
}

TEST(Link, OfNoKnownPortStaysUnlessItIsToGo) {
    const std::string text =
        "services:\n"
        "  a: {image: a}\n"
        "  b: {image: b, expose: [1]}\n"
        "  web:\n    image: web\n    links: [a, b]\n";
    const auto kept = link(text, {});
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->kept, 1u);
    EXPECT_THAT(kept->text, HasSubstr("    links: [a]\n    extra_hosts:\n      b: 127.127.0.3\n"));
    LinkOptions options;
    options.drop_unknown = true;
    const auto dropped = link(text, options);
    ASSERT_TRUE(dropped);
    EXPECT_EQ(dropped->kept, 0u);
    EXPECT_THAT(dropped->text,
                HasSubstr("    image: web\n    extra_hosts:\n      b: 127.127.0.3\n"));
    ASSERT_EQ(dropped->remarks.size(), 1u);
    EXPECT_EQ(dropped->remarks[0].text,
              "Skipping link a in service web (no port mapping defined). Your code will probably "
              "break.");
}

TEST(Link, CountsWhatIsWrittenInFilesBesideIt) {
    LinkOptions options;
    options.beside = {
        "services:\n"
        "  web:\n"
        "    extra_hosts: [\"db:127.127.0.2\"]\n"
        "    external_links: [\"other:cache\"]\n"
        "  side: {network_mode: 'service:gone'}\n"
        "  db: {image: postgres}\n"
        "  cache: {expose: [\"6379\"]}\n"};
    const auto done = link(
        "services:\n"
        "  web:\n"
        "    links: [db, \"db:pg\", cache, \"cache:fast\"]\n"
        "  side:\n"
        "    links: [db]\n"
        "  cache: {image: mine}\n",
        options);
    ASSERT_TRUE(done) << done.error().reason;
    EXPECT_EQ(done->text,
              "services:\n"
              "  web:\n"
              "    links: [cache]\n"
              "    extra_hosts:\n"
              "      pg: 127.127.0.3\n"
              "      fast: 127.127.0.5\n"
              "    labels:\n"
              "      ambassador.link.pg: db\n"
              "      ambassador.link.fast: cache\n"
              "  side:\n"
              "    links: [db]\n"
              "  cache: {image: mine}\n");
    EXPECT_EQ(done->kept, 2u);
    options.beside = {"services: ["};
    EXPECT_THAT(link("services:\n  a: {image: a}\n", options).error().reason,
                StartsWith("a file beside it: 1:1: not YAML"));
    options.beside.clear();
    EXPECT_THAT(linked("services:\n  web:\n    links: [db]\n", options),
                HasSubstr("expected a service of this file, and there is no \"db\""));
}

TEST(Link, NamesABuiltImageAsComposeDoes) {
    std::vector<std::string> asked;
    LinkOptions options;
    options.directory = "directory";
    options.image_ports = [&](const std::string& image) -> Result<std::vector<std::uint16_t>> {
        asked.push_back(image);
        return std::vector<std::uint16_t>{80};
    };
    const std::string services = "services:\n  a: {build: .}\n  b:\n    links: [a]\n";
    linked(services, options);
    linked("name: file\n" + services, options);
    options.project = "environment";
    linked("name: file\n" + services, options);
    EXPECT_THAT(asked, ElementsAre("directory-a", "file-a", "environment-a"));
    options.project.clear();
    options.directory.clear();
    asked.clear();
    linked(services, options);
    EXPECT_THAT(asked, IsEmpty()) << "a project without a name has no images";
}

TEST(Link, IsHeldAgainstWhatWasMeant) {
    const std::string text =
        "services:\n"
        "  a: {image: a, expose: [1]}\n"
        "  b:\n    image: b\n"
        "  c:\n    image: c\n    links: [a]\n";
    const auto file = read_compose(text);
    ASSERT_TRUE(file);
    const LinkOptions options;
    LinkPlanner planner(*file, options);
    const std::vector<LinkPlan> plans = *planner.plan();
    const std::string good = linked(text);
    const auto changed = [&](const std::string& what, const std::string& with) {
        const std::size_t at = good.find(what);
        return std::string(good).replace(at, what.size(), with);
    };
    EXPECT_TRUE(is_as_planned(*file, plans, good));
    EXPECT_TRUE(is_as_planned(*file, plans, changed("image: b", "image:   b  # as it was")));
    EXPECT_FALSE(is_as_planned(*file, plans, text));
    EXPECT_FALSE(is_as_planned(*file, plans, changed("image: b", "image: x")));
    EXPECT_FALSE(is_as_planned(*file, plans, changed("image: b", "build: b")));
    EXPECT_FALSE(is_as_planned(*file, plans, changed("127.127.0.2", "127.127.0.3")));
    EXPECT_FALSE(is_as_planned(*file, plans, changed("127.127.0.2", "\"127.127.0.2\"")));
    EXPECT_FALSE(is_as_planned(*file, plans, good + "  d: {}\n"));
    EXPECT_FALSE(is_as_planned(*file, plans, good + "x-a: {}\n"));
    EXPECT_FALSE(is_as_planned(*file, plans, "services: {"));
}

TEST(Link, PortsYml) {
    const auto ports = parse_ports("\xEF\xBB\xBFredis: 6379\nweb: [80, '443']\n# end\n");
    ASSERT_TRUE(ports) << ports.error().reason;
    EXPECT_EQ(*ports, (Ports{{"redis", {6379}}, {"web", {80, 443}}}));
    ASSERT_TRUE(parse_ports(""));
    EXPECT_THAT(*parse_ports("# nothing\n"), IsEmpty());

    const struct {
        const char* text;
        const char* reason;
    } bad[] = {
        {"redis: 6379\nweb: 0\n", "2:6: port \"0\" of \"web\"; expected a number from 1 to 65535"},
        {"web: 80/tcp\n", "1:6: port \"80/tcp\" of \"web\"; expected"},
        {"web: [80, 65536]\n", "1:11: port \"65536\""},
        {"web:\n", "1:1: port \"\" of \"web\"; expected"},
        {"web: []\n", "1:1: \"web\" has no port"},
        {"web: {a: 80}\n", "1:6: port \"\" of \"web\""},
        {"- 80\n", "1:1: expected SERVICE: PORT"},
        {"web: 80\nweb: 81\n", "2:1: \"web\" is there twice"},
        {"web: [80\n", "2:1: not YAML"},
    };
    for (const auto& one : bad) {
        const auto read = parse_ports(one.text);
        ASSERT_FALSE(read) << one.text;
        EXPECT_THAT(read.error().reason, StartsWith(one.reason)) << one.text;
    }
}
