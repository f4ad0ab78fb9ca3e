// Any bytes as config.json: parsed without a crash, and what is accepted is printed and read back
// as the same table.
#include <cstdlib>
#include <string_view>

#include "amba/table/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto document = amba::table::parse_json({reinterpret_cast<const char*>(data), size});
    if (!document) {
        if (document.error().reason.empty()) std::abort();
        return 0;
    }
    const auto again = amba::table::parse_json(amba::table::to_json(document->table));
    if (!again || !(again->table == document->table)) std::abort();
    return 0;
}
