#include "support/daemon.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace amba::test {

std::string amba_program() {
    const char* given = std::getenv("AMBA_BIN");
    return given != nullptr && *given != '\0' ? given : AMBA_BIN_DEFAULT;
}

CommandResult run_amba(const Words& arguments, const Process::Options& options,
                       Milliseconds at_most) {
    Words command{amba_program()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Process process(command, options);
    CommandResult finished;
    finished.code = process.wait(at_most);
    finished.out = process.out();
    finished.err = process.err();
    return finished;
}

Daemon::~Daemon() {
    try {
        if (process_ && !over_) {
            const bool alive = process_->running();
            EXPECT_TRUE(alive) << "the ambassador ended before its time, code " << wait();
            process_->signal(SIGTERM);
            process_->signal(SIGTERM);  // the second one ends it at once
            const int code = wait();
            if (alive) {
                EXPECT_EQ(code, 0) << "exit code of the ambassador";
            }
        }
    } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
    }
    if (testing::Test::HasFailure()) std::printf("log of the ambassador:\n%s", log().c_str());
}

std::unique_ptr<Daemon> Daemon::beside(const Daemon& first) {
    auto second = std::make_unique<Daemon>();
    second->volume_ = first.volume_;
    second->options_ = first.options_;
    second->flags_ = first.flags_;
    second->checks_ = first.checks_;
    return second;
}

Process::Options Daemon::with_volume(Process::Options options) const {
    options.environment.emplace("AMBA_DIR", volume_->path());
    return options;
}

Words Daemon::as_asked(const Words& table) const {
    Words out;
    bool frontend = true;
    for (const std::string& word : table) {
        out.push_back(word);
        if (frontend && !checks_) out.emplace_back("check=off");
        frontend = word == "+";
    }
    return out;
}

void Daemon::launch(const Words& table) {
    if (process_ && process_->running()) throw std::logic_error("it runs already");
    Words command{amba_program(), "run"};
    command.insert(command.end(), flags_.begin(), flags_.end());
    const Words words = as_asked(table);
    command.insert(command.end(), words.begin(), words.end());
    process_ = std::make_unique<Process>(command, with_volume(options_));
    over_ = false;
}

void Daemon::run(const Words& table) {
    launch(table);
    const auto serves = [&] {
        const std::string said = log();
        for (const char* event : {" applied: ", " wait: ", "\"applied\"", "\"wait\""}) {
            if (said.find(event) != std::string::npos) return true;
        }
        return false;
    };
    const bool ready = eventually([&] { return serves() || !process_->running(); });
    if (!ready || !process_->running()) {
        throw std::runtime_error("the ambassador does not start:\n" + log());
    }
    // Its files are written a moment after the table serves. Where they cannot be, that is not
    // waited for: such a test launches it.
    if (log().find("applied") == std::string::npos) return;
    const auto judged = [&] {
        const nlohmann::json told = verdict()["daemon"];
        return told.is_string() && log().find(told.get<std::string>()) != std::string::npos;
    };
    if (!eventually(judged)) throw std::runtime_error("no verdict:\n" + log());
}

CommandResult Daemon::amba(const Words& arguments, const std::string& input) const {
    Process::Options options = with_volume({});
    for (const char* name : {"AMBA_DIR", "AMBA_STATE"}) {
        const auto given = options_.environment.find(name);
        if (given != options_.environment.end()) options.environment[name] = given->second;
    }
    options.input = input;
    Words patient = arguments;
    // Less than kPatience: the helper is to say itself what it waited for.
    std::replace(patient.begin(), patient.end(), std::string("--wait"), std::string("--wait=50s"));
    return run_amba(patient, options);
}

void Daemon::reconfigure(const Words& table) const {
    Words arguments{"reconfigure", "--wait"};
    const Words words = as_asked(table);
    arguments.insert(arguments.end(), words.begin(), words.end());
    const CommandResult done = amba(arguments);
    if (done.code != 0) throw std::runtime_error("reconfigure failed: " + done.err);
}

int Daemon::wait(Milliseconds at_most) {
    over_ = true;
    return process_->wait(at_most);
}

int Daemon::stop() {
    process_->signal(SIGTERM);
    return wait();
}

void Daemon::kill() {
    process_->signal(SIGKILL);
    wait();
}

HttpReply Daemon::get(const std::string& target) const {
    return http_unix(state_file("amba.sock"), "GET", target);
}

std::string Daemon::state_file(const std::string& name) const {
    const auto state = options_.environment.find("AMBA_STATE");
    if (state != options_.environment.end()) return state->second + "/" + name;
    const auto dir = options_.environment.find("AMBA_DIR");
    return dir != options_.environment.end() ? dir->second + "/" + name : file(name);
}

nlohmann::json Daemon::status() const {
    const CommandResult answer = amba({"status", "--json"});
    // It gives up after five seconds, in which a machine that is busy may not get through a large
    // table. Whoever waits for longer is answered.
    if (answer.err.find("does not answer") != std::string::npos) {
        return nlohmann::json::parse(get("/status").body);
    }
    if (answer.code != 0) throw std::runtime_error("status: " + answer.err);
    return nlohmann::json::parse(answer.out);
}

nlohmann::json Daemon::verdict() const {
    nlohmann::json verdict =
        nlohmann::json::parse(read_file(state_file("verdict.json")), nullptr, false);
    return verdict.is_object() ? verdict : nlohmann::json::object();
}

unsigned Daemon::generation() const {
    return status()["generation"].get<unsigned>();
}

std::size_t Daemon::lines(const std::string& text) const {
    std::istringstream in(log());
    std::size_t count = 0;
    for (std::string line; std::getline(in, line);)
        if (line.find(text) != std::string::npos) ++count;
    return count;
}

bool Daemon::logs(const std::string& text, Milliseconds at_most) const {
    return eventually([&] { return lines(text) > 0; }, at_most);
}

std::map<std::string, std::size_t> totals(const nlohmann::json& frontend) {
    std::map<std::string, std::size_t> out;
    for (const auto& backend : frontend["backends"])
        out[backend["address"]] += backend["connections_total"].get<std::size_t>();
    return out;
}

}  // namespace amba::test
