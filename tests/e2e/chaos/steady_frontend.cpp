// All sockets are non-blocking: the caller runs turn() now and then.
#include "steady_frontend.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sockets.hpp"
#include "tables.hpp"

namespace chaos {

using namespace std::chrono_literals;

namespace {

constexpr const char* kFront = "127.127.0.9";
constexpr const char* kWell = "127.11.0.1";
constexpr const char* kSick = "127.11.0.2";
constexpr std::size_t kClients = 12;
constexpr auto kPatience = 60s;

}  // namespace

SteadyFrontend::SteadyFrontend(std::uint64_t seed) : random_(seed), well_(listen_at(kWell, 64)) {}

SteadyFrontend::~SteadyFrontend() {
    end_silence();
    if (well_ >= 0) close(well_);
    for (const int fd : served_)
        close(fd);
    for (const Client& client : clients_)
        close(client.fd);
}

// Only a refusal ends a connect to the sick server.
nlohmann::json SteadyFrontend::frontend(bool with_sick) {
    nlohmann::json out{
        {"bind", at(kFront)},
        {"on-marked-down", "close"},
        {"hedge", "off"},
        {"check",
         {{"type", "tcp"}, {"inter", "100ms"}, {"timeout", "20s"}, {"fall", 1}, {"rise", 1}}},
        {"timeouts", {{"connect", "40s"}, {"queue", "40s"}}},
        {"backends", {{{"address", at(kWell)}}}}};
    if (with_sick) out["backends"].push_back({{"address", at(kSick)}});
    return out;
}

void SteadyFrontend::silence() {
    sick_ = listen_at(kSick, 0);
    // The queue holds one connection; a queue that is full already stays full.
    for (int i = 0; sick_ >= 0 && i < 3; ++i)
        fillers_.push_back(connect_to(kSick));
}

// Connections and checks that were dialing learn of it when the kernel repeats their SYN.
void SteadyFrontend::end_silence() {
    for (const int fd : fillers_)
        close(fd);
    fillers_.clear();
    if (sick_ >= 0) close(sick_);
    sick_ = -1;
}

void SteadyFrontend::look_after_the_sick() {
    if (refuses_.exchange(false)) {
        end_silence();
        silent_from_ = Clock::now() + std::chrono::milliseconds(random_.below(2000));
    } else if (sick_ < 0 && Clock::now() >= silent_from_) {
        silence();
    }
}

void SteadyFrontend::begin_clients() {
    while (clients_.size() < kClients) {
        Client client;
        client.fd = connect_to(kFront);
        if (client.fd < 0) return;
        client.questions = random_.one_of({1, 2, 20, 100});
        clients_.push_back(client);
    }
}

void SteadyFrontend::wrong(const Client& client, const std::string& what) {
    if (!fault_.empty()) return;
    const auto age =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - client.began);
    fault_ = "a client of the steady frontend, " + std::to_string(age.count()) + " ms old: " + what;
}

bool SteadyFrontend::go_on(Client& client) {
    if (Clock::now() < client.asks_at) return true;
    if (!client.asked) {
        const ssize_t sent = send(client.fd, "?", 1, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) {
            wrong(client, std::string("send: ") + std::strerror(errno));
            return false;
        }
        client.asked = sent == 1;
    }
    char answer = 0;
    const ssize_t got = client.asked ? recv(client.fd, &answer, 1, 0) : -1;
    if (got == 1) {
        ++answers_;
        client.asked = false;
        client.began = Clock::now();
        client.asks_at = client.began + std::chrono::milliseconds(random_.below(40));
        return --client.questions > 0;
    }
    if (got == 0) {
        wrong(client, "an end instead of an answer");
        return false;
    }
    if (client.asked && errno != EAGAIN) {
        wrong(client, std::string("recv: ") + std::strerror(errno));
        return false;
    }
    if (Clock::now() - client.began < kPatience) return true;
    wrong(client, "no answer");
    return false;
}

void SteadyFrontend::serve() {
    int fd = -1;
    while ((fd = accept4(well_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        served_.push_back(fd);
    std::erase_if(served_, [](int each) {
        char question = 0;
        const ssize_t got = recv(each, &question, 1, 0);
        if (got < 0 && errno == EAGAIN) return false;
        if (got == 1 && send(each, "!", 1, MSG_NOSIGNAL) == 1) return false;
        close(each);
        return true;
    });
}

void SteadyFrontend::turn() {
    look_after_the_sick();
    begin_clients();
    serve();
    std::erase_if(clients_, [this](Client& client) {
        if (go_on(client)) return false;
        close(client.fd);
        return true;
    });
}

void SteadyFrontend::wind_down() {
    for (const Client& client : clients_)
        close(client.fd);
    clients_.clear();
    end_silence();
    for (int i = 0; i < 1000 && !served_.empty(); ++i) {
        serve();
        usleep(1000);
    }
}

}  // namespace chaos
