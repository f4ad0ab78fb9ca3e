// Reads, plans, edits, and holds the new text against the plan.
#include "amba/fleet/link.hpp"

#include <algorithm>

#include "amba/core/endpoint.hpp"
#include "fleet/compose.hpp"
#include "fleet/link_edit.hpp"
#include "fleet/link_plan.hpp"
#include "fleet/link_verify.hpp"
#include "fleet/yaml_lines.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view without_mark(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return text;
}

// What is to change, service by service.
struct LinkChanges {
    std::vector<LinkPlan> plans;
    std::vector<std::vector<YamlEdit>> edits;
};

Result<LinkChanges> changes_of(const ComposeFile& file, const YamlLines& lines,
                               LinkPlanner& planner) {
    LinkChanges changes;
    auto plans = planner.plan();
    if (!plans) return plans.error();
    changes.plans = std::move(*plans);
    for (std::size_t i = 0; i < file.services.size(); ++i) {
        auto edits = link_edits(lines, file, file.services[i], changes.plans[i]);
        if (!edits) return edits.error();
        changes.edits.push_back(std::move(*edits));
    }
    return changes;
}

// The text with those edits, if it then says what the plans say.
std::optional<std::string> edited(const ComposeFile& file, std::string_view text,
                                  const LinkChanges& changes) {
    std::vector<YamlEdit> all;
    for (const auto& edits : changes.edits)
        all.insert(all.end(), edits.begin(), edits.end());
    auto after = apply(text, std::move(all));
    if (after && !is_as_planned(file, changes.plans, *after)) after.reset();
    return after;
}

// The service that cannot be edited is the one that cannot be edited alone.
core::Error blame(const ComposeFile& file, std::string_view text, const LinkChanges& changes) {
    const std::string cannot =
        " cannot be edited by lines; expected keys on lines of their own, "
        "all of them deeper than its name, and no anchor that another uses";
    for (std::size_t i = 0; i < file.services.size(); ++i) {
        LinkChanges alone{std::vector<LinkPlan>(changes.plans.size()), {changes.edits[i]}};
        alone.plans[i] = changes.plans[i];
        if (edited(file, text, alone)) continue;
        const ComposeService& service = file.services[i];
        const std::string who = "service " + quote(service.name);
        if (file.aliased.contains(service.own->value.anchor)) {
            return yaml_error(service.own->key,
                              who +
                                  " has an anchor that others use: what is changed here would "
                                  "be changed there too; expected none");
        }
        return yaml_error(service.own->key, who + cannot);
    }
    return core::error("the file" + cannot);
}

// `text` ends with a newline, without a byte order mark.
Result<Linked> link_lines(std::string_view text, const LinkOptions& options) {
    const auto file = read_compose(text);
    if (!file) return file.error();
    std::vector<ComposeFile> beside;
    for (const std::string& other : options.beside) {
        auto read = read_compose(without_mark(other));
        // Its own turn tells where; here it is only known that it is another.
        if (!read) return core::error("a file beside it: " + read.error().reason);
        beside.push_back(std::move(*read));
    }
    LinkPlanner planner(*file, options, beside);
    const auto changes = changes_of(*file, YamlLines(text), planner);
    if (!changes) return changes.error();
    auto after = edited(*file, text, *changes);
    if (!after) return blame(*file, text, *changes);

    Linked linked{std::move(*after), planner.take_remarks(), planner.kept()};
    if (const YamlPair* include = file->written.find("include"); include && file->has_services) {
        linked.remarks.push_back(
            {include->key.line, "include: the files it names stay as they are"});
    }
    std::stable_sort(linked.remarks.begin(), linked.remarks.end(),
                     [](const Remark& a, const Remark& b) { return a.line < b.line; });
    return linked;
}

}  // namespace

Result<Ports> parse_ports(std::string_view text) {
    const auto root = parse_yaml(without_mark(text));
    if (!root) return root.error();
    Ports ports;
    if (root->is_null()) return ports;
    if (!root->is_map()) return yaml_error(*root, "expected SERVICE: PORT on each line");
    for (const YamlPair& pair : root->pairs) {
        std::vector<Yaml> given = pair.value.items;
        if (!pair.value.is_list()) given = {pair.value};
        std::vector<std::uint16_t>& found = ports[pair.key.text];
        for (const Yaml& one : given) {
            const auto port = core::parse_port(one.text);
            if (!port) {
                return yaml_error(one.is_null() ? pair.key : one,
                                  "port " + quote(one.text) + " of " + quote(pair.key.text) +
                                      "; expected a number from 1 to 65535");
            }
            found.push_back(*port);
        }
        if (found.empty()) {
            return yaml_error(pair.key, quote(pair.key.text) + " has no port; expected one");
        }
    }
    return ports;
}

Result<Linked> link(std::string_view compose, const LinkOptions& options) {
    const std::string_view body = without_mark(compose);
    const bool ended = body.ends_with('\n');
    const std::string_view ending = body.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
    std::string text(body);
    if (!ended) text += ending;
    auto linked = link_lines(text, options);
    if (!linked) return linked.error();
    if (!ended) linked->text.resize(linked->text.size() - ending.size());
    linked->text.insert(0, compose.substr(0, compose.size() - body.size()));
    return linked;
}

}  // namespace amba::fleet
