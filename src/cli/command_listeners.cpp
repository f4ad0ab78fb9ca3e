// listeners: who listens in this network namespace. The fleet tool runs it beside a client whose
// own server holds a port that an ambassador is to have, in the client's namespaces of network and
// processes.
#include <dirent.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "amba/core/endpoint.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

namespace {

constexpr const char* kListen = "0A";  // proc(5), /proc/net/tcp: TCP_LISTEN

struct PortHolder {
    int pid = 0;
    std::string command;
};

// "0100007F:0050": 32-bit words of the host's byte order, each in hexadecimal, and the port.
std::string address_of(const std::string& text) {
    constexpr std::size_t kDigits = 8;
    std::array<std::uint8_t, 16> bytes{};
    const std::size_t colon = text.find(':');
    if (colon != kDigits && colon != 4 * kDigits) return {};
    for (std::size_t i = 0; i < colon; i += kDigits) {
        std::uint32_t word = 0;
        std::from_chars(text.data() + i, text.data() + i + kDigits, word, 16);
        std::memcpy(bytes.data() + i / 2, &word, sizeof word);
    }
    std::uint16_t port = 0;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port, 16);
    const auto address = colon == kDigits
                             ? core::Address::v4({bytes[0], bytes[1], bytes[2], bytes[3]})
                             : core::Address::v6(bytes);
    return core::Endpoint{address, port}.to_string();
}

// Inode to address, as it stands in a table of the kernel.
void read_sockets(const char* path, std::map<std::string, std::string>& out) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);  // titles
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string number, local, remote, state, queues, timer, retries, uid, timeout, inode;
        words >> number >> local >> remote >> state >> queues >> timer >> retries >> uid >>
            timeout >> inode;
        if (state == kListen) out[inode] = address_of(local);
    }
}

std::string command_of(const std::string& process) {
    std::ifstream file("/proc/" + process + "/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

// Who has a socket open, by inode: the first of those that share it.
void read_processes(std::map<std::string, PortHolder>& out) {
    DIR* const all = ::opendir("/proc");
    if (all == nullptr) return;
    while (const dirent* entry = ::readdir(all)) {
        const std::string process = entry->d_name;
        int pid = 0;
        if (std::from_chars(process.data(), process.data() + process.size(), pid).ec != std::errc())
            continue;
        const std::string directory = "/proc/" + process + "/fd/";
        DIR* const open = ::opendir(directory.c_str());
        if (open == nullptr) continue;
        while (const dirent* one = ::readdir(open)) {
            char target[64];
            const ssize_t length =
                ::readlink((directory + one->d_name).c_str(), target, sizeof target);
            const std::string name(target, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
            if (!name.starts_with("socket:[")) continue;
            PortHolder& known = out[name.substr(8, name.size() - 9)];
            if (known.pid == 0 || pid < known.pid) known = {pid, command_of(process)};
        }
        ::closedir(open);
    }
    ::closedir(all);
}

}  // namespace

int command_listeners(Arguments arguments) {
    CLI::App app(
        "Who listens in this network namespace: address, pid and command of the process, a line "
        "each; pid 0 where it cannot be seen.",
        "listeners");
    app.footer(
        "Example:\n  docker run --rm --network container:web --pid container:web --user 0 "
        "--cap-add SYS_PTRACE amba listeners");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    std::map<std::string, std::string> sockets;
    read_sockets("/proc/net/tcp", sockets);
    read_sockets("/proc/net/tcp6", sockets);
    std::map<std::string, PortHolder> processes;
    read_processes(processes);
    std::string text;
    for (const auto& [inode, address] : sockets) {
        const PortHolder& process = processes[inode];
        text += address + " " + std::to_string(process.pid) + " " +
                (process.command.empty() ? "-" : core::one_line(process.command)) + "\n";
    }
    print(text);
    return kDone;
}

}  // namespace amba::cli
