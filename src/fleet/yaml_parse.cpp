// The tree is built from yaml-cpp's events and not from its nodes: a node does not say whether it
// is an alias, and gives the place of its anchor as its own.
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <set>
#include <sstream>

#include "fleet/yaml.hpp"

namespace amba::fleet {

using core::Error;
using core::error;
using core::Result;

namespace {

Yaml at(const YAML::Mark& mark) {
    Yaml place;
    place.line = static_cast<std::size_t>(mark.line) + 1;
    place.column = static_cast<std::size_t>(mark.column) + 1;
    return place;
}

class Builder final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ == 2) fail(at(mark), "a second document begins; expected one");
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(value(Yaml::Kind::kNull, mark, "?", anchor));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(value(Yaml::Kind::kAlias, mark, "?", anchor));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& text) override {
        Yaml made = value(Yaml::Kind::kScalar, mark, tag, anchor);
        made.text = text;
        put(std::move(made));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        open(value(Yaml::Kind::kList, mark, tag, anchor), style);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        open(value(Yaml::Kind::kMap, mark, tag, anchor), style);
    }
    void OnMapEnd() override {
        check_keys(open_.back().value);
        close();
    }

    const std::optional<Error>& fault() const { return fault_; }
    Yaml take() { return std::move(root_); }

  private:
    struct Open {
        Yaml value;
        bool has_key = false;  // of a map: its last pair waits for a value
    };

    static Yaml value(Yaml::Kind kind, const YAML::Mark& mark, const std::string& tag,
                      YAML::anchor_t anchor) {
        Yaml made = at(mark);
        made.kind = kind;
        made.tag = tag;
        made.anchor = anchor;
        return made;
    }

    void open(Yaml made, YAML::EmitterStyle::value style) {
        made.flow = style == YAML::EmitterStyle::Flow;
        open_.push_back({std::move(made), false});
    }

    void close() {
        Yaml made = std::move(open_.back().value);
        open_.pop_back();
        put(std::move(made));
    }

    void put(Yaml made) {
        if (open_.empty()) {
            if (documents_ == 1) root_ = std::move(made);
            return;
        }
        Open& top = open_.back();
        if (top.value.is_list()) {
            top.value.items.push_back(std::move(made));
        } else if (top.has_key) {
            top.value.pairs.back().value = std::move(made);
            top.has_key = false;
        } else {
            top.value.pairs.push_back({std::move(made), {}});
            top.has_key = true;
        }
    }

    void check_keys(const Yaml& map) {
        std::set<std::string_view> seen;
        for (const YamlPair& pair : map.pairs) {
            if (!pair.key.is_scalar()) {
                fail(pair.key.line == 0 ? map : pair.key, "expected a name for a key");
            } else if (!seen.insert(pair.key.text).second && pair.key.text != kMergeKey) {
                fail(pair.key, core::quote(pair.key.text) + " is there twice; expected it once");
            }
        }
    }

    void fail(const Yaml& where, const std::string& what) {
        if (!fault_) fault_ = yaml_error(where, what);
    }

    int documents_ = 0;
    std::vector<Open> open_;
    Yaml root_;
    std::optional<Error> fault_;
};

// What yaml-cpp would take for the end of the file, for another encoding, or for half a key.
std::optional<Error> unreadable(std::string_view text) {
    Yaml place;
    place.line = 1;
    place.column = 1;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\t' && place.column == 1) {
            const std::size_t next = text.find_first_not_of(" \t\r", i);
            if (next != std::string_view::npos && text[next] != '\n') {
                return yaml_error(place, "a tab begins the line; expected spaces");
            }
        }
        if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return yaml_error(place, "a control character; expected text in UTF-8");
        }
        ++place.column;
        if (c == '\n') {
            ++place.line;
            place.column = 1;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<Yaml> parse_yaml(std::string_view text) {
    if (auto fault = unreadable(text)) return *fault;
    Builder builder;
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        while (!builder.fault() && parser.HandleNextDocument(builder)) {
        }
    } catch (const YAML::Exception& fault) {
        if (fault.mark.is_null()) return error("not YAML: " + fault.msg);
        return yaml_error(at(fault.mark), "not YAML: " + fault.msg);
    }
    if (builder.fault()) return *builder.fault();
    return builder.take();
}

}  // namespace amba::fleet
