// What `amba link` cannot do is an error with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fleet/link_samples.hpp"

using namespace amba::fleet;
using testing::StartsWith;

namespace {

struct RefusedFile {
    std::string in;
    std::string reason;  // how it begins
};

void expect_refused(const std::vector<RefusedFile>& files, const std::string& ports = "") {
    for (const RefusedFile& file : files) {
        const auto done = link_sample(file.in, ports);
        ASSERT_FALSE(done) << file.in << "became\n" << done->text;
        EXPECT_THAT(done.error().reason, StartsWith(file.reason)) << file.in;
    }
}

// Services that others may link, on two lines.
const std::string kHead = "services:\n  db: {image: db, expose: [1]}\n";

}  // namespace

TEST(LinkRefused, WhatIsNoComposeFile) {
    expect_refused({
        {"", "1:1: the file is empty; expected services"},
        {"# nothing\n", "1:1: the file is empty; expected services"},
        {"- a\n", "1:1: expected a mapping with services"},
        {"a: [\n", "2:1: not YAML: "},
        {"a: 1\n", "1:1: service \"a\": expected a mapping"},
        {"version: '4'\nservices: {}\n", "1:1: version \"4\"; expected 1, 2, 2.x, 3 or 3.x"},
        {"version: '21'\nservices: {}\n", "1:1: version \"21\"; expected"},
        {"version: '2'\nweb: {image: a}\n", "1:1: expected services beside the version"},
        {"services: [a]\n", "1:1: expected a mapping of services"},
        {"services:\n", "1:1: expected a mapping of services"},
        {"services:\n  a:\n", "2:3: service \"a\": expected a mapping"},
        {"services:\n  a: {}\n  b: {}\n  a: {}\n", "4:3: \"a\" is there twice"},
        {"services:\n  a:\n    image: a\n    image: b\n", "4:5: \"image\" is there twice"},
        {"services:\n  ? [a]\n  : {}\n", "2:5: expected a name for a key"},
        {"services: {}\n---\nservices: {}\n", "2:1: a second document begins; expected one"},
        {"services:\n\ta: {}\n", "2:1: a tab begins the line; expected spaces"},
        {std::string("services:\n  a: \0", 16), "2:6: a control character; expected text"},
        {"s\0e\0r\0v\0" + std::string("\0", 1), "1:2: a control character"},
    });
}

TEST(LinkRefused, LinksThatCannotBe) {
    expect_refused({
        {kHead + "  web:\n    links: [gone]\n",
         "4:13: link \"gone\" of service \"web\"; expected a service of this file"},
        {kHead + "  web:\n    links:\n    - db\n    - gone:db2\n", "6:7: link \"gone:db2\""},
        {kHead + "  web:\n    links: ['db:']\n",
         "4:13: link \"db:\" of service \"web\"; expected SERVICE or SERVICE:ALIAS"},
        {kHead + "  web:\n    links: ['db:a:b']\n", "4:13: link \"db:a:b\""},
        {kHead + "  web:\n    links: [{db: a}]\n",
         "4:13: link \"db: a\" of service \"web\" is a mapping; expected SERVICE or SERVICE:ALIAS, "
         "without a blank"},
        {kHead + "  web:\n    links: [[db]]\n",
         "4:13: link \"\" of service \"web\" is no word; expected"},
        {kHead + "  web:\n    links:\n    -\n    - db\n", "5:5: link \"\" of service \"web\""},
        {kHead + "  web:\n    links: db\n", "4:12: links of service \"web\": expected a list"},
        {kHead + "  web:\n    links: {db: a}\n", "4:12: links of service \"web\": expected a list"},
        {kHead + "  d2: {image: d, expose: [1]}\n  web:\n    links: ['db:x', 'd2:x']\n",
         "5:21: \"x\" stands for \"db\" already; expected another alias of \"d2\""},
        {kHead + "  web:\n    depends_on: db\n", "4:17: depends_on of service \"web\": expected"},
        {kHead + "  web:\n    extends: {service: db}\n    links: [db]\n",
         "4:5: service \"web\" extends another; expected all of it here"},
    });
}

TEST(LinkRefused, WhatIsThereAlready) {
    expect_refused({
        {kHead +
             "  web:\n    links: [db]\n    extra_hosts:\n      x: 10.0.0.2\n      db: 10.0.0.1\n",
         "7:7: extra_hosts of service \"web\" has \"db\" at \"10.0.0.1\"; expected none, or an"},
        {kHead +
             "  web:\n    depends_on: [db]\n    extra_hosts: [\"x:1.1.1.1\", \"db:10.0.0.1\"]\n",
         "5:32: extra_hosts of service \"web\" has \"db\" at \"10.0.0.1\""},
        {kHead + "  web:\n    links: [db]\n    extra_hosts:\n    - x: 10.0.0.1\n",
         "6:7: extra_hosts of service \"web\" have a mapping in their list; expected NAME:VALUE"},
        {kHead + "  web:\n    links: ['db:x']\n    labels:\n    - x: 1\n",
         "6:7: labels of service \"web\" have a mapping in their list; expected NAME=VALUE"},
        {kHead + "  web:\n    links: [db]\n    extra_hosts: {db: 127.0.0.1}\n",
         "5:19: extra_hosts of service \"web\" has \"db\" at \"127.0.0.1\""},
        {kHead + "  web:\n    links: [db]\n    extra_hosts: db\n",
         "5:18: extra_hosts of service \"web\": expected a mapping or a list"},
        {kHead + "  web:\n    links: ['db:x']\n    labels: {ambassador.link.x: other}\n",
         "5:14: label ambassador.link.x of service \"web\" is \"other\"; expected none, or \"db\""},
        {kHead + "  web:\n    links: ['db:x']\n    labels: 1\n",
         "5:13: labels of service \"web\": expected a mapping or a list"},
        {kHead + "  web:\n    ports: 80\n", "4:12: ports of service \"web\": expected a list"},
        {kHead + "  web:\n    volumes: {a: b}\n", "4:14: volumes of service \"web\": expected a"},
    });
}

