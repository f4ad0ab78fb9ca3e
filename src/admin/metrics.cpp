// Which series there are, and the text format: names, help, labels.
#include "amba/admin/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace amba::admin {

using proxy::BackendView;
using proxy::FrontendView;
using proxy::HistogramView;

namespace {

std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (const char c : text) {
        if (c == '\\')
            out += "\\\\";
        else if (c == '\n')
            out += "\\n";
        else if (c == '"' && quotes)
            out += "\\\"";
        else
            out += c;
    }
    return out;
}

// The shortest text that is read back as the same number.
std::string number(double value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value);
    return {text, end.ptr};
}

// Label values are UTF-8: what is not becomes U+FFFD, or one odd name would cost the whole scrape.
std::string utf8(const std::string& text) {
    const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
    if (ascii) return text;
    using nlohmann::json;
    return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
        .get<std::string>();
}

std::string label(const char* name, const std::string& value) {
    return std::string(name) + "=\"" + escaped(utf8(value), true) + "\"";
}

// A frontend that leaves may have the name of a new one, and two series of one name are an error.
std::vector<std::string> labels_of(const std::vector<FrontendView>& frontends) {
    std::vector<std::string> out;
    std::unordered_set<std::string_view> seen;
    for (const FrontendView& frontend : frontends) {
        const bool first = seen.insert(frontend.name).second;
        out.push_back(
            label("frontend", first ? frontend.name : frontend.name + " on " + frontend.bind));
    }
    return out;
}

// The text as it grows.
class Exposition {
  public:
    void family(const char* name, const char* type, const char* help) {
        name_ = name;
        text_ += std::string("# HELP ") + name + " " + escaped(help, false) + "\n# TYPE " + name +
                 " " + type + "\n";
    }
    // One sample of the family begun last.
    void sample(const std::string& labels, double value, const char* suffix = "") {
        text_ += name_ + suffix;
        if (!labels.empty()) text_ += "{" + labels + "}";
        text_ += " " + number(value) + "\n";
    }
    void single(const char* name, const char* type, const char* help, double value) {
        if (value < 0) return;  // not known
        family(name, type, help);
        sample("", value);
    }
    void histogram(const std::string& labels, const HistogramView& histogram) {
        double below = 0;
        for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
            below += static_cast<double>(histogram.counts[i]);
            const bool last = i == histogram.bounds.size();
            sample(labels + "," + label("le", last ? "+Inf" : number(histogram.bounds[i])), below,
                   "_bucket");
        }
        sample(labels, histogram.sum, "_sum");
        sample(labels, below, "_count");
    }
    std::string take() { return std::move(text_); }

  private:
    std::string name_;
    std::string text_;
};

void add_process(Exposition& out, const Status& status, const ProcessFigures& process) {
    out.family("amba_build_info", "gauge", "The version that runs; always 1.");
    out.sample(label("version", status.version) + "," + label("commit", status.commit), 1);
    out.single("process_start_time_seconds", "gauge", "When the process started, since 1970.",
               static_cast<double>(status.started_us) / 1e6);
    out.single("process_cpu_seconds_total", "counter", "CPU time, user and system.",
               process.cpu_seconds);
    out.single("process_resident_memory_bytes", "gauge", "Resident memory.",
               process.resident_bytes);
    out.single("process_virtual_memory_bytes", "gauge", "Virtual memory.", process.virtual_bytes);
    out.single("process_open_fds", "gauge", "Open descriptors.", process.open_fds);
    out.single("process_max_fds", "gauge", "Descriptors that may be open.", process.max_fds);
}

void add_table(Exposition& out, const Status& status) {
    out.single("amba_generation", "gauge", "The table that serves; 0: none yet.",
               static_cast<double>(status.generation));
    out.single("amba_table_applied_timestamp_seconds", "gauge",
               "When the table that serves was accepted, since 1970; 0: none yet.",
               static_cast<double>(status.applied_us) / 1e6);
    out.single("amba_tables_applied_total", "counter", "Tables accepted.",
               static_cast<double>(status.tables_applied));
    out.single("amba_tables_rejected_total", "counter", "Tables rejected.",
               static_cast<double>(status.tables_rejected));
    out.single("amba_unresolved_names", "gauge", "Names of the table without an address.",
               static_cast<double>(status.unresolved.size()));
    out.single("amba_log_lines_dropped_total", "counter",
               "Lines of the log that its reader did not take.",
               static_cast<double>(status.log_lines_dropped));
    out.single("amba_stopping", "gauge", "1 while connections end before the exit.",
               status.stopping ? 1 : 0);
    out.single("amba_orphaned", "gauge",
               "1 while its network namespace, which had a link, has none.",
               status.orphaned_us != 0 ? 1 : 0);
}

// A family with one sample of each frontend.
template <typename Value>
struct Family {
    const char* name;
    const char* type;
    const char* help;
    double (*value)(const Value&);
};

template <typename Number>
double as_double(Number value) {
    return static_cast<double>(value);
}

double healthy_of(const FrontendView& frontend) {
    double count = 0;
    for (const BackendView& backend : frontend.backends)
        count += backend.usable && backend.weight > 0;
    return count;
}

double backends_of(const FrontendView& frontend) {
    double count = 0;
    for (const BackendView& backend : frontend.backends)
        count += backend.state != proxy::BackendState::kLeaving;
    return count;
}

