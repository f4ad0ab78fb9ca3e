// Writer: asks and tells many ambassadors of one Engine at once.
//
// The Engine starts a process for each exec, some 70 ms of CPU. So where there are several to be
// asked, one helper container sees the directory that has the volumes of all of them: the Engine
// keeps each volume as a directory below one that is always the same, where those that come later
// appear by themselves. It runs `amba batch`, of the ambassadors' own image, and is spoken to over
// the Engine's API: so it works for an Engine elsewhere as it does for that of this host, and for
// ambassadors that somebody else has made. It ends with its connection. An ambassador whose volume
// is elsewhere (a bind mount, another driver, AMBA_DIR), and all of them where the helper cannot be
// had, are asked by exec.
//
// Thread-safe; one batch at a time.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/docker/engine.hpp"
#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

// Where an ambassador's volume is on the Engine's host: ROOT/NAME/_data. nullopt: not in a volume
// of the Engine's own.
struct VolumePlace {
    std::string root;
    std::string name;
};
std::optional<VolumePlace> volume_place(const docker::Container& ambassador);

class TableWriter {
  public:
    using Say = std::function<void(const std::string& line)>;  // of what goes wrong
    TableWriter(const docker::Engine& engine, Say say) : engine_(engine), say_(std::move(say)) {}

    // `heard` is called once for each question, by this thread or another, one at a time for each
    // question.
    void ask(const std::vector<VerbCall>& questions, const Heard& heard);

  private:
    using Places = std::vector<std::optional<VolumePlace>>;

    void ask_helper(const std::vector<VerbCall>& questions, std::vector<bool>& unheard,
                    const Heard& heard);
    bool open(const std::string& root, const std::vector<VerbCall>& questions);
    core::Result<std::unique_ptr<docker::Attached>> start(const std::string& root,
                                                          const std::string& image);
    bool talk(const std::vector<VerbCall>& questions, const Places& places,
              std::vector<bool>& unheard, const Heard& heard);
    bool fail(const std::string& reason);  // false
    void say_trouble();

    const docker::Engine& engine_;
    const Say say_;
    std::mutex mutex_;
    std::unique_ptr<docker::Attached> helper_;
    std::string root_;
    core::Time not_before_{};  // after a failure
    std::string trouble_;
    std::string said_;
};

}  // namespace amba::fleet
