// Tables made from a seed: valid, in the form that normalise() leaves, and with every setting away
// from its default now and then.
#pragma once

#include <gtest/gtest.h>

#include <random>

#include "amba/table/validate.hpp"

namespace amba::table {

class RandomTable {
  public:
    explicit RandomTable(unsigned seed) : random_(seed) {}

    Table make() {
        Table table;
        const int count = below(6);
        for (int i = 0; i < count; ++i)
            table.frontends.push_back(frontend(i));
        if (below(3) == 0) table.admin = bind(9);
        EXPECT_FALSE(normalise(table));
        return table;
    }

  private:
    int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
    bool rarely() { return below(3) == 0; }
    Duration time(int least) {
        constexpr std::int64_t kUnits[] = {1, 1'000, 60'000, 3'600'000};
        return Duration(least + below(900) * kUnits[below(4)]);
    }
    CheckType check() { return static_cast<CheckType>(below(6)); }

    // Distinct for each index below 10.
    Bind bind(int index) {
        const auto port = static_cast<std::uint16_t>(1000 * (index + 1) + below(500));
        const auto low = static_cast<std::uint8_t>(1 + below(250));
        switch (below(4)) {
            case 0: return {true, {core::Address::v6({}), port}};
            case 1: return {false, {core::Address::v4({127, 127, 0, low}), port}};
            case 2:
                return {false,
                        {core::Address::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, low}),
                         port}};
            default: return {false, {core::Address(), port}};
        }
    }

    Backend backend(int index) {
        Backend out;
        const std::string low = std::to_string(index + 1);
        const char* const hosts[] = {"redis", "10.0.0.", "2001:db8::", "my_project.db-"};
        out.host = hosts[below(4)] + low;
        out.port = static_cast<std::uint16_t>(1 + below(65535));
        if (rarely()) {
            out.host = "_redis._tcp.example" + low;
            out.port = 0;
            out.srv = true;
        }
        if (rarely()) out.weight = below(kMaxWeight + 1);
        if (rarely()) out.backup = true;
        if (rarely()) out.maxconn = below(1'000'000'001);
        if (rarely()) out.check = check();
        if (rarely()) out.slowstart = time(0);
        return out;
    }

    // What the protocols are asked.
    void ask(Check& out) {
        const std::string low = std::to_string(below(100));
        if (rarely()) out.fastinter = time(0);
        if (rarely()) out.downinter = time(0);
        if (rarely()) out.role = CheckRole::kPrimary;
        if (rarely()) out.user = "monitor-" + low;
        if (rarely()) out.database = "shop";
        if (rarely()) out.password_file = "/run/secrets/redis " + low;
        if (rarely()) out.method = static_cast<CheckMethod>(below(3));
        if (rarely()) out.path = "/health?deep=" + low;
        if (rarely()) out.host = "www" + low + ".example.org";
        if (rarely()) out.expect_least = 100 + below(300);
        if (rarely()) out.expect_most = out.expect_least + below(200);
    }

    Frontend frontend(int index) {
        Frontend out;
        out.bind = bind(index);
        if (rarely()) out.name = "frontend-" + std::to_string(index);
        if (rarely()) out.balance = static_cast<Algorithm>(below(5));
        if (rarely()) out.maxconn = below(1'000'000'001);
        if (rarely()) out.empty = Empty::kHold;
        if (rarely()) out.removed.kind = static_cast<Removed::Kind>(below(3));
        if (out.removed.kind == Removed::Kind::kDrain) out.removed.drain = time(0);
        if (rarely()) out.retries = below(101);
        if (rarely()) out.resolve = time(1000);
        if (rarely()) out.hold = rarely() ? std::nullopt : std::optional(time(0));
        if (rarely()) out.family_both = true;
        if (rarely()) out.hedge = false;
        if (rarely()) out.observe = false;
        if (rarely()) out.error_limit = 1 + below(1000);
        if (rarely()) out.max_ejected = below(101);
        if (rarely()) out.close_on_marked_down = true;
        if (rarely()) out.check = {check(), time(1), 1 + below(100), 1 + below(100), time(1)};
        if (rarely()) ask(out.check);
        if (rarely()) out.timeouts = {time(1), time(0), time(0)};
        const int backends = below(5);
        for (int i = 0; i < backends; ++i)
            out.backends.push_back(backend(i));
        return out;
    }

    std::mt19937 random_;
};

}  // namespace amba::table
