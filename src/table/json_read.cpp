// From a text to a table or to the first thing that is wrong, with its line and column.
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "amba/table/json.hpp"
#include "amba/table/validate.hpp"
#include "table/json_fault.hpp"
#include "table/json_reader.hpp"
#include "table/locate.hpp"

namespace amba::table {

namespace {

using nlohmann::json;
using Parsed = boost::system::result<Document, JsonError>;

JsonError at_offset(std::string_view text, std::size_t offset, std::string pointer,
                    std::string reason) {
    const Position position = position_of(text, offset);
    return JsonError{position.line, position.column, std::move(pointer), std::move(reason)};
}

JsonError from_fault(std::string_view text, const Fault& fault) {
    const std::size_t offset =
        fault.offset ? *fault.offset : locate(text, fault.pointer, fault.at_key);
    return at_offset(text, offset, fault.pointer, fault.reason);
}

std::string violation_pointer(const Violation& violation) {
    if (violation.frontend < 0) return "";
    std::string pointer = child("/frontends", static_cast<std::size_t>(violation.frontend));
    if (violation.backend >= 0) {
        pointer = child(pointer + "/backends", static_cast<std::size_t>(violation.backend));
    }
    if (*violation.key != '\0') pointer = child(pointer, violation.key);
    return pointer;
}

}  // namespace

std::string JsonError::to_string() const {
    return std::to_string(line) + ":" + std::to_string(column) + ": " +
           (pointer.empty() ? "(document)" : core::one_line(pointer)) + ": " + reason;
}

Parsed parse_json(std::string_view text, const std::set<std::string>& own) {
    if (text.size() > kMaxDocumentBytes) {
        return JsonError{1, 1, "", "is larger than 64 MB"};
    }
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return JsonError{1, 1, "", "is empty; expected a JSON object with \"frontends\""};
    }
    try {
        JsonReader reader(own);
        json::sax_parse(text, &reader);
        // nlohmann takes a NUL for the end of the text and never looks at what follows.
        if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
            return at_offset(text, nul, "", "not JSON: a NUL byte");
        }
        Document document = reader.take();
        if (const auto violation = normalise(document.table)) {
            return from_fault(text, Fault{violation_pointer(*violation), violation->reason});
        }
        return document;
    } catch (const Fault& fault) {
        return from_fault(text, fault);
    } catch (const std::bad_alloc&) {
        return JsonError{1, 1, "", "needs more memory than there is"};
    }
}

}  // namespace amba::table
