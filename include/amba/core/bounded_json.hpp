// Parses JSON from outside into a tree, once its depth and its size are known to be bounded: a text
// of 64 MB may stand for gigabytes, and whoever walks a deeply nested tree by recursion runs out of
// stack.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace amba::core {

struct JsonBounds {
    int depth = 16;
    std::size_t values = 1'000'000;  // elements and members
};

namespace bounded_json {

class Measure : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit Measure(JsonBounds bounds) : left_(bounds) {}
    bool null() override { return one(); }
    bool boolean(bool) override { return one(); }
    bool number_integer(std::int64_t) override { return one(); }
    bool number_unsigned(std::uint64_t) override { return one(); }
    bool number_float(double, const std::string&) override { return one(); }
    bool string(std::string&) override { return one(); }
    bool binary(nlohmann::json::binary_t&) override { return one(); }
    bool key(std::string&) override { return true; }
    bool start_object(std::size_t) override { return --left_.depth >= 0 && one(); }
    bool start_array(std::size_t) override { return --left_.depth >= 0 && one(); }
    bool end_object() override { return ++left_.depth >= 0; }
    bool end_array() override { return ++left_.depth >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    bool one() { return left_.values-- > 0; }
    JsonBounds left_;
};

}  // namespace bounded_json

// The result is discarded (is_discarded()) when the text is not JSON, or is deeper or larger than
// it may be.
inline nlohmann::json parse_bounded(std::string_view text, JsonBounds bounds = {}) {
    bounded_json::Measure measure(bounds);
    if (!nlohmann::json::sax_parse(text, &measure)) {
        return nlohmann::json(nlohmann::json::value_t::discarded);
    }
    return nlohmann::json::parse(text, nullptr, false);
}

}  // namespace amba::core
