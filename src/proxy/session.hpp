// One connection: the story from accept to finish.
//
//   start -> dial (one backend after the other) -> relay -> finish
//                                                    \-> linger: a side aborted; what it sent
//                                                        before is handed on, at most 1 s -> finish
//
// Every way out goes through finish(), which counts, closes and unlinks. A session is owned by its
// frontend's list until then and freed by the poller.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/core/outcome.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "proxy/relay.hpp"

namespace amba::proxy {

class Frontend;

using SessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Session final : public net::Pollable, public net::Deadline, public SessionHook {
  public:
    Session(Frontend& frontend, Shared& shared, net::Descriptor client);
    void start();

    const balance::Backend* backend() const { return backend_.get(); }
    balance::BackendPtr take_backend() { return std::move(backend_); }
    // Its backend takes no connections any more: dials another one, or resets what is established.
    void leave_backend(core::EndedBy by);
    // Resets both sides.
    void abort(core::EndedBy by);

    std::uint64_t bytes_up() const { return relay_.bytes_up(); }
    std::uint64_t bytes_down() const { return relay_.bytes_down(); }

  private:
    using Backends = std::vector<balance::Backend*>;
    enum class End : std::uint8_t { kClose, kReset };

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override { relay(); }
    void on_deadline() override;

    // The backends that failed this connection; hardly ever any.
    const Backends& failed() const;
    void dial_next();
    bool dial(balance::Backend& backend, core::Time try_deadline);
    void dial_ready(std::uint32_t events);
    void dial_failed(int error);
    balance::BackendPtr leave_dial();
    void remember_failure(balance::Backend& backend);
    void give_up(core::EndedBy by);
    void connected();
    void relay();
    void linger();
    void finish(core::Outcome outcome, End end);

    Frontend& frontend_;
    Shared& shared_;
    net::Descriptor client_;
    net::Descriptor server_;
    balance::BackendPtr backend_;
    std::unique_ptr<Backends> failed_;
    Relay relay_;
    // While connecting: when all tries must be over. Then: when bytes last moved, as far as a
    // time-out asks. While lingering: when that must be over.
    core::Time moment_;
    Relay::Verdict verdict_ = Relay::Verdict::kRunning;
    bool dialing_ = true;
    bool lingering_ = false;
    bool kept_alive_ = false;
};

}  // namespace amba::proxy
