// Memory for what each connection needs for the moment in which it dials: blocks of one size, in
// slabs that are mapped for them alone (mmap(2)). From the heap they would lie between the blocks
// of connections, which last, and a burst would leave holes there that nothing else fits into. One
// slab without a block in use is kept, until trim().
//
// Under AddressSanitizer each block is one of the heap, so that it sees who uses one that is gone.
// One thread.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

namespace amba::proxy {

class BlockPool {
  public:
    explicit BlockPool(std::size_t size);
    // Frees all slabs, with the blocks that are still in use.
    ~BlockPool();
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;

    // A block, aligned for any type. Throws std::bad_alloc.
    void* take();
    void give_back(void* block);
    // Gives back to the system what is not in use.
    void trim();
    std::size_t slabs() const { return slabs_; }  // mapped now

  private:
    struct Free {
        Free* next;
    };
    struct Slab : boost::intrusive::list_base_hook<> {
        Free* free = nullptr;     // blocks that were given back
        std::uint32_t begun = 0;  // blocks that were in use once; those behind were never touched
        std::uint32_t used = 0;
    };
    using Slabs = boost::intrusive::list<Slab>;

    Slab& map_slab();
    void unmap(Slab& slab);
    std::byte* block(Slab& slab, std::uint32_t number) const;

    const std::size_t size_;
    const std::uint32_t blocks_;  // of a slab
    Slabs with_room_;
    Slabs full_;
    std::size_t slabs_ = 0;
    Slab* empty_ = nullptr;  // the one that is kept without a block in use; null: none is
};

}  // namespace amba::proxy
