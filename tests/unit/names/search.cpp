// In which order DNS is asked for a name in several domains, and when the search ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "names/lookup.hpp"

using amba::names::Search;
using testing::ElementsAre;
using enum Search::Failure;

namespace {

// The names that are asked for when they are answered like this, one after the other.
std::vector<std::string> asked(Search search, std::vector<Search::Failure> said) {
    std::vector<std::string> out{search.current()};
    for (const Search::Failure one : said) {
        if (!search.next(one)) {
            out.push_back("end");
            break;
        }
        out.push_back(search.current());
    }
    return out;
}

const std::vector<std::string> kDomainsFirst{"db.a", "db.b", "db.c", "db"};
const std::vector<std::string> kItselfFirst{"db", "db.a", "db.b"};

TEST(Search, GoesOnWhereThereIsNoRecordAndWhereServersFail) {
    EXPECT_THAT(asked({"db", kDomainsFirst}, {kNoRecord, kFailed, kNoRecord, kFailed}),
                ElementsAre("db.a", "db.b", "db.c", "db", "end"));
}

TEST(Search, AfterSilenceTheNameAsItIsIsTheOnlyOneLeft) {
    EXPECT_THAT(asked({"db", kDomainsFirst}, {kSilence, kSilence}),
                ElementsAre("db.a", "db", "end"));
    EXPECT_THAT(asked({"db", kDomainsFirst}, {kFailed, kNoRecord, kSilence, kNoRecord}),
                ElementsAre("db.a", "db.b", "db.c", "db", "end"));
    EXPECT_THAT(asked({"db", kItselfFirst}, {kSilence, kSilence}),
                ElementsAre("db", "db.a", "end"));
}

TEST(Search, NobodyStepsInForTheOneThatIsKnown) {
    EXPECT_THAT(asked({"db", kDomainsFirst, "db.b"}, {kFailed, kFailed}),
                ElementsAre("db.a", "db.b", "end"));
    EXPECT_THAT(asked({"db", kDomainsFirst, "db.b"}, {kNoRecord, kSilence}),
                ElementsAre("db.a", "db.b", "end"));
    EXPECT_THAT(asked({"db", kDomainsFirst, "db.b"}, {kNoRecord, kNoRecord, kNoRecord}),
                ElementsAre("db.a", "db.b", "db.c", "db"));
    EXPECT_THAT(asked({"db", kItselfFirst, "db"}, {kFailed}), ElementsAre("db", "end"));
}

}  // namespace
