// Slabs are aligned to their size, so that a block's address says whose it is.
#include "proxy/block_pool.hpp"

#include <sys/mman.h>

#include <new>
#include <utility>

namespace amba::proxy {

namespace {

constexpr std::size_t kSlab = 64 * 1024;
constexpr std::size_t kAlignment = alignof(std::max_align_t);

constexpr std::size_t aligned(std::size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
}

std::uintptr_t address_of(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
}

// A map of twice the size has an aligned half; the rest is given back.
std::byte* map_aligned() {
    void* const whole =
        ::mmap(nullptr, 2 * kSlab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (whole == MAP_FAILED) throw std::bad_alloc();
    auto* const from = static_cast<std::byte*>(whole);
    const std::size_t before = (kSlab - address_of(whole) % kSlab) % kSlab;
    if (before > 0) ::munmap(from, before);
    ::munmap(from + before + kSlab, kSlab - before);
    return from + before;
}

}  // namespace

BlockPool::BlockPool(std::size_t size) :
    size_(aligned(size)),
    blocks_(static_cast<std::uint32_t>((kSlab - aligned(sizeof(Slab))) / size_)) {}

BlockPool::~BlockPool() {
    for (Slabs* list : {&with_room_, &full_}) {
        while (!list->empty()) {
            Slab& slab = list->front();
            list->pop_front();
            unmap(slab);
        }
    }
}

BlockPool::Slab& BlockPool::map_slab() {
    auto* const slab = new (map_aligned()) Slab;
    ++slabs_;
    return *slab;
}

void BlockPool::unmap(Slab& slab) {
    slab.~Slab();
    ::munmap(&slab, kSlab);
    --slabs_;
}

void BlockPool::trim() {
    if (empty_ == nullptr) return;
    with_room_.erase(with_room_.iterator_to(*empty_));
    unmap(*std::exchange(empty_, nullptr));
}

std::byte* BlockPool::block(Slab& slab, std::uint32_t number) const {
    return reinterpret_cast<std::byte*>(&slab) + aligned(sizeof(Slab)) + number * size_;
}

#ifdef __SANITIZE_ADDRESS__

void* BlockPool::take() {
    return ::operator new(size_);
}

void BlockPool::give_back(void* block) {
    ::operator delete(block);
}

#else

void* BlockPool::take() {
    if (with_room_.empty()) with_room_.push_back(map_slab());
    Slab& slab = with_room_.front();
    if (&slab == empty_) empty_ = nullptr;
    void* out = slab.free;
    if (slab.free != nullptr)
        slab.free = slab.free->next;
    else
        out = block(slab, slab.begun++);
    if (++slab.used == blocks_) {
        with_room_.pop_front();
        full_.push_back(slab);
    }
    return out;
}

// A slab that was full goes behind the others: those in front fill up first, and this one may
// empty.
void BlockPool::give_back(void* block) {
    auto* const begin = static_cast<std::byte*>(block) - address_of(block) % kSlab;
    Slab& slab = *std::launder(reinterpret_cast<Slab*>(begin));
    if (slab.used-- == blocks_) {
        full_.erase(full_.iterator_to(slab));
        with_room_.push_back(slab);
    }
    slab.free = new (block) Free{slab.free};
    if (slab.used > 0) return;
    if (empty_ == nullptr) {
        empty_ = &slab;
        return;
    }
    with_room_.erase(with_room_.iterator_to(slab));
    unmap(slab);
}

#endif

}  // namespace amba::proxy
