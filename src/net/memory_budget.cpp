// How often the control group is looked at, and how much of it is kept.
#include "amba/net/memory_budget.hpp"

#include <algorithm>

#include "net/cgroup_memory.hpp"

namespace amba::net {

using namespace std::chrono_literals;

namespace {

// A connection takes less, unless its bytes wait for a slow reader.
constexpr std::uint64_t kConnection = 16 * 1024;
constexpr std::uint32_t kMostGranted = 1000;
constexpr std::uint64_t kMostKept = std::uint64_t{8} << 20;
// Where there was no room there is none in the same moment.
constexpr auto kPause = 10ms;

}  // namespace

MemoryBudget::MemoryBudget(std::unique_ptr<CgroupMemory> memory) : memory_(std::move(memory)) {}

MemoryBudget::~MemoryBudget() = default;

MemoryBudget& MemoryBudget::of_process() {
    static MemoryBudget instance(std::make_unique<CgroupMemory>());
    return instance;
}

std::optional<MemoryBudget::Room> MemoryBudget::room() const {
    const auto use = memory_->look();
    if (!use) return std::nullopt;
    const std::uint64_t usable = use->limit - std::min(use->limit / 4, kMostKept);
    return Room{use->limit, usable, usable - std::min(usable, use->used)};
}

bool MemoryBudget::look(core::Time now) {
    if (now < looked_at_ + kPause) return false;
    const auto room = this->room();
    limit_ = room ? room->limit : 0;
    // Half of what is left: each look allows for an error of the one before.
    const std::uint64_t fit = room ? room->left / kConnection / 2 : kMostGranted;
    granted_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(fit, kMostGranted));
    if (granted_ == 0) looked_at_ = now;
    return granted_ > 0;
}

bool MemoryBudget::is_half_free(core::Time now) {
    if (now < asked_at_ + kPause) return false;
    asked_at_ = now;
    const auto room = this->room();
    return !room || room->left >= room->usable / 2;
}

std::string MemoryBudget::limit() const {
    return std::to_string(limit_ >> 20) + " MB";
}

}  // namespace amba::net
