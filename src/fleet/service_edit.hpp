// ServiceEdit: edits of the lines of one service, collected; what the editors of links, ports and
// volumes share. Each way of removing or replacing refuses what others would lose by it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fleet/compose.hpp"
#include "fleet/yaml_lines.hpp"

namespace amba::fleet {

class ServiceEdit {
  public:
    // All outlive it.
    ServiceEdit(const YamlLines& lines, const ComposeFile& file, const ComposeService& service) :
        lines_(lines), file_(file), service_(service) {}

    std::vector<YamlEdit> take() { return std::move(edits_); }

  protected:
    using Text = std::vector<std::string>;  // lines without their ends

    core::Error refuse(const Yaml& where, const std::string& what) const;
    core::Error refuse_anchor(const Yaml& where) const;
    core::Error refuse_shared(const Yaml& where, const std::string& key) const;
    // An anchor in it, or its own, that an alias stands for; or nullptr.
    const Yaml* aliased(const Yaml& value) const;

    // An entry goes with the comma before it, or after it where none before it stays.
    core::Result<void> remove_flow(const Yaml& value, const std::set<std::size_t>& dropped);
    // Comments on lines of their own stay, unless they are somewhere else already.
    core::Result<void> replace(const YamlPair& pair, Text with, bool comments = true);
    // The whole list in brackets, in place of `pair` or, where that is null, as a new key.
    core::Result<void> write_list(const std::string& key, const YamlPair* pair, const Yaml& list);
    // Of two blank lines around it one goes too.
    void remove(YamlSpan span);
    void insert(std::size_t line, const Text& text);

    std::size_t end() const;     // the line after the service's last key
    std::string margin() const;  // before its keys
    std::string step() const;    // as deep as the service's keys are below its name

    const YamlLines& lines_;
    const ComposeFile& file_;
    const ComposeService& service_;
    std::vector<YamlEdit> edits_;

  private:
    std::string joined(const Text& text) const;
};

}  // namespace amba::fleet
