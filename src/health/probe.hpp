// One check of one backend under way: a connection, what is said on it, and a verdict.
//
//   start -> connect -> dialogue -> result -> (closed, buried)
//
// It tells its verdict once, from the poller or the deadlines, never from within start(). It frees
// itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "amba/core/check.hpp"
#include "amba/core/endpoint.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "health/check_dialogue.hpp"

namespace amba::health {

struct CheckResult {
    // kNothing: this host lacks something, or forbids the connect, which says nothing about the
    // backend (net/tcp.hpp has the errors).
    enum class Kind : std::uint8_t { kAlive, kFailed, kNothing } kind = Kind::kAlive;
    // Of the other two: one line for people; of kAlive: what the server did not like, or nothing.
    std::string reason;
};

class Probe final : public net::Pollable, public net::Deadline {
  public:
    using Done = std::function<void(const CheckResult&)>;
    static constexpr std::size_t kMostHeard = 16 * 1024;

    Probe(net::Poller& poller, net::Deadlines& deadlines, const core::Endpoint& backend,
          const core::Check& check, Done done, const SecretPtr& secret = nullptr);

    void start();
    // Without a verdict.
    void cancel();

  private:
    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override { end(early_); }
    void on_deadline() override;
    void connected();
    void take(Step step);
    void receive();
    bool send();
    void end(const CheckResult& verdict);
    void failed(std::string reason) { end({CheckResult::Kind::kFailed, std::move(reason)}); }
    void failed(int error);

    net::Poller& poller_;
    net::Deadlines& deadlines_;
    const core::Endpoint backend_;
    const core::Duration timeout_;
    const std::unique_ptr<CheckDialogue> dialogue_;
    const Done done_;
    net::Descriptor socket_;
    std::string out_;
    std::string heard_;
    std::size_t heard_in_all_ = 0;
    bool connected_ = false;
    CheckResult early_;  // known before start() returned
};

}  // namespace amba::health