TEST(LinkRefused, WhatCannotBeEditedByLines) {
    expect_refused({
        {kHead + "  web: {image: a, links: [db]}\n",
         "3:3: service \"web\" is in flow style; expected each key on a line of its own"},
        {kHead + "  web: {image: a, ports: ['80:80']}\n", "3:3: service \"web\" is in flow style"},
        {"{\"services\": {\"a\": {\"image\": \"a\", \"ports\": [\"80:80\"]}}}\n",
         "1:15: service \"a\" is in flow style"},
        {kHead + "  web:\n    ? links\n    : [db]\n",
         "4:7: service \"web\" has a key that does not"},
        {kHead + "  web:\n    ports:\n    - published: 80\n",
         "5:7: service \"web\" has a port that cannot be edited here; expected target"},
        {kHead + "  web:\n    ports:\n    - \"80\\\n      :80\"\n",
         "5:7: service \"web\" has a port that cannot be edited here"},
        // A lenient reader takes this list, but its lines do not show where it ends.
        {"services:\n  a:\n    image: a\n  b:\n    ports:\n    - '80:80'\n    volumes:\n"
         "    - \"./x:\n  /x\"\n    - x:/x\n",
         "4:3: service \"b\" cannot be edited by lines"},
        {kHead + "  web:\n    volumes:\n    -\n      ./x:/x\n    - x:/x\n",
         "6:7: service \"web\" has an entry without its dash before it"},
    });
    expect_refused({{"services:\n  a: {image: a}\n", "2:3: service \"a\" is in flow style"}},
                   "a: 80\n");
}

TEST(LinkRefused, AnchorsAliasesAndMergeKeys) {
    const std::string base = "x-base: &base\n  links: [db]\n";
    expect_refused({
        {base + kHead + "  web: *base\n",
         "5:8: service \"web\" is an alias; expected its keys here"},
        {"x: &x {ports: ['80:80', !!str 81]}\n" + kHead + "  a:\n    <<: *x\n",
         "5:5: ports of service \"a\" come through a merge key (<<) in a form that cannot be "
         "written here; expected them in the service itself"},
        {"x: &x {labels: [!!str a=b]}\n" + kHead + "  a:\n    <<: *x\n    links: ['db:x']\n",
         "5:5: labels of service \"a\" come through a merge key (<<)"},
        {"x: &x 80:80\n" + kHead + "  a:\n    ports: [*x]\n",
         "5:13: service \"a\" has a port that"},
        {kHead + "  a:\n    links: &l [db]\n  b:\n    links: *l\n",
         "4:12: service \"a\" has an anchor in what would go"},
        {kHead + "  a:\n    volumes: [&v ./a:/a, b:/b]\n", "4:15: service \"a\" has an anchor"},
        // What is added to one service would be another's too.
        {kHead +
             "  a: &a\n    image: a\n    depends_on: [db]\n  b:\n    <<: *a\n    depends_on: []\n",
         "3:3: service \"a\" has an anchor that others use: what is changed here would be changed"},
        {kHead + "  a:\n    labels: &l\n      x: y\n    links: ['db:x']\n  b:\n    labels: *l\n",
         "4:13: service \"a\" has an anchor at labels that others use: what is added here would be "
         "theirs too; expected labels of its own"},
        {kHead +
             "  a:\n    extra_hosts: &h [x:1.1.1.1]\n    links: [db]\n  b:\n    extra_hosts: *h\n",
         "4:18: service \"a\" has an anchor at extra_hosts that others use"},
        {"services:\n  <<: {a: {image: a}}\n", "2:3: services come through a merge key"},
        {"x: &x {a: {image: a}}\nservices: *x\n", "2:1: expected a mapping of services"},
        {"services:\n  a: *gone\n", "2:6: not YAML: "},
        {"services:\n  a:\n    <<: [{}, 1]\n    image: a\n", "3:5: expected a mapping to merge"},
        {"services:\n  a:\n    image: a\n    <<: 1\n", "4:5: expected a mapping to merge"},
    });
}

TEST(LinkRefused, AliasesThatGrowWithoutMeasure) {
    std::string bomb = "x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
    for (int i = 1; i < 10; ++i) {
        const std::string one = "*x" + std::to_string(i - 1);
        bomb += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + one;
        for (int k = 0; k < 9; ++k)
            bomb += ", " + one;
        bomb += "]\n";
    }
    const auto done = link_sample(bomb + "services: {}\n");
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().reason, testing::HasSubstr("aliases stand for more than can be read"));
    expect_refused({{"x: &x [*x]\nservices: {}\n", "1:"}});
}
