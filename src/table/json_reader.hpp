// Makes a Document while its text is read: no tree of the text is ever built, so that what is wrong
// costs no more memory than the table that was read before it, and depth costs nothing at all,
// since every object has its place.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "amba/table/json.hpp"
#include "table/binds.hpp"

namespace amba::table {

// Throws a Fault at the first thing that is wrong.
class JsonReader : public nlohmann::json_sax<nlohmann::json> {
  public:
    explicit JsonReader(const std::set<std::string>& own_keys) : own_keys_(own_keys) {}

    Document take() { return std::move(document_); }

    bool null() override { return value(nullptr); }
    bool boolean(bool read) override { return value(read); }
    bool number_integer(std::int64_t read) override { return value(read); }
    bool number_unsigned(std::uint64_t read) override { return value(read); }
    bool number_float(double read, const std::string&) override { return value(read); }
    bool string(std::string& read) override { return value(std::move(read)); }
    bool binary(nlohmann::json::binary_t&) override { return true; }  // not in a text
    bool start_object(std::size_t) override;
    bool start_array(std::size_t) override;
    bool key(std::string& name) override;
    bool end_object() override;
    bool end_array() override;
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& failure) override;

  private:
    enum class Place { kDocument, kFrontends, kFrontend, kGroup, kBackends, kBackend, kWords };
    struct Level {
        Place place;
        int slot = -1;            // which key, as slot_of() numbers them
        std::uint64_t given = 0;  // slots that were given
        std::string key;
        std::size_t index = 0;  // of an array
        const char* group = "";
    };

    bool value(const nlohmann::json& read);
    bool open(Place place, const char* group = "");
    bool next();
    std::string here(std::size_t levels) const;
    std::string here() const { return here(open_.size()); }
    int slot_of(const Level& level, const std::string& key) const;
    [[noreturn]] void refuse(const nlohmann::json& read, const char* expected) const;

    void document_value(const nlohmann::json& read);
    void frontend_value(const nlohmann::json& read);
    void backend_value(const nlohmann::json& read);
    void frontend_ends();
    Frontend& frontend() { return document_.table.frontends.back(); }

    const std::set<std::string>& own_keys_;
    Document document_;
    std::vector<Level> open_;
    Backend backend_;
    Binds binds_;
};

}  // namespace amba::table
