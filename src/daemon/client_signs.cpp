// What is read, and what of it is a client's.
#include "daemon/client_signs.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "amba/net/proc_file.hpp"

namespace amba::daemon {

namespace {

constexpr std::uint32_t kNameServer = 0x7F00000B;   // 127.0.0.11
constexpr std::uint32_t kAmbassadors = 0x7F7F0000;  // 127.127.0.0/16
constexpr std::uint32_t kAmbassadorsMask = 0xFFFF0000;
constexpr std::string_view kListens = "0A";  // TCP_LISTEN
constexpr std::size_t kIpv4 = 8;             // hexadecimal digits

bool is_number(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "0B00007F:A3F2", an address as this machine has it in memory.
bool is_clients(std::string_view local, std::string_view state) {
    const std::size_t colon = local.find(':');
    if (colon != kIpv4) return true;
    const std::string digits(local.substr(0, colon));
    const std::uint32_t address =
        ntohl(static_cast<std::uint32_t>(std::strtoul(digits.c_str(), nullptr, 16)));
    if (address == kNameServer) return false;
    return state != kListens || (address & kAmbassadorsMask) != kAmbassadors;
}

}  // namespace

bool ClientSigns::any() {
    if (has_process()) return by_process_ = true;
    return !by_process_ && has_socket();
}

// ---- processes ----

bool ClientSigns::has_process() const {
    const std::string own_group = net::read_proc_file(root_ + "/proc/self/cgroup");
    const std::string own_name = net::read_proc_file(root_ + "/proc/self/comm");
    return !net::each_proc_name(root_ + "/proc", [&](const std::string& pid) {
        return !is_number(pid) || !is_other(pid, own_group, own_name);
    });
}

// Of another container: its control group is another. One that has ended meanwhile has none.
bool ClientSigns::is_other(const std::string& pid, const std::string& own_group,
                           const std::string& own_name) const {
    const std::string directory = root_ + "/proc/" + pid;
    const std::string group = net::read_proc_file(directory + "/cgroup");
    if (group.empty() || group == own_group) return false;
    const std::string name = net::read_proc_file(directory + "/comm");
    const bool holds = pid == "1" && (name == "pause\n" || name == "catatonit\n");
    return !name.empty() && !holds && name != own_name;
}

// ---- sockets ----

std::unordered_set<std::string> ClientSigns::own_inodes() const {
    std::unordered_set<std::string> out;
    const std::string directory = root_ + "/proc/self/fd/";
    constexpr std::string_view kSocket = "socket:[";
    net::each_proc_name(directory, [&](const std::string& name) {
        std::array<char, 64> to{};
        const ssize_t length = ::readlink((directory + name).c_str(), to.data(), to.size());
        const std::string_view place(to.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
        if (place.starts_with(kSocket)) {
            out.emplace(place.substr(kSocket.size(), place.size() - kSocket.size() - 1));
        }
        return true;
    });
    return out;
}

// A line is: number, local address, remote one, state, queues, timer, retransmissions, uid,
// timeout, inode. The inode is 0 where no process has the socket any more (TIME_WAIT), or yet.
bool ClientSigns::has_socket() const {
    const std::unordered_set<std::string> own = own_inodes();
    const auto is_no_sign = [&](std::string_view line) {
        const std::string inode(net::proc_word(line, 9));
        if (!is_number(inode) || inode == "0" || own.contains(inode)) return true;
        return !is_clients(net::proc_word(line, 1), net::proc_word(line, 3));
    };
    return !net::each_proc_line(root_ + "/proc/net/tcp", is_no_sign) ||
           !net::each_proc_line(root_ + "/proc/net/tcp6", is_no_sign);
}

}  // namespace amba::daemon
