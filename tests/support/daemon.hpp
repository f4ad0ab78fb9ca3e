// An ambassador with a volume of its own: the real program, started, asked and stopped.
//
//   Peer peer(script::echo);
//   Daemon daemon;
//   daemon.run({place.to_string(), peer.address()});      // returns when it serves
//   daemon.amba({"reconfigure", "--wait", ...})           // another verb on the same volume
//
// At its end it stops the ambassador, which must still be alive and must end well.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/http.hpp"
#include "support/process.hpp"

namespace amba::test {

using Words = std::vector<std::string>;

// The end of a command: its exit code and what it printed.
struct CommandResult {
    int code = -1;
    std::string out;
    std::string err;
};

// The program under test: AMBA_BIN, or the one that was built beside the tests.
std::string amba_program();
// Runs a command to its end.
CommandResult run_amba(const Words& arguments, const Process::Options& options = {},
                       Milliseconds at_most = kPatience);

class Daemon {
  public:
    Daemon() : volume_(std::make_shared<TempDir>()) {}
    // Another one in the same volume, with the same variables.
    static std::unique_ptr<Daemon> beside(const Daemon& first);
    ~Daemon();
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    // Before run(): variables, limits, flags such as --poll.
    Process::Options& options() { return options_; }
    void flags(Words flags) { flags_ = std::move(flags); }
    // A check is a connection more at a peer, whenever it comes: words of tables get check=off,
    // unless a test wants them as they are.
    void with_checks() { checks_ = true; }

    // `amba run [FLAGS] TABLE`, until it serves a table and has written its verdict, or waits for a
    // table when there is none.
    void run(const Words& table = {});
    // The same without waiting for anything: for starts that are to fail.
    void launch(const Words& table = {});

    // Another verb on the same volume. Its standard input is `input`. A bare --wait waits for as
    // long as a busy machine may need, and not for the 5 s that it has from the command line.
    CommandResult amba(const Words& arguments, const std::string& input = "") const;
    // `reconfigure --wait TABLE`, which must be applied.
    void reconfigure(const Words& table) const;

    int stop();   // SIGTERM and wait: the exit code
    void kill();  // SIGKILL and wait
    void signal(int number) { process_->signal(number); }
    int wait(Milliseconds at_most = kPatience);  // for an end that is expected
    Process& process() { return *process_; }

    const std::string& dir() const { return volume_->path(); }
    std::string file(const std::string& name) const { return *volume_ / name; }
    // Where the daemon writes: the same directory, or AMBA_STATE.
    std::string state_file(const std::string& name) const;
    HttpReply get(const std::string& target) const;
    nlohmann::json status() const;
    nlohmann::json frontend(std::size_t index = 0) const { return status()["frontends"][index]; }
    nlohmann::json verdict() const;  // an empty object when there is none
    unsigned generation() const;

    std::string log() const { return process_ ? process_->err() : ""; }
    // Lines of the log that contain `text`.
    std::size_t lines(const std::string& text) const;
    // Waits for such a line.
    bool logs(const std::string& text, Milliseconds at_most = kPatience) const;

  private:
    Words as_asked(const Words& table) const;
    Process::Options with_volume(Process::Options options) const;

    std::shared_ptr<TempDir> volume_;
    Process::Options options_;
    Words flags_;
    std::unique_ptr<Process> process_;
    bool checks_ = false;
    bool over_ = true;  // its end was seen, and judged by the test
};

// "NAME: connections_total" of each backend of a frontend, by address.
std::map<std::string, std::size_t> totals(const nlohmann::json& frontend);

}  // namespace amba::test
