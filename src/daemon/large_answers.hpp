// Answers that are large and take long to make: /status, /metrics and /config of thousands of
// backends. They are made beside the loop, in a queue of their own, so that no table ever waits
// behind a reader.
//
// One is made at a time, for all who asked for it before it was begun: they share one text. What is
// being read is bounded too: beyond kMostHeld bytes the next is begun when readers have taken
// theirs, and those that are slow to do so give way (admin::Server). Once nobody reads, the memory
// goes back to the kernel.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/admin/server.hpp"
#include "amba/net/offload.hpp"

namespace amba::daemon {

class LargeAnswers {
  public:
    // Two are always allowed, whatever their size.
    static constexpr std::size_t kMostHeld = 32 * 1024 * 1024;

    // `Begin` takes what is to be told, in the loop; what it returns writes it, beside the loop.
    using Write = std::function<std::string()>;
    using Begin = std::function<Write()>;

    LargeAnswers(boost::asio::io_context& loop, admin::Server& server);

    // `kind`: whoever asks for the same may share an answer.
    void ask(const std::string& kind, const char* type, Begin begin,
             admin::Server::Respond respond);

  private:
    struct Round {
        std::string kind;
        const char* type;
        Begin begin;
        std::vector<admin::Server::Respond> asked;
    };
    // The bytes of the texts that are being read.
    struct MemoryInUse {
        std::size_t texts = 0;
        std::size_t bytes = 0;
    };
    bool is_full() const { return held_->texts >= 2 && held_->bytes > kMostHeld; }
    void begin_next();
    void tell(const Round& round, std::string text);
    admin::Reply::Text hold(std::string text);
    void let_go();

    net::Offload offload_;
    admin::Server& server_;
    boost::asio::steady_timer retry_;
    std::deque<Round> waiting_;
    bool busy_ = false;
    std::shared_ptr<MemoryInUse> held_ = std::make_shared<MemoryInUse>();
    std::shared_ptr<LargeAnswers*> self_ = std::make_shared<LargeAnswers*>(this);
};

}  // namespace amba::daemon
