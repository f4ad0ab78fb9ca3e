// A terminal with a command of its own: a real pseudo-terminal, and what a person would see on it.
//
//   Terminal terminal(24, 80);
//   terminal.start({amba_program(), "status", "--watch"}, {{"AMBA_DIR", dir}});
//   terminal.shows("healthy")        // waits for it
//   terminal.type("q");
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"

namespace amba::test {

class Terminal {
  public:
    Terminal(unsigned short rows, unsigned short columns);
    ~Terminal();  // SIGKILL, when the command still runs
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // One command after the other.
    void start(const std::vector<std::string>& command,
               const std::map<std::string, std::string>& environment);
    void type(const std::string& bytes);
    void resize(unsigned short rows, unsigned short columns);
    void signal(int number);
    // The exit code, or 128 plus the number of the signal. Throws when it does not end in time.
    int wait(Milliseconds at_most = kPatience);

    // Reads what the command wrote, and is true when a row has `text`, within `at_most`.
    bool shows(const std::string& text, Milliseconds at_most = kPatience);
    // The first row with `text`, "" when there is none now.
    std::string row_with(const std::string& text);
    std::vector<std::string> screen();

    bool alternate();  // on the other screen, as full-screen programs are
    bool cursor_shown();
    bool wraps();
    termios settings() const;
    const std::string& raw() const { return raw_; }  // all that the command wrote

  private:
    void read();
    void put(const std::string& character);
    std::size_t sequence(std::size_t at);  // its length; 0: not complete
    void apply(const std::string& parameters, char letter);

    int master_ = -1;
    int slave_ = -1;  // kept open, so that settings() outlive the command
    pid_t pid_ = -1;
    std::optional<int> status_;
    std::string raw_;
    std::size_t parsed_ = 0;
    std::vector<std::vector<std::string>> cells_;
    std::size_t row_ = 0;
    std::size_t column_ = 0;
    bool alternate_ = false;
    bool cursor_ = true;
    bool wraps_ = true;
};

}  // namespace amba::test
