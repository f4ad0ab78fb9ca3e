// The backends of a frontend, as the decisions of one connection ask for them.
#pragma once

#include "proxy/dialing.hpp"

namespace amba::proxy {

class Frontend;
class Session;
class Shared;

class FrontendCandidates final : public Candidates {
  public:
    FrontendCandidates(const Session& session, Frontend& frontend, Shared& shared) :
        session_(session), frontend_(frontend), shared_(shared) {}

    balance::Choice pick(std::span<balance::Backend* const> tried) override;
    std::size_t weighted() const override;
    bool has(const balance::Backend& backend) const override;
    bool queue_is_due() const override;
    core::Duration hedge_after() const override;
    std::uint64_t draw() override;

  private:
    const Session& session_;
    Frontend& frontend_;
    Shared& shared_;
};

}  // namespace amba::proxy
