#include "names/srv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace amba;
using namespace amba::names;
using namespace std::chrono_literals;
using testing::ElementsAre;

namespace {

using Bytes = std::vector<unsigned char>;

// A DNS message of a question for _a._tcp.lan and what is added to it.
class Message {
  public:
    Message() {
        bytes_ = {1, 2, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0};
        name("_a._tcp.lan");
        number(33, 2);
        number(1, 2);
    }
    Message& srv(unsigned priority, unsigned weight, unsigned port, const std::string& target,
                 std::uint32_t ttl = 60) {
        record(33, ttl);
        const std::size_t length = bytes_.size();
        number(0, 2);
        number(priority, 2);
        number(weight, 2);
        number(port, 2);
        name(target);
        bytes_[length + 1] = static_cast<unsigned char>(bytes_.size() - length - 2);
        return *this;
    }
    Message& other(unsigned type, const Bytes& data, std::uint32_t ttl) {
        record(type, ttl);
        number(static_cast<std::uint32_t>(data.size()), 2);
        bytes_.insert(bytes_.end(), data.begin(), data.end());
        return *this;
    }
    const Bytes& bytes() const { return bytes_; }

  private:
    void number(std::uint32_t value, int size) {
        while (size-- > 0)
            bytes_.push_back(static_cast<unsigned char>(value >> (8 * size)));
    }
    void name(const std::string& dotted) {
        std::size_t at = 0;
        while (at < dotted.size()) {
            const std::size_t end = std::min(dotted.find('.', at), dotted.size());
            bytes_.push_back(static_cast<unsigned char>(end - at));
            bytes_.insert(bytes_.end(), dotted.begin() + static_cast<long>(at),
                          dotted.begin() + static_cast<long>(end));
            at = end + 1;
        }
        bytes_.push_back(0);
    }
    void record(unsigned type, std::uint32_t ttl) {
        ++bytes_[7];
        number(0xc00c, 2);  // the name of the question
        number(type, 2);
        number(1, 2);
        number(ttl, 4);
    }
    Bytes bytes_;
};

core::Endpoint at(std::uint8_t last, std::uint16_t port = 6379) {
    return {core::Address::v4({10, 0, 0, last}), port};
}

TEST(ParseSrv, Records) {
    const auto parsed =
        parse_srv(Message().srv(0, 10, 6379, "one.lan").srv(5, 65535, 1, "two.lan", 30).bytes());
    ASSERT_TRUE(parsed);
    ASSERT_EQ(parsed->records.size(), 2u);
    EXPECT_EQ(parsed->records[0].target, "one.lan");
    EXPECT_EQ(parsed->records[0].port, 6379);
    EXPECT_EQ(parsed->records[0].weight, 10);
    EXPECT_EQ(parsed->records[1].priority, 5);
    EXPECT_EQ(parsed->records[1].weight, 65535);
    EXPECT_EQ(parsed->ttl, 30s);
}

TEST(ParseSrv, TtlOfAliasesCountsAndThatOfOtherRecordsDoesNot) {
    const Bytes root{0};
    EXPECT_EQ(parse_srv(Message().other(5, root, 7).srv(0, 0, 1, "a").bytes())->ttl, 7s);
    EXPECT_EQ(parse_srv(Message().other(46, root, 7).srv(0, 0, 1, "a").bytes())->ttl, 60s);
    EXPECT_EQ(parse_srv(Message().srv(0, 0, 1, "a", 0).bytes())->ttl, 1s);
    EXPECT_EQ(parse_srv(Message().srv(0, 0, 1, "a", 0x80000000).bytes())->ttl, 1s);
}

TEST(ParseSrv, NoSuchService) {
    const auto parsed = parse_srv(Message().srv(0, 0, 0, "").bytes());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->records[0].target, "");
}

TEST(ParseSrv, TornAnywhereIsMalformed) {
    const Bytes whole = Message().srv(0, 1, 2, "one.lan").other(46, {1, 2, 3}, 9).bytes();
    ASSERT_TRUE(parse_srv(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of its own, so that a read beyond it is seen.
        const Bytes torn(whole.begin(), whole.begin() + static_cast<long>(size));
        EXPECT_FALSE(parse_srv(torn)) << size;
    }
}

TEST(ParseSrv, AnyByteMayBeWrong) {
    const Bytes whole = Message().srv(0, 1, 2, "one.lan").srv(0, 1, 2, "two.lan").bytes();
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const unsigned char value : {0, 1, 0x3f, 0xc0, 0xff}) {
            Bytes bytes = whole;
            bytes[i] = value;
            parse_srv(bytes);
        }
    }
    Bytes longer = Message().srv(0, 1, 2, "one.lan").bytes();
    longer[longer.size() - 16] += 1;  // its length is more than its name
    longer.push_back(0);
    EXPECT_FALSE(parse_srv(longer));
}

TEST(PlacesOf, TheBestPriorityServesAndTheOthersAreBackups) {
    EXPECT_THAT(places_of({{7, 1, at(3)}, {2, 10, at(2)}, {2, 30, at(1)}, {9, 5, at(4)}}),
                ElementsAre(ResolvedPlace{at(1), 30, false}, ResolvedPlace{at(2), 10, false},
                            ResolvedPlace{at(3), 1, true}, ResolvedPlace{at(4), 5, true}));
    EXPECT_THAT(places_of({}), testing::IsEmpty());
}

TEST(PlacesOf, AWeightOfZeroIsHardlyEver) {
    EXPECT_THAT(places_of({{0, 0, at(1)}, {0, 100, at(2)}}),
                ElementsAre(ResolvedPlace{at(1), 1, false}, ResolvedPlace{at(2), 100, false}));
}

TEST(PlacesOf, OneEndpointTwice) {
    EXPECT_THAT(places_of({{0, 3, at(1)}, {0, 4, at(1)}, {0, 1, at(1, 80)}}),
                ElementsAre(ResolvedPlace{at(1, 80), 1, false}, ResolvedPlace{at(1), 7, false}));
    EXPECT_THAT(places_of({{5, 9, at(1)}, {0, 4, at(1)}}),
                ElementsAre(ResolvedPlace{at(1), 4, false}));
    EXPECT_THAT(places_of({{0, 4, at(1)}, {5, 9, at(1)}}),
                ElementsAre(ResolvedPlace{at(1), 4, false}));
}

}  // namespace
