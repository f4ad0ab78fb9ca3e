// The terminal while a command has it to itself: another screen, no cursor, keys as they are typed.
// Its destructor gives back what there was, whatever ends the command but SIGKILL.
#pragma once

#include <termios.h>

#include <string>
#include <vector>

#include "amba/admin/status_text.hpp"
#include "amba/admin/watch_view.hpp"
#include "amba/core/duration.hpp"

namespace amba::cli {

// Do standard input and standard output belong to a terminal?
bool has_terminal();
// The look that TERM, NO_COLOR and the locale's variables ask for; plain where stdout is no
// terminal.
admin::TerminalLook terminal_look();

class Terminal {
  public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // Waits for keys, a signal or the time; returns what was typed.
    std::string wait(core::Duration at_most);
    // A signal asked to end, or the terminal is gone.
    bool over() const;
    admin::Screen size() const;  // 24 x 80 where the terminal does not say
    bool resized() const;        // since the last paint()
    void paint(const std::vector<std::string>& lines);

  private:
    void write(const std::string& bytes);

    termios before_{};
    bool raw_ = false;
    bool gone_ = false;
    bool fresh_ = true;  // nothing is painted yet
    admin::Screen painted_;
};

}  // namespace amba::cli
