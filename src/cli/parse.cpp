// What the verbs share of reading a command line: options that several of them have, and plain
// words for mistakes of which CLI11 speaks in its own words or not at all.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "cli/commands.hpp"

namespace amba::cli {

void VolumeOptions::add(CLI::App& app) {
    app.add_option("--dir", directory, "The volume shared with the ambassador [/run/amba]")
        ->envname("AMBA_DIR")
        ->type_name("DIR");
    app.add_option("--state-dir", state, "Where the daemon writes its files [as --dir]")
        ->envname("AMBA_STATE")
        ->type_name("DIR");
}

namespace {

// Takes one of `words` into `out`.
template <class Value>
void add_word(CLI::App& app, const std::string& name, Value& out,
              std::vector<std::pair<std::string, Value>> words, const std::string& help) {
    const auto take = [name, &out, words = std::move(words)](const std::string& text) {
        std::string expected;
        for (std::size_t i = 0; i < words.size(); ++i) {
            if (words[i].first == text) {
                out = words[i].second;
                return;
            }
            expected += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i].first;
        }
        throw CLI::ValidationError(name, core::quote(text) + "; expected " + expected);
    };
    app.add_option_function<std::string>(name, take, help);
}

}  // namespace

void LogOptions::add(CLI::App& app) {
    add_word<log::Level>(app, "--log-level", level,
                         {{"debug", log::Level::kDebug},
                          {"info", log::Level::kInfo},
                          {"warning", log::Level::kWarning},
                          {"error", log::Level::kError}},
                         "debug, info, warning or error [info]");
    app.get_option("--log-level")->type_name("LEVEL");
    add_word<log::Format>(app, "--log-format", format,
                          {{"text", log::Format::kText}, {"json", log::Format::kJson}},
                          "text or json [text]");
    app.get_option("--log-format")->type_name("FORMAT");
}

void add_number(CLI::App& app, const std::string& name, std::int64_t& out, std::int64_t least,
                std::int64_t most, const std::string& help) {
    const auto take = [name, &out, least, most](const std::string& text) {
        std::int64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        if (read.ec != std::errc() || read.ptr != end || number < least || number > most) {
            const bool open = most == std::numeric_limits<std::int64_t>::max();
            throw CLI::ValidationError(
                name, core::quote(text) + "; expected a whole number, " +
                          (open ? std::to_string(least) + " or more"
                                : std::to_string(least) + " to " + std::to_string(most)));
        }
        out = number;
    };
    app.add_option_function<std::string>(name, take, help)->type_name("N");
}

namespace {

// Two things that CLI11 lets pass. "--dir=" of an unset variable takes the next word for its value:
// a directory would be named by the table's first word. A switch takes any value.
std::optional<std::string> wrong_value(const CLI::App& app, const Arguments& arguments) {
    for (const std::string& word : arguments) {
        const std::size_t sign = word.find('=');
        if (!word.starts_with("--") || sign == std::string::npos) continue;
        const CLI::Option* option = app.get_option_no_throw(word.substr(0, sign));
        if (!option) continue;
        if (sign + 1 == word.size()) {
            return core::quote(word) + " has no value; expected one behind =";
        }
        const std::string value = word.substr(sign + 1);
        const bool is_switch = option->get_expected_max() == 0 && option->get_default_str().empty();
        if (is_switch && value != "true" && value != "false") {
            return core::quote(word) + " is a switch; expected " + word.substr(0, sign) + " alone";
        }
    }
    return std::nullopt;
}

// An empty word is a variable that is not set. Where that is the custom it stands for the default.
std::optional<std::string> empty_value(const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
        const std::string name = option->get_name();
        if (name == "TABLE" || name == "--host" || name.find("--project") != std::string::npos) {
            continue;
        }
        for (const std::string& value : option->results()) {
            if (!value.empty()) continue;
            const std::string type = option->get_type_name();
            return name + ": \"\" is empty; expected " +
                   (type.empty() || type == "TEXT" ? "a " + name : "a " + type);
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<int> parse(CLI::App& app, Arguments arguments) {
    const std::string more = "; see amba " + app.get_name() + " --help";
    if (const auto wrong = wrong_value(app, arguments)) return fail(kWrong, *wrong + more);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        print(app.help());
        return kDone;
    } catch (const CLI::ParseError& error) {
        return fail(kWrong, error.what() + more);
    }
    if (const auto wrong = empty_value(app)) return fail(kWrong, *wrong + more);
    return std::nullopt;
}

}  // namespace amba::cli
