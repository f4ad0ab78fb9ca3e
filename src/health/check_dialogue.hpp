// What a check says to a backend and makes of its answers: a state machine for each protocol, fed
// with bytes, without a socket or a clock.
//
//   connected -> open() -> bytes -> hear() -> ... -> alive or failed
//
// An answer may arrive in any pieces: hear() takes from the front of `heard` what it understands
// and leaves the rest, to be called again when there is more. Whoever feeds it sees to it that the
// backend does not send without end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "amba/core/check.hpp"
#include "amba/core/endpoint.hpp"
#include "health/secret.hpp"

namespace amba::health {

struct Step {
    enum class Kind : std::uint8_t { kMore, kAlive, kFailed } kind = Kind::kMore;
    std::string send;  // now; after the end, what ends the dialogue in order
    // Of kFailed: one line for people; of kAlive: what the server did not like, or nothing.
    std::string reason;

    static Step more(std::string send = {}) { return {Kind::kMore, std::move(send), {}}; }
    static Step alive(std::string goodbye = {}) { return {Kind::kAlive, std::move(goodbye), {}}; }
    // It answers, but does not accept who asks.
    static Step refused(std::string reason) { return {Kind::kAlive, {}, std::move(reason)}; }
    static Step failed(std::string reason) { return {Kind::kFailed, {}, std::move(reason)}; }
};

class CheckDialogue {
  public:
    virtual ~CheckDialogue() = default;
    // What is sent first; "" when the backend speaks first.
    virtual std::string open() { return {}; }
    virtual Step hear(std::string& heard) = 0;
};

// nullptr for a tcp check: that the connection was made says it all. `secret` is what its password
// file holds; nullptr: it has none.
std::unique_ptr<CheckDialogue> dialogue_of(const core::Check& check, const core::Endpoint& backend,
                                           const SecretPtr& secret = nullptr);

std::unique_ptr<CheckDialogue> redis_dialogue(const core::Check& check, const SecretPtr& secret);
std::unique_ptr<CheckDialogue> postgres_dialogue(const core::Check& check, const SecretPtr& secret);
std::unique_ptr<CheckDialogue> mysql_dialogue(const core::Check& check, const SecretPtr& secret);
std::unique_ptr<CheckDialogue> http_dialogue(const core::Check& check,
                                             const core::Endpoint& backend);

// The name that postgres and mysql are asked under.
std::string user_of(const core::Check& check);

}  // namespace amba::health
