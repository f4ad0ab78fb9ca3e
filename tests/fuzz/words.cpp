// Any bytes as a command line: parsed without a crash, and what is accepted survives JSON.
#include <cstdlib>
#include <string>

#include "amba/table/json.hpp"
#include "amba/table/words.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    // A leading blank makes split_words() split.
    const auto table = amba::table::parse_words(amba::table::split_words({" " + text}));
    if (!table) {
        if (table.error().reason.empty()) std::abort();
        return 0;
    }
    const auto again = amba::table::parse_json(amba::table::to_json(*table));
    if (!again || !(again->table == *table)) std::abort();
    return 0;
}
