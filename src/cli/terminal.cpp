// Modes of the terminal (termios(3)) and its escape sequences, and signals that must not leave it
// so.
#include "cli/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>

#include "amba/core/environment.hpp"

namespace amba::cli {

namespace {

// Alternate screen, no cursor, no wrapping: a character that is two columns wide stays in its line.
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr const char* kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};

volatile std::sig_atomic_t g_end = 0;
int g_wake[2] = {-1, -1};  // a signal writes a byte: poll(2) sees it, whenever it comes

void on_signal(int number) {
    const int kept = errno;
    if (number != SIGWINCH) g_end = 1;
    [[maybe_unused]] const ssize_t written = ::write(g_wake[1], "", 1);
    errno = kept;
}

// Without SA_RESTART: a write to a terminal that has stopped is to end as well.
void handle_signals(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    for (const int number : kSignals)
        sigaction(number, &action, nullptr);
}

// Where nothing is said, as in a container from scratch, terminals of today know UTF-8.
bool is_utf8() {
    std::string locale;
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (locale.empty()) locale = core::environment(name);
    }
    std::string letters;
    for (const char c : locale) {
        if (c != '-') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return locale.empty() || letters.find("utf8") != std::string::npos;
}

// Code points without those of escape sequences, which end with a letter.
std::size_t shown_width(const std::string& line) {
    std::size_t count = 0;
    bool escape = false;
    for (const char c : line) {
        if (c == '\x1b') {
            escape = true;
        } else if (escape) {
            escape = std::isalpha(static_cast<unsigned char>(c)) == 0;
        } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
            ++count;
        }
    }
    return count;
}

}  // namespace

bool has_terminal() {
    return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

admin::TerminalLook terminal_look() {
    if (::isatty(STDOUT_FILENO) != 1) return {};
    return {.colour = core::environment("NO_COLOR").empty() && core::environment("TERM") != "dumb",
            .utf8 = is_utf8()};
}

Terminal::Terminal() {
    if (::pipe2(g_wake, O_CLOEXEC | O_NONBLOCK) != 0) gone_ = true;
    g_end = 0;
    handle_signals(on_signal);
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) {
        gone_ = true;
        return;
    }
    termios raw = before_;
    // Ctrl-C is a key like others, and Ctrl-Z and Ctrl-S do not leave a screen half done.
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    raw_ = true;
    write(kEnter);
}

Terminal::~Terminal() {
    g_end = 0;  // so that this is written; a terminal that is gone takes nothing
    write(kLeave);
    if (raw_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    handle_signals(SIG_DFL);
    for (int& fd : g_wake) {
        ::close(fd);
        fd = -1;
    }
}

std::string Terminal::wait(core::Duration at_most) {
    pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {g_wake[0], POLLIN, 0}};
    if (over()) return {};
    const auto time = static_cast<int>(std::clamp<core::Duration::rep>(at_most.count(), 0, 60'000));
    if (::poll(fds, 2, time) <= 0) return {};
    char bytes[256];
    if (fds[1].revents != 0) {
        while (::read(g_wake[0], bytes, sizeof bytes) > 0) {
        }
    }
    if (fds[0].revents == 0) return {};
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got > 0) return {bytes, static_cast<std::size_t>(got)};
    if ((fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) gone_ = true;
    return {};
}

bool Terminal::over() const {
    return gone_ || g_end != 0;
}

admin::Screen Terminal::size() const {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
        return {};
    }
    return {size.ws_row, size.ws_col};
}

bool Terminal::resized() const {
    const admin::Screen now = size();
    return fresh_ || now.rows != painted_.rows || now.columns != painted_.columns;
}

// One write, line by line over what was there: nothing is cleared that is written again.
void Terminal::paint(const std::vector<std::string>& lines) {
    std::string bytes;
    const admin::Screen screen = size();
    if (resized()) bytes = "\x1b[2J";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        bytes += "\x1b[" + std::to_string(i + 1) + ";1H" + lines[i];
        // Behind a line that fills its row, the last character would be cleared.
        if (shown_width(lines[i]) < screen.columns) bytes += "\x1b[K";
    }
    painted_ = screen;
    fresh_ = false;
    write(bytes);
}

void Terminal::write(const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size() && !over()) {
        const ssize_t sent = ::write(STDOUT_FILENO, bytes.data() + done, bytes.size() - done);
        if (sent >= 0) {
            done += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN) {
            pollfd writable{STDOUT_FILENO, POLLOUT, 0};
            ::poll(&writable, 1, 100);
        } else if (errno != EINTR) {
            gone_ = true;
        }
    }
}

}  // namespace amba::cli
