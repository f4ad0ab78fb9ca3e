// Memory for what each connection needs for the moment in which it dials: blocks of one size, some
// of which are kept. Under AddressSanitizer none is, so that it sees who uses one that was freed.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace amba::proxy {

class SpareBlocks {
  public:
    explicit SpareBlocks(std::size_t size) : size_(size) { spare_.reserve(kMost); }
    ~SpareBlocks() {
        for (void* block : spare_)
            ::operator delete(block);
    }
    SpareBlocks(const SpareBlocks&) = delete;
    SpareBlocks& operator=(const SpareBlocks&) = delete;

    void* take() {
        if (spare_.empty()) return ::operator new(size_);
        void* const block = spare_.back();
        spare_.pop_back();
        return block;
    }
    void give_back(void* block) {
        if (spare_.size() >= kMost) return ::operator delete(block);
        spare_.push_back(block);
    }

  private:
#ifdef __SANITIZE_ADDRESS__
    static constexpr std::size_t kMost = 0;
#else
    static constexpr std::size_t kMost = 8;
#endif
    const std::size_t size_;
    std::vector<void*> spare_;
};

}  // namespace amba::proxy
