// Who is asked, and what an answer means.
#include "daemon/predecessor.hpp"

#include <sys/stat.h>

#include <chrono>
#include <thread>
#include <utility>

#include "amba/admin/client.hpp"
#include "amba/core/text.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;
using core::Result;

namespace {

constexpr core::Duration kAnswerTime = 5s;
// One that is busy has this long: with its start, with a table, with another one that takes over.
constexpr auto kPatience = 20s;
constexpr auto kAskEvery = 50ms;
constexpr auto kReceiveTime = 20s;
// Longer than the other waits for a word.
constexpr auto kYoursTime = 40s;
constexpr auto kLastWord = 2s;

// Told to the other, which compares it with its own; 0: /proc does not say.
std::uint64_t network_namespace() {
    struct stat info {};
    return ::stat("/proc/self/ns/net", &info) == 0 ? info.st_ino : 0;
}

}  // namespace

Predecessor::Answer Predecessor::ask_at(const std::string& socket) {
    const std::string target = "/takeover?netns=" + std::to_string(network_namespace());
    auto answer = admin::ask_to_upgrade(socket, target, handover::kProtocol, kAnswerTime);
    // It may be about to end.
    if (!answer) return {Answer::Kind::kBusy, answer.error().reason};
    const auto& [status, body] = answer->response;
    if (answer->connection) {
        std::unique_ptr<Predecessor> found(new Predecessor(std::move(answer->connection)));
        const auto received = found->receive();
        if (received) return {Answer::Kind::kYes, "", std::move(found)};
        // It may have been asked by another one at the same moment.
        const bool busy = found->channel_.has_ended();
        return {busy ? Answer::Kind::kBusy : Answer::Kind::kNo, received.error().reason};
    }
    if (status == 0) return {Answer::Kind::kNobody, ""};
    if (status == 404) return {Answer::Kind::kNo, "its version cannot hand over; end it first"};
    return {status == 503 ? Answer::Kind::kBusy : Answer::Kind::kNo,
            core::one_line(body.substr(0, body.find('\n')))};
}

Result<std::unique_ptr<Predecessor>> Predecessor::ask(const volume::Paths& paths) {
    const core::Time until = core::Clock::now() + kPatience;
    while (true) {
        Answer answer = ask_at(paths.socket());
        const std::string hidden = paths.hidden_socket();
        if (answer.kind == Answer::Kind::kNobody && !hidden.empty()) answer = ask_at(hidden);
        using enum Answer::Kind;
        if (answer.kind == kYes || answer.kind == kNobody) return std::move(answer.found);
        if (answer.kind == kNo || core::Clock::now() > until) {
            return core::error("the ambassador of this volume does not hand over: " + answer.why);
        }
        std::this_thread::sleep_for(kAskEvery);
    }
}

Result<void> Predecessor::receive() {
    const core::Time until = core::Clock::now() + kReceiveTime;
    if (auto sent = channel_.send(handover::kHello, until); !sent) return sent;
    handover::Texts texts;
    for (std::string* text : {&texts.main, &texts.active, &texts.kept, &texts.status}) {
        auto got = channel_.receive(handover::kMostText, until);
        if (!got) return got.error();
        *text = std::move(*got);
    }
    auto handover = from_texts(texts, core::Clock::now());
    if (!handover) return handover.error();
    handover_ = std::move(*handover);
    auto descriptors = channel_.receive_descriptors(handover_.sockets.size(), until);
    if (!descriptors) return descriptors.error();
    descriptors_ = std::move(*descriptors);
    return {};
}

std::string Predecessor::may_serve() {
    const core::Time until = core::Clock::now() + kYoursTime;
    const auto sent = channel_.send(handover::kReady, until);
    const auto word = channel_.receive(handover::kMostText, until);
    // What it had is nobody's but this one's, when it has died without a word.
    if (!word && channel_.has_ended()) return {};
    if (!word) {
        return "the other ambassador: " + (sent ? word.error().reason : sent.error().reason);
    }
    if (*word == handover::kYours) return {};
    return "the other ambassador has given up, and goes on";
}

std::string Predecessor::serves(const std::vector<core::Bind>& spare) {
    const core::Time until = core::Clock::now() + kLastWord;
    std::string list;
    for (const core::Bind& bind : spare)
        list += bind.to_string() + "\n";
    if (channel_.send(handover::kServes, until)) (void)channel_.send(list, until);
    // It closes the connection when it has left its sockets.
    const auto word = channel_.receive(handover::kMostText, until);
    if (!word) return {};
    return "the other ambassador has given up, and goes on";
}

}  // namespace amba::daemon
