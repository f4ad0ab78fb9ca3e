// ask TIMES HOST:PORT [KEY=VALUE...]: checks a real server as the keys of a frontend say
// (check=redis check.role=primary), TIMES times one after the other, and prints each verdict that
// came, once: "alive", "nothing" or why not.
#include <boost/asio/executor_work_guard.hpp>
#include <cstdio>
#include <set>

#include "amba/table/words.hpp"
#include "health/probe.hpp"

using namespace amba;

namespace {

std::string text(const health::CheckResult& verdict) {
    switch (verdict.kind) {
        case health::CheckResult::Kind::kAlive:
            return "alive" + (verdict.reason.empty() ? "" : ", but " + verdict.reason);
        case health::CheckResult::Kind::kFailed: return verdict.reason;
        case health::CheckResult::Kind::kNothing: break;
    }
    return "nothing";
}

std::set<std::string> ask(const core::Endpoint& backend, const core::Check& check, int times) {
    health::SecretPtr secret;
    if (!check.password_file.empty()) {
        auto read = health::read_secret(check.password_file);
        if (!read) return {read.error().reason};
        secret = *read;
    }
    boost::asio::io_context loop{1};
    const auto work = boost::asio::make_work_guard(loop);
    net::Poller poller(loop);
    net::Deadlines deadlines(loop);
    std::set<std::string> verdicts;
    for (int i = 0; i < times; ++i) {
        bool over = false;
        const auto done = [&](const health::CheckResult& verdict) {
            verdicts.insert(text(verdict));
            over = true;
        };
        (new health::Probe(poller, deadlines, backend, check, done, secret))->start();
        while (!over)
            poller.run(core::Clock::now());
    }
    return verdicts;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: ask TIMES HOST:PORT [KEY=VALUE...]\n");
        return 2;
    }
    std::vector<std::string> words{"1"};
    words.insert(words.end(), argv + 3, argv + argc);
    words.emplace_back(argv[2]);
    const auto table = table::parse_words(words);
    if (!table) {
        std::fprintf(stderr, "ask: %s\n", table.error().reason.c_str());
        return 2;
    }
    const table::Frontend& frontend = table->frontends[0];
    for (const std::string& verdict :
         ask(*frontend.backends[0].literal(), frontend.check, std::atoi(argv[1]))) {
        std::printf("%s\n", verdict.c_str());
    }
    return 0;
}
