#include "cpu.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

std::uint64_t cpu_of(const std::vector<pid_t>& processes) {
    std::uint64_t total = 0;
    for (const pid_t process : processes) {
        std::error_code gone;
        const auto tasks = "/proc/" + std::to_string(process) + "/task";
        for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
            std::ifstream in(task.path() / "schedstat");
            std::uint64_t spent = 0;
            if (in >> spent) total += spent;
        }
    }
    return total;
}

std::uint64_t cpu_of_machine() {
    std::ifstream in("/proc/stat");
    std::string word;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0;
    in >> word >> user >> nice >> system >> idle >> wait >> irq >> soft >> steal;
    const std::uint64_t ticks = user + nice + system + irq + soft + steal;
    return ticks * (1'000'000'000u / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK)));
}

}  // namespace bench