using F = FrontendView;
constexpr Family<F> kFrontends[] = {
    {"amba_frontend_listening", "gauge", "1 when it listens.",
     [](const F& f) {
         return as_double(f.listening);
     }},
    {"amba_frontend_connections", "gauge", "Connections now, those that wait too.",
     [](const F& f) {
         return as_double(f.connections_current);
     }},
    {"amba_frontend_connections_total", "counter", "Connections accepted.",
     [](const F& f) {
         return as_double(f.connections_total);
     }},
    {"amba_frontend_connections_failed_total", "counter",
     "Connections that were reset because no backend took them.",
     [](const F& f) {
         return as_double(f.connections_failed);
     }},
    {"amba_frontend_queue", "gauge", "Connections that wait for a backend.",
     [](const F& f) {
         return as_double(f.queue_current);
     }},
    {"amba_frontend_queued_total", "counter", "Connections that had to wait for a backend.",
     [](const F& f) {
         return as_double(f.queue_total);
     }},
    {"amba_frontend_queue_timeouts_total", "counter",
     "Connections that waited in vain, to the end of timeouts.queue.",
     [](const F& f) {
         return as_double(f.queue_timeouts);
     }},
    {"amba_frontend_retries_total", "counter", "Connects begun after one had failed.",
     [](const F& f) {
         return as_double(f.retries_total.value_or(0));
     }},
    {"amba_frontend_hedges_total", "counter", "Connects begun beside a slow one.",
     [](const F& f) {
         return as_double(f.hedges_total);
     }},
    {"amba_frontend_backends", "gauge", "Backends in the table.", backends_of},
    {"amba_frontend_backends_healthy", "gauge", "Backends that take new connections.", healthy_of},
    {"amba_frontend_sent_bytes_total", "counter", "Bytes from clients to backends.",
     [](const F& f) {
         return as_double(f.bytes_up);
     }},
    {"amba_frontend_received_bytes_total", "counter", "Bytes from backends to clients.",
     [](const F& f) {
         return as_double(f.bytes_down);
     }},
};

using B = BackendView;
constexpr Family<B> kBackends[] = {
    {"amba_backend_up", "gauge", "1 when it takes new connections, as far as is known.",
     [](const B& b) {
         return as_double(b.usable);
     }},
    {"amba_backend_weight", "gauge", "Its weight.",
     [](const B& b) {
         return as_double(b.weight);
     }},
    {"amba_backend_connections", "gauge", "Connections now.",
     [](const B& b) {
         return as_double(b.connections_current);
     }},
    {"amba_backend_connections_total", "counter", "Connections established.",
     [](const B& b) {
         return as_double(b.connections_total);
     }},
    {"amba_backend_connect_failures_total", "counter", "Connects that were refused or unanswered.",
     [](const B& b) {
         return as_double(b.connections_failed);
     }},
    {"amba_backend_resets_total", "counter", "Connections that it reset.",
     [](const B& b) {
         return as_double(b.resets_total);
     }},
    {"amba_backend_downs_total", "counter", "Times it became unhealthy or was left out.",
     [](const B& b) {
         return as_double(b.downs_total);
     }},
    {"amba_backend_sent_bytes_total", "counter", "Bytes from clients to it.",
     [](const B& b) {
         return as_double(b.bytes_up);
     }},
    {"amba_backend_received_bytes_total", "counter", "Bytes from it to clients.",
     [](const B& b) {
         return as_double(b.bytes_down);
     }},
};

}  // namespace

std::string to_metrics(const Status& status, const ProcessFigures& process) {
    Exposition out;
    add_process(out, status, process);
    add_table(out, status);
    const std::vector<std::string> labels = labels_of(status.frontends);
    const auto each_frontend = [&](const auto& tell) {
        for (std::size_t i = 0; i < labels.size(); ++i)
            tell(labels[i], status.frontends[i]);
    };
    if (labels.empty()) return out.take();
    for (const Family<F>& family : kFrontends) {
        out.family(family.name, family.type, family.help);
        each_frontend([&](const std::string& of, const F& frontend) {
            out.sample(of, family.value(frontend));
        });
    }
    out.family("amba_frontend_ended_total", "counter",
               "Connections that ended, by HAProxy's two letters: who ended it, at which stage.");
    each_frontend([&](const std::string& of, const F& frontend) {
        for (const proxy::EndedView& ended : frontend.ended)
            out.sample(of + "," + label("ended", ended.letters), static_cast<double>(ended.count));
    });
    out.family("amba_frontend_connect_seconds", "histogram",
               "Time until a backend had answered, over all tries.");
    each_frontend(
        [&](const std::string& of, const F& frontend) { out.histogram(of, frontend.connect); });
    out.family("amba_frontend_session_seconds", "histogram", "Length of ended connections.");
    each_frontend(
        [&](const std::string& of, const F& frontend) { out.histogram(of, frontend.session); });
    for (const Family<B>& family : kBackends) {
        out.family(family.name, family.type, family.help);
        each_frontend([&](const std::string& of, const F& frontend) {
            for (const B& backend : frontend.backends) {
                out.sample(of + "," + label("backend", backend.address) + "," +
                               label("origin", backend.origin),
                           family.value(backend));
            }
        });
    }
    return out.take();
}

}  // namespace amba::admin
