// Attached: the standard streams of a container that is made for one conversation
// (Engine::attach). What is written is its standard input, lines of its standard output are read;
// what it says on standard error is kept for whoever wants to know why it has ended. When this
// goes, the container's input ends.
//
// Not thread-safe. A call that has failed makes it of no more use.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/docker/host.hpp"

namespace amba::docker {

struct EngineRequest;

class Attached {
  public:
    ~Attached();
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;

    // All of it, within `time`.
    core::Result<void> write(std::string_view bytes, core::Duration time);
    // The next line without its end, within `time`. At the end of the output the error says what
    // the container has said on standard error.
    core::Result<std::string> line(core::Duration time);

  private:
    friend class Engine;
    struct Stream;

    explicit Attached(std::unique_ptr<Stream> stream);
    static core::Result<std::unique_ptr<Attached>> open(const Host& host,
                                                        const EngineRequest& request,
                                                        core::Duration time);

    std::unique_ptr<Stream> stream_;
};

}  // namespace amba::docker
