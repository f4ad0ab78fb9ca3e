// malloc_trim(3) for the heap, madvise(2) for the pages of the program.
#include "daemon/give_back.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace amba::daemon {

namespace {

// For dl_iterate_phdr(3), which calls it for the program itself first.
int drop_read_only(dl_phdr_info* program, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int i = 0; i < program->dlpi_phnum; ++i) {
        const auto& part = program->dlpi_phdr[i];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
        const std::uintptr_t from = (program->dlpi_addr + part.p_vaddr) & ~(page - 1);
        const std::uintptr_t to = program->dlpi_addr + part.p_vaddr + part.p_memsz;
        // Never written to, so nothing is lost: the next access reads the file again.
        madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
    }
    return 1;
}

}  // namespace

void give_back_heap() {
    malloc_trim(0);
}

void give_back_code() {
    dl_iterate_phdr(drop_read_only, nullptr);
}

}  // namespace amba::daemon
