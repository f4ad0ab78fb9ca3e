#include "amba/admin/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace amba;
using testing::HasSubstr;
using testing::Not;

namespace {

admin::Status one_frontend() {
    admin::Status status;
    status.version = "1.2";
    proxy::FrontendView frontend;
    frontend.name = "web";
    frontend.bind = "127.0.0.1:80";
    frontend.connections_total = 12'345'678'901;
    frontend.ended = {{"--", 5}, {"SC", 2}};
    const std::vector<double> bounds{0.001, 2.5};
    frontend.connect = {bounds, {4, 2, 1}, 7.25};
    frontend.session = {bounds, {0, 0, 0}, 0};
    proxy::BackendView backend;
    backend.address = "10.0.0.1:80";
    backend.origin = "www1:80";
    backend.state = proxy::BackendState::kUnhealthy;
    backend.usable = false;
    frontend.backends.push_back(backend);
    status.frontends.push_back(frontend);
    return status;
}

std::string metrics(const admin::Status& status) {
    return admin::to_metrics(status, admin::ProcessFigures{});
}

}  // namespace

TEST(Metrics, BeforeTheFirstTableAreThoseOfTheProcess) {
    const std::string text = metrics(admin::Status{});
    EXPECT_THAT(text, HasSubstr("\namba_generation 0\n"));
    EXPECT_THAT(text, Not(HasSubstr("amba_frontend")));
}

TEST(Metrics, LeaveOutWhatIsNotKnown) {
    EXPECT_THAT(metrics(admin::Status{}), Not(HasSubstr("process_open_fds")));
    admin::ProcessFigures process;
    process.open_fds = 12;
    EXPECT_THAT(admin::to_metrics(admin::Status{}, process), HasSubstr("\nprocess_open_fds 12\n"));
}

TEST(Metrics, OfAFrontendAndItsBackends) {
    const std::string text = metrics(one_frontend());
    EXPECT_THAT(text,
                HasSubstr("\namba_frontend_connections_total{frontend=\"web\"} 12345678901\n"));
    EXPECT_THAT(text, HasSubstr("\namba_frontend_ended_total{frontend=\"web\",ended=\"SC\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("\namba_backend_up{frontend=\"web\",backend=\"10.0.0.1:80\","
                                "origin=\"www1:80\"} 0\n"));
}

TEST(Metrics, HistogramsAreCumulative) {
    const std::string text = metrics(one_frontend());
    const std::string name = "\namba_frontend_connect_seconds";
    EXPECT_THAT(text, HasSubstr(name + "_bucket{frontend=\"web\",le=\"0.001\"} 4\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{frontend=\"web\",le=\"2.5\"} 6\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{frontend=\"web\",le=\"+Inf\"} 7\n"));
    EXPECT_THAT(text, HasSubstr(name + "_sum{frontend=\"web\"} 7.25\n"));
    EXPECT_THAT(text, HasSubstr(name + "_count{frontend=\"web\"} 7\n"));
}

TEST(Metrics, EscapeLabels) {
    admin::Status status = one_frontend();
    status.frontends[0].name = "a\"b\\c\nd\xff";
    EXPECT_THAT(metrics(status), HasSubstr("{frontend=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"}"));
}

// Two series of one name cost Prometheus the whole scrape.
TEST(Metrics, OneThatLeavesIsToldFromOneThatCameWithItsName) {
    admin::Status status = one_frontend();
    status.frontends.push_back(status.frontends[0]);
    status.frontends[1].bind = "127.0.0.1:81";
    const std::string text = metrics(status);
    EXPECT_THAT(text, HasSubstr("\namba_frontend_listening{frontend=\"web\"} 0\n"
                                "amba_frontend_listening{frontend=\"web on 127.0.0.1:81\"} 0\n"));
}

TEST(Metrics, LookAtThisProcess) {
    const admin::ProcessFigures process = admin::look_at_process();
    EXPECT_GE(process.cpu_seconds, 0);
    EXPECT_GT(process.resident_bytes, 100'000);
    EXPECT_GT(process.virtual_bytes, process.resident_bytes);
    EXPECT_GE(process.open_fds, 3);
    EXPECT_LE(process.open_fds, process.max_fds);
}
