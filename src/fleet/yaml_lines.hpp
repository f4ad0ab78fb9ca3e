// YamlLines: the lines that a value of a YAML document takes in its text, for edits that leave all
// other lines as they are. Knows the layout of block and flow style, nothing of Compose.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/yaml.hpp"

namespace amba::fleet {

// From begin to before end: lines from 1, or bytes from 0.
struct YamlSpan {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// Bytes to be replaced; none with begin == end, an insertion.
struct YamlEdit {
    YamlSpan bytes;
    std::string text;
};

// A flow list or mapping: its entries without the blanks around them, and its closing bracket.
struct YamlFlow {
    std::vector<YamlSpan> entries;
    std::size_t close = 0;
};

class YamlLines {
  public:
    // `text` ends with a newline, is without a byte order mark, and outlives this.
    explicit YamlLines(std::string_view text);

    std::string_view text() const { return text_; }
    std::size_t count() const { return starts_.size() - 1; }
    // Its first byte; of the line after the last, the end of the text.
    std::size_t start(std::size_t number) const { return starts_[number - 1]; }
    std::string_view line(std::size_t number) const;  // without what ends it
    bool blank(std::size_t number) const;
    // Its comment with the blanks before it, or "". Of a line that a scalar goes on through it may
    // be none: whoever asks knows that there is none.
    std::string_view comment(std::size_t number) const;
    // What ends the lines of this text.
    const std::string& newline() const { return newline_; }

    std::size_t offset(const Yaml& value) const { return start(value.line) + value.column - 1; }
    // Is there nothing but spaces before it on its line?
    bool leads(const Yaml& value) const;
    // Where the dash of this entry of a block list stands (from 0), if it leads the same line.
    std::optional<std::size_t> dash(const Yaml& item) const;

    // The lines of a pair in a block mapping whose key leads its line. Comments and blank lines
    // after it that are no deeper than the key belong to what comes next.
    YamlSpan lines_of(const YamlPair& pair) const;
    // The lines of an entry of a block list with a dash().
    YamlSpan lines_of(const Yaml& item) const;

    // nullopt: it does not begin with a bracket, or what is in it was not understood.
    std::optional<YamlFlow> flow(const Yaml& value) const;
    // The bytes of a scalar on one line, its quotes included; nullopt: of other forms.
    std::optional<YamlSpan> scalar(const Yaml& value) const;

  private:
    std::size_t indent(std::size_t number) const;
    YamlSpan entry(std::size_t first, std::size_t depth, const Yaml& value, bool key) const;

    std::string_view text_;
    std::vector<std::size_t> starts_;  // of each line, and the end
    std::string newline_;
};

// The text with the edits; nullopt when two of them overlap.
std::optional<std::string> apply(std::string_view text, std::vector<YamlEdit> edits);

}  // namespace amba::fleet
