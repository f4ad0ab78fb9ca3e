// One pass: lines into instructions, instructions into stages, and then up from the stage that
// counts.
#include "fleet/dockerfile.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "amba/core/endpoint.hpp"

namespace amba::fleet {

namespace {

using Variables = std::map<std::string, std::string>;

std::string upper(std::string text) {
    for (char& c : text)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

// "END" of "RUN <<-'END' sh", or "".
std::string heredoc_of(const std::string& line) {
    const std::size_t at = line.find("<<");
    const std::string instruction = upper(line.substr(0, line.find_first_of(" \t")));
    if (at == std::string::npos || (instruction != "RUN" && instruction != "COPY")) return {};
    std::string word;
    for (std::size_t i = at + 2; i < line.size(); ++i) {
        const char c = line[i];
        if (word.empty() && (c == '-' || c == '"' || c == '\'')) continue;
        const bool letter =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!letter) break;
        word += c;
    }
    return word;
}

// One for each instruction, on one line.
std::vector<std::string> instructions_of(std::string_view text) {
    std::vector<std::string> all;
    char escape = '\\';
    std::string open;     // an instruction that goes on
    std::string heredoc;  // the word that ends it
    std::istringstream in{std::string(text)};
    for (std::string raw; std::getline(in, raw);) {
        std::string line = trimmed(raw);
        if (!heredoc.empty()) {
            if (line == heredoc) heredoc.clear();
            continue;
        }
        if (line.starts_with('#')) {
            if (all.empty() && upper(line).find("ESCAPE=`") != std::string::npos) escape = '`';
            continue;
        }
        if (line.empty()) continue;
        const bool goes_on = line.back() == escape;
        if (goes_on) line.pop_back();
        open += line + " ";
        if (goes_on) continue;
        all.push_back(trimmed(open));
        heredoc = heredoc_of(all.back());
        open.clear();
    }
    if (!open.empty()) all.push_back(trimmed(open));
    return all;
}

// $NAME, ${NAME}, ${NAME:-default} and ${NAME-default}; nullopt: one has no value.
std::optional<std::string> replaced(const std::string& text, const Variables& variables) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '$') {
            out += text[i];
            continue;
        }
        const bool braces = i + 1 < text.size() && text[i + 1] == '{';
        std::size_t begin = i + (braces ? 2 : 1);
        std::size_t end = begin;
        while (end < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
            ++end;
        const auto found = variables.find(text.substr(begin, end - begin));
        std::optional<std::string> value;
        if (found != variables.end() && !found->second.empty()) value = found->second;
        if (braces) {
            const std::size_t close = text.find('}', end);
            if (close == std::string::npos) return std::nullopt;
            const std::string rest = text.substr(end, close - end);
            const std::size_t dash = rest.find('-');
            if (!value && dash != std::string::npos && dash <= 1) value = rest.substr(dash + 1);
            end = close + 1;
        }
        if (!value) return std::nullopt;
        out += *value;
        i = end - 1;
    }
    return out;
}

// "NAME=VALUE OTHER=..." and, of ENV, "NAME VALUE".
void set(Variables& variables, const std::vector<std::string>& words, bool env) {
    if (env && words.size() >= 2 && words[0].find('=') == std::string::npos) {
        variables[words[0]] = words[1];
        return;
    }
    for (const std::string& word : words) {
        const std::size_t sign = word.find('=');
        if (sign == std::string::npos) continue;
        std::string value = word.substr(sign + 1);
        std::erase_if(value, [](char c) { return c == '"' || c == '\''; });
        if (const auto known = replaced(value, variables)) variables[word.substr(0, sign)] = *known;
    }
}

struct BuildStage {
    std::string base;
    std::string name;
    DockerfilePorts ports;
    Variables variables;
};

// "80", "80/tcp", "8000-8010"; of a range the first and the last.
void expose(BuildStage& stage, const std::string& word) {
    const auto known = replaced(word, stage.variables);
    if (!known) {
        stage.ports.unknown = word;
        return;
    }
    const std::size_t slash = known->find('/');
    if (slash != std::string::npos && upper(known->substr(slash + 1)) != "TCP") return;
    const std::string range = known->substr(0, slash);
    const std::size_t dash = range.find('-');
    const auto first = core::parse_port(range.substr(0, dash));
    if (first) stage.ports.tcp.push_back(*first);
    if (dash == std::string::npos) return;
    if (const auto last = core::parse_port(range.substr(dash + 1)))
        stage.ports.tcp.push_back(*last);
}

// FROM [--platform=...] IMAGE [AS NAME]
BuildStage stage_of(const std::vector<std::string>& words, const Variables& before) {
    BuildStage stage;
    std::size_t at = 0;
    while (at < words.size() && words[at].starts_with("--"))
        ++at;
    if (at < words.size()) stage.base = replaced(words[at], before).value_or("");
    if (at + 2 < words.size() && upper(words[at + 1]) == "AS") stage.name = upper(words[at + 2]);
    stage.variables = before;
    return stage;
}

std::vector<BuildStage> stages_of(std::string_view text) {
    std::vector<BuildStage> stages;
    Variables before;  // ARG before the first FROM
    for (const std::string& line : instructions_of(text)) {
        std::vector<std::string> words = words_of(line);
        if (words.empty()) continue;
        const std::string instruction = upper(words[0]);
        words.erase(words.begin());
        if (instruction == "FROM") {
            stages.push_back(stage_of(words, before));
        } else if (instruction == "ARG" || instruction == "ENV") {
            set(stages.empty() ? before : stages.back().variables, words, instruction == "ENV");
        } else if (instruction == "EXPOSE" && !stages.empty()) {
            for (const std::string& word : words)
                expose(stages.back(), word);
        }
    }
    return stages;
}

}  // namespace

DockerfilePorts dockerfile_ports(std::string_view text, std::string_view target) {
    const std::vector<BuildStage> stages = stages_of(text);
    DockerfilePorts all;
    if (stages.empty()) return all;
    const auto before = [&](const std::string& name, std::size_t end) {
        for (std::size_t i = end; i-- > 0;) {
            if (stages[i].name == upper(name)) return i;
        }
        return stages.size();
    };
    std::size_t at = target.empty() ? stages.size() : before(std::string(target), stages.size());
    if (at == stages.size()) at = stages.size() - 1;
    while (at < stages.size()) {
        const BuildStage& stage = stages[at];
        all.tcp.insert(all.tcp.end(), stage.ports.tcp.begin(), stage.ports.tcp.end());
        if (all.unknown.empty()) all.unknown = stage.ports.unknown;
        all.base = stage.base;
        at = before(stage.base, at);
    }
    return all;
}

}  // namespace amba::fleet
