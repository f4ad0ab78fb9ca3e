// The connection of an attach is HTTP up to the answer's header, and from then on the container's
// own: bytes to its standard input one way, frames of its output the other (docs.docker.com/
// engine/api, "Attach to a container").
#include "amba/docker/attached.hpp"

#include <boost/asio/error.hpp>
#include <utility>
#include <vector>

#include "docker/connection.hpp"
#include "docker/demultiplex.hpp"
#include "docker/http_request.hpp"

namespace amba::docker {

using ErrorCode = boost::system::error_code;

namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMostErr = 16 * 1024;  // of standard error: its end
constexpr unsigned kSwitching = 101;
constexpr unsigned kWell = 200;  // of Engines before 1.20, and of proxies that know no upgrade

}  // namespace

struct Attached::Stream {
    Stream(const Host& host_in, std::string what_in, core::Duration time) :
        host(host_in), what(std::move(what_in)), limits(time), connection(host, limits) {}

    core::Error failure(const std::string& why) const {
        return core::error(host.to_string() + ": " + what + ": " + why);
    }
    core::Error ended() const;
    core::Result<void> open(const EngineRequest& request);
    core::Result<void> take(std::string_view bytes);

    const Host host;
    const std::string what;
    const CallLimits limits;
    EngineConnection connection;
    std::string raw;     // the beginning of a frame
    Streams said;        // of which no line was read so far
    std::string told{};  // the end of what it has said on standard error
};

core::Error Attached::Stream::ended() const {
    std::string why = told;
    while (why.ends_with('\n'))
        why.pop_back();
    return failure(why.empty() ? "the container has ended" : core::one_line(why));
}

core::Result<void> Attached::Stream::open(const EngineRequest& request) {
    if (auto opened = connection.open(); !opened) {
        return core::error(host.to_string() + ": " + opened.error().reason);
    }
    ErrorCode error;
    http::Exchange exchange(connection);
    exchange.ask(http_request(request), error);
    if (error) return failure(reason_of_failure(error, limits));
    EngineResponse response{exchange.header().result_int(), {}, {}};
    if (response.status == kSwitching || response.status == kWell) {
        return take(exchange.after_header());
    }
    // Why not, as far as it comes in one piece.
    if (!exchange.is_done()) response.body = exchange.read_some(error);
    return refusal(host, request, response);
}

core::Result<void> Attached::Stream::take(std::string_view bytes) {
    raw += bytes;
    const auto taken = take_frames(raw, said);
    if (!taken) return failure(taken.error().reason);
    raw.erase(0, *taken);
    told += std::exchange(said.err, {});
    if (told.size() > kMostErr) told.erase(0, told.size() - kMostErr);
    return {};
}

Attached::Attached(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
Attached::~Attached() = default;

core::Result<std::unique_ptr<Attached>> Attached::open(const Host& host,
                                                       const EngineRequest& request,
                                                       core::Duration time) {
    try {
        auto stream = std::make_unique<Stream>(host, request.what(), time);
        if (auto opened = stream->open(request); !opened) return opened.error();
        return std::unique_ptr<Attached>(new Attached(std::move(stream)));
    } catch (const boost::system::system_error& failure) {  // too many open files
        return core::error(host.to_string() + ": " + failure.what());
    }
}

core::Result<void> Attached::write(std::string_view bytes, core::Duration time) {
    stream_->connection.wait_until(core::Clock::now() + time);
    ErrorCode error;
    stream_->connection.write(bytes, error);
    if (error) return stream_->failure(reason_of_failure(error, CallLimits(time)));
    return {};
}

core::Result<std::string> Attached::line(core::Duration time) {
    Stream& stream = *stream_;
    stream.connection.wait_until(core::Clock::now() + time);
    std::string& out = stream.said.out;
    std::size_t looked = 0;
    std::size_t end = 0;
    while ((end = out.find('\n', looked)) == std::string::npos) {
        looked = out.size();
        std::vector<char> piece(kPiece);
        ErrorCode error;
        const std::size_t bytes =
            stream.connection.read(boost::asio::buffer(piece.data(), piece.size()), error);
        if (bytes == 0 && error == boost::asio::error::eof) return stream.ended();
        if (bytes == 0 && error) return stream.failure(reason_of_failure(error, CallLimits(time)));
        if (auto taken = stream.take({piece.data(), bytes}); !taken) return taken.error();
    }
    std::string line = out.substr(0, end);
    out.erase(0, end + 1);
    return line;
}

}  // namespace amba::docker
