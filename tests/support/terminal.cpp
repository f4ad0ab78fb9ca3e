#include "support/terminal.hpp"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>

extern char** environ;

namespace amba::test {

Terminal::Terminal(unsigned short rows, unsigned short columns) {
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    if (::openpty(&master_, &slave_, nullptr, nullptr, &size) != 0) {
        throw std::runtime_error("openpty");
    }
    ::fcntl(master_, F_SETFL, O_NONBLOCK);
    for (const int fd : {master_, slave_})
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    cells_.assign(rows, std::vector<std::string>(columns, " "));
}

Terminal::~Terminal() {
    if (pid_ > 0 && !status_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(master_);
    ::close(slave_);
}

void Terminal::start(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment) {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string entry = *at;
        if (!environment.contains(entry.substr(0, entry.find('=')))) variables.push_back(entry);
    }
    for (const auto& [name, value] : environment)
        variables.push_back(name + "=" + value);
    std::vector<char*> argv;
    std::vector<char*> envp;
    for (const std::string& word : command)
        argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& variable : variables)
        envp.push_back(const_cast<char*>(variable.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    status_.reset();
    raw_.clear();
    parsed_ = 0;
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setsid();
    ::ioctl(slave_, TIOCSCTTY, 0);
    for (const int fd : {0, 1, 2})
        ::dup2(slave_, fd);
    ::execve(argv[0], argv.data(), envp.data());
    _exit(127);
}

void Terminal::type(const std::string& bytes) {
    if (::write(master_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        throw std::runtime_error("the terminal takes no key");
    }
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
    read();
    cells_.assign(rows, std::vector<std::string>(columns, " "));
    winsize size{};
    size.ws_row = rows;
    size.ws_col = columns;
    ::ioctl(master_, TIOCSWINSZ, &size);
}

void Terminal::signal(int number) {
    ::kill(pid_, number);
}

int Terminal::wait(Milliseconds at_most) {
    const auto ended = [&] {
        read();  // or it waits for room
        int status = 0;
        if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        return status_.has_value();
    };
    if (!eventually(ended, at_most)) throw std::runtime_error("it does not end:\n" + raw_);
    read();
    return *status_;
}

bool Terminal::shows(const std::string& text, Milliseconds at_most) {
    return eventually([&] { return !row_with(text).empty(); }, at_most);
}

std::string Terminal::row_with(const std::string& text) {
    for (const std::string& row : screen()) {
        if (row.find(text) != std::string::npos) return row;
    }
    return {};
}

std::vector<std::string> Terminal::screen() {
    read();
    std::vector<std::string> rows;
    for (const auto& cells : cells_) {
        std::string row;
        for (const std::string& cell : cells)
            row += cell;
        row.erase(row.find_last_not_of(' ') + 1);
        rows.push_back(row);
    }
    return rows;
}

bool Terminal::alternate() {
    read();
    return alternate_;
}

bool Terminal::cursor_shown() {
    read();
    return cursor_;
}

bool Terminal::wraps() {
    read();
    return wraps_;
}

termios Terminal::settings() const {
    termios settings{};
    if (::tcgetattr(slave_, &settings) != 0) throw std::runtime_error("tcgetattr");
    return settings;
}

void Terminal::read() {
    char bytes[65536];
    for (ssize_t got = 0; (got = ::read(master_, bytes, sizeof bytes)) > 0;)
        raw_.append(bytes, static_cast<std::size_t>(got));
    while (parsed_ < raw_.size()) {
        const auto byte = static_cast<unsigned char>(raw_[parsed_]);
        std::size_t length = 1;
        if (byte == 0x1b) {
            length = sequence(parsed_);
        } else if (byte == '\n') {
            row_ = std::min(row_ + 1, cells_.size() - 1);
        } else if (byte == '\r') {
            column_ = 0;
        } else if (byte >= 0x20) {
            length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
            if (parsed_ + length > raw_.size()) return;
            put(raw_.substr(parsed_, length));
        }
        if (length == 0) return;
        parsed_ += length;
    }
}

// Beyond the last column the last character is written over, as without wrapping.
void Terminal::put(const std::string& character) {
    if (row_ >= cells_.size()) return;
    auto& row = cells_[row_];
    if (!row.empty()) row[std::min(column_, row.size() - 1)] = character;
    ++column_;
}

std::size_t Terminal::sequence(std::size_t at) {
    std::size_t end = at + 2;
    while (end < raw_.size() && std::isalpha(static_cast<unsigned char>(raw_[end])) == 0)
        ++end;
    if (end >= raw_.size()) return 0;
    apply(raw_.substr(at + 2, end - at - 2), raw_[end]);
    return end + 1 - at;
}

void Terminal::apply(const std::string& parameters, char letter) {
    if (letter == 'H') {
        const std::size_t split = parameters.find(';');
        row_ = std::strtoul(parameters.c_str(), nullptr, 10) - 1;
        column_ = split == std::string::npos
                      ? 0
                      : std::strtoul(parameters.c_str() + split + 1, nullptr, 10) - 1;
    } else if (letter == 'K' && row_ < cells_.size()) {
        auto& row = cells_[row_];
        for (std::size_t i = column_; i < row.size(); ++i)
            row[i] = " ";
    } else if (letter == 'J') {
        for (auto& row : cells_)
            std::fill(row.begin(), row.end(), " ");
    } else if (letter == 'h' || letter == 'l') {
        const bool on = letter == 'h';
        if (parameters == "?1049") alternate_ = on;
        if (parameters == "?25") cursor_ = on;
        if (parameters == "?7") wraps_ = on;
    }
}

}  // namespace amba::test
