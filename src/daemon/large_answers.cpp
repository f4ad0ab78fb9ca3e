// Readers are strangers: neither a swap, nor the loop, nor the memory of the host may suffer from
// how many they are and how slowly they read.
#include "daemon/large_answers.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/give_back.hpp"

namespace amba::daemon {

namespace {

// Below the thread that makes tables ready (net::Offload).
constexpr int kNice = 15;
constexpr std::chrono::milliseconds kRetry{100};

}  // namespace

LargeAnswers::LargeAnswers(boost::asio::io_context& loop, admin::Server& server) :
    offload_(loop, kNice), server_(server), retry_(loop) {
    offload_.go_beside();
}

void LargeAnswers::ask(const std::string& kind, const char* type, Begin begin,
                       admin::Server::Respond respond) {
    // An answer that is being made already does not do: it may be of a moment before this question.
    auto round = std::find_if(waiting_.begin(), waiting_.end(),
                              [&kind](const Round& other) { return other.kind == kind; });
    if (round == waiting_.end()) {
        waiting_.push_back({kind, type, std::move(begin), {}});
        round = std::prev(waiting_.end());
    }
    round->asked.push_back(std::move(respond));
    begin_next();
}

void LargeAnswers::begin_next() {
    if (busy_ || waiting_.empty()) return;
    while (is_full() && server_.close_slowest()) {
    }
    if (is_full()) {
        retry_.expires_after(kRetry);
        return retry_.async_wait([this](boost::system::error_code error) {
            if (!error) begin_next();
        });
    }
    busy_ = true;
    auto round = std::make_shared<Round>(std::move(waiting_.front()));
    waiting_.pop_front();
    const auto text = std::make_shared<std::string>();
    offload_.run(
        [write = round->begin(), text]() mutable {
            *text = write();
            write = nullptr;  // what it was made of is freed here
        },
        [this, round, text] {
            busy_ = false;
            tell(*round, std::move(*text));
            begin_next();
        });
}

void LargeAnswers::tell(const Round& round, std::string text) {
    const admin::Reply::Text held = hold(std::move(text));
    for (const admin::Server::Respond& respond : round.asked)
        respond({200, round.type, "", held});
}

admin::Reply::Text LargeAnswers::hold(std::string text) {
    const std::size_t bytes = text.capacity();
    ++held_->texts;
    held_->bytes += bytes;
    return {new const std::string(std::move(text)),
            [held = held_, bytes, self = std::weak_ptr(self_)](const std::string* gone) {
                delete gone;
                --held->texts;
                held->bytes -= bytes;
                if (const auto answers = self.lock()) (*answers)->let_go();
            }};
}

// The last reader is done, or gone.
void LargeAnswers::let_go() {
    if (held_->texts == 0 && !busy_ && waiting_.empty()) offload_.run(give_back_heap, nullptr);
}

}  // namespace amba::daemon
