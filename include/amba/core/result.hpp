// Result<T>: a value, or an Error that says what is wrong and what was expected.
//
// Errors of use (a bad word, a bad file, a port that is taken) travel as values; exceptions are
// left to the standard library and to programming errors.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace amba::core {

// What went wrong, for a person: one line without a trailing period or newline.
struct Error {
    Error() = default;  // no constructor from a string: a Result<std::string> must not guess
    std::string reason;
};

// Called by boost::system::result when value() is asked of an error: a programming error.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
    throw std::logic_error("unchecked error: " + error.reason);
}

template <class T>
using Result = boost::system::result<T, Error>;

inline Error error(std::string reason) {
    Error made;
    made.reason = std::move(reason);
    return made;
}

// Text from outside as a message may carry it: on one line (control characters become \xNN), cut
// where it is long.
std::string one_line(std::string_view text);

// The same in quotes.
std::string quote(std::string_view word);

// "REASON: strerror(code)"
Error os_error(std::string what, int code);

}  // namespace amba::core
