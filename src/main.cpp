// The program is the command line; all else is rooms (README.md here).
#include "amba/cli/cli.hpp"

int main(int argc, char** argv) {
    return amba::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
