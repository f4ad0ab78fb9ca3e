#include "amba/app/app.hpp"

int main(int argc, char** argv) {
    return amba::app::run(std::vector<std::string>(argv + 1, argv + argc));
}
