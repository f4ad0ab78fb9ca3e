#include "amba/table/diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/words.hpp"
#include "table/settings.hpp"
#include "tests/unit/table/random_table.hpp"

using namespace amba::table;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

Table table(const std::string& line) {
    return parse_words(split_words({line + " "})).value();
}

std::vector<std::string> texts(const std::vector<Change>& changes) {
    std::vector<std::string> out;
    for (const Change& change : changes)
        out.push_back(to_string(change));
    return out;
}

std::vector<std::string> diff(const std::string& before, const std::string& after) {
    return texts(
        diff(before.empty() ? Table{} : table(before), after.empty() ? Table{} : table(after)));
}

}  // namespace

TEST(Diff, OfEqualTablesIsEmpty) {
    EXPECT_THAT(diff("", ""), IsEmpty());
    EXPECT_THAT(diff("80 a:1", "*:80 a 1 weight=1"), IsEmpty());
    EXPECT_THAT(diff("80 + 81", "81 + 80"), IsEmpty()) << "the order of frontends means nothing";
}

TEST(Diff, Services) {
    EXPECT_THAT(
        diff("80 srv:a srv:b", "80 srv:a weight=2 srv:c"),
        ElementsAre("frontend *:80: backend srv:a weight 1 -> 2",
                    "frontend *:80: backend srv:c added", "frontend *:80: backend srv:b removed"));
}

TEST(Diff, Frontends) {
    EXPECT_THAT(diff("", "80 + 127.127.0.2:81 a:1 + 82 a:1 b:1"),
                ElementsAre("frontend *:80 added with 0 backends",
                            "frontend 127.127.0.2:81 added with 1 backend",
                            "frontend *:82 added with 2 backends"));
    EXPECT_THAT(diff("80 name=web a:1 + 81", ""),
                ElementsAre("frontend *:80 removed", "frontend *:81 removed"));
    EXPECT_THAT(diff("80 a:1", "127.0.0.1:80 a:1"),
                ElementsAre("frontend 127.0.0.1:80 added with 1 backend", "frontend *:80 removed"));
}

TEST(Diff, SettingsOfAFrontend) {
    EXPECT_THAT(
        diff("80 name=web", "80 name=web balance=first maxconn=5 timeouts.idle=1h"),
        ElementsAre("frontend web: balance roundrobin -> first", "frontend web: maxconn 0 -> 5",
                    "frontend web: timeouts.idle 0s -> 1h"));
    EXPECT_THAT(diff("80 removed=drain:30s", "80 removed=close"),
                ElementsAre("frontend *:80: removed drain:30s -> close"));
    EXPECT_THAT(diff("80", "80 name=web"), ElementsAre("frontend web: name *:80 -> web"));
}

TEST(Diff, Backends) {
    EXPECT_THAT(
        diff("80 a:1 b:1 c:1", "80 a:1 weight=3 d:1 c:1"),
        ElementsAre("frontend *:80: backend a:1 weight 1 -> 3", "frontend *:80: backend d:1 added",
                    "frontend *:80: backend b:1 removed"));
    EXPECT_THAT(diff("80 [::1]:1", "80 [::1]:1 backup=true slowstart=5s"),
                ElementsAre("frontend *:80: backend [::1]:1 backup false -> true",
                            "frontend *:80: backend [::1]:1 slowstart 0s -> 5s"));
    EXPECT_THAT(diff("80 a:1 check=redis", "80 a:1"),
                ElementsAre("frontend *:80: backend a:1 check redis -> unset"));
    EXPECT_THAT(diff("80 a:1", "80 a:1 check=off"),
                ElementsAre("frontend *:80: backend a:1 check unset -> off"));
}

TEST(Diff, TheOrderOfBackendsMeansSomething) {
    EXPECT_THAT(diff("80 balance=first a:1 b:1", "80 balance=first b:1 a:1"),
                ElementsAre("frontend *:80: backends reordered"));
}

TEST(Diff, Admin) {
    Table with = table("80");
    with.admin = parse_bind("127.0.0.1:9901").value();
    EXPECT_THAT(texts(diff(table("80"), with)), ElementsAre("admin 127.0.0.1:9901"));
    EXPECT_THAT(texts(diff(with, table("80"))), ElementsAre("admin off"));
}

TEST(Diff, EverySettingIsNamed) {
    // Of two tables with the same binds, the phrases name each setting that differs and no other.
    for (unsigned seed = 0; seed < 200; ++seed) {
        Table after = RandomTable(seed).make();
        for (Frontend& frontend : after.frontends) {
            Frontend plain;
            plain.name = "plain";
            plain.bind = frontend.bind;
            std::vector<std::string> wanted;
            frontend.backends.clear();
            for (const auto& s : frontend_settings()) {
                if (s.show(plain) == s.show(frontend)) continue;
                const std::string from = s.show(plain).empty() ? "unset" : s.show(plain);
                wanted.push_back("frontend " + frontend.name + ": " + s.key + " " + from + " -> " +
                                 s.show(frontend));
            }
            EXPECT_EQ(texts(diff(Table{{plain}, {}}, Table{{frontend}, {}})), wanted) << seed;
        }
    }
}

TEST(Diff, IsEmptyOnlyOfEqualFrontends) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const Table a = RandomTable(seed).make();
        const Table b = RandomTable(seed + 1).make();
        EXPECT_THAT(diff(a, a), IsEmpty()) << seed;
        EXPECT_EQ(diff(a, b).empty(), a == b) << seed;
    }
}

std::string summary_of(const std::vector<const char*>& removed, std::size_t limit = 8) {
    std::vector<Change> changes;
    for (const char* frontend : removed)
        changes.push_back({Change::Kind::kFrontendRemoved, frontend});
    return summary(changes, limit);
}

TEST(Summary, JoinsAndCuts) {
    EXPECT_EQ(summary({}), "no change");
    EXPECT_EQ(summary_of({"a"}), "frontend a removed");
    EXPECT_EQ(summary_of({"a", "b"}), "frontend a removed; frontend b removed");
    EXPECT_EQ(summary_of({"a", "b"}, 2), "frontend a removed; frontend b removed");
    EXPECT_EQ(summary_of({"a", "b", "c"}, 1), "frontend a removed; and 2 more");
    EXPECT_TRUE(summary_of(std::vector<const char*>(20, "x")).ends_with("; and 12 more"));
}
