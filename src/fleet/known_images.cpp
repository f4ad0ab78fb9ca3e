// The ports are those of EXPOSE in the Dockerfiles. An image that listens and does not say so
// (haproxy) is not listed, as an ambassador would not learn its port from the container either.
#include "fleet/known_images.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace amba::fleet {

namespace {

struct KnownImage {
    std::string_view repository;
    std::array<std::uint16_t, 3> ports;  // 0: none
};

constexpr KnownImage kKnown[] = {
    // Databases and caches
    {"redis", {6379}},
    {"valkey/valkey", {6379}},
    {"redis/redis-stack", {6379, 8001}},
    {"redis/redis-stack-server", {6379}},
    {"bitnami/redis", {6379}},
    {"memcached", {11211}},
    {"bitnami/memcached", {11211}},
    {"postgres", {5432}},
    {"postgis/postgis", {5432}},
    {"timescale/timescaledb", {5432}},
    {"bitnami/postgresql", {5432}},
    {"pgvector/pgvector", {5432}},
    {"mysql", {3306, 33060}},
    {"mysql/mysql-server", {3306, 33060}},
    {"bitnami/mysql", {3306}},
    {"mariadb", {3306}},
    {"bitnami/mariadb", {3306}},
    {"percona", {3306}},
    {"percona/percona-server", {3306}},
    {"mongo", {27017}},
    {"bitnami/mongodb", {27017}},
    {"couchdb", {5984, 4369, 9100}},
    {"cassandra", {9042, 9160, 7000}},
    {"elasticsearch", {9200, 9300}},
    {"elasticsearch/elasticsearch", {9200, 9300}},
    {"opensearchproject/opensearch", {9200, 9300, 9600}},
    {"influxdb", {8086}},
    {"neo4j", {7474, 7687}},
    {"rethinkdb", {28015, 29015, 8080}},
    {"arangodb", {8529}},
    {"solr", {8983}},
    {"clickhouse/clickhouse-server", {9000, 8123, 9009}},
    {"crate", {4200, 4300, 5432}},
    {"orientdb", {2424, 2480}},
    // Queues and coordination
    {"rabbitmq", {5672, 5671, 4369}},
    {"bitnami/rabbitmq", {5672}},
    {"nats", {4222, 6222, 8222}},
    {"nats-streaming", {4222, 8222}},
    {"zookeeper", {2181, 2888, 3888}},
    {"bitnami/zookeeper", {2181, 2888, 3888}},
    {"wurstmeister/zookeeper", {2181, 2888, 3888}},
    {"confluentinc/cp-zookeeper", {2181, 2888, 3888}},
    {"confluentinc/cp-kafka", {9092}},
    {"bitnami/kafka", {9092}},
    {"consul", {8500, 8301, 8600}},
    {"hashicorp/consul", {8500, 8301, 8600}},
    {"vault", {8200}},
    {"hashicorp/vault", {8200}},
    {"eclipse-mosquitto", {1883}},
    // Web
    {"nginx", {80}},
    {"nginxinc/nginx-unprivileged", {8080}},
    {"bitnami/nginx", {8080, 8443}},
    {"httpd", {80}},
    {"traefik", {80}},
    {"caddy", {80, 443, 2019}},
    {"tomcat", {8080}},
    {"jetty", {8080}},
    {"wordpress", {80}},
    {"drupal", {80}},
    {"joomla", {80}},
    {"nextcloud", {80}},
    {"ghost", {2368}},
    {"redmine", {3000}},
    {"jenkins/jenkins", {8080, 50000}},
    {"jenkins", {8080, 50000}},
    {"sonarqube", {9000}},
    {"registry", {5000}},
    {"gitea/gitea", {3000, 22}},
    // Beside them
    {"minio/minio", {9000}},
    {"adminer", {8080}},
    {"phpmyadmin", {80}},
    {"phpmyadmin/phpmyadmin", {80}},
    {"dpage/pgadmin4", {80, 443}},
    {"mongo-express", {8081}},
    {"rediscommander/redis-commander", {8081}},
    {"kibana", {5601}},
    {"kibana/kibana", {5601}},
    {"logstash", {5044, 9600}},
    {"grafana/grafana", {3000}},
    {"prom/prometheus", {9090}},
    {"prom/alertmanager", {9093}},
    {"prom/pushgateway", {9091}},
    {"mailhog/mailhog", {1025, 8025}},
    {"selenium/hub", {4444}},
    {"openzipkin/zipkin", {9411}},
};

// Without registry, tag and digest, and without "library/".
std::string_view repository_of(std::string_view image) {
    image = image.substr(0, image.find('@'));
    const std::size_t slash = image.rfind('/');
    const std::size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
    image = image.substr(0, colon);
    const std::size_t first = image.find('/');
    if (first != std::string_view::npos) {
        const std::string_view host = image.substr(0, first);
        if (host.find_first_of(".:") != std::string_view::npos || host == "localhost")
            image.remove_prefix(first + 1);
    }
    constexpr std::string_view kLibrary = "library/";
    if (image.starts_with(kLibrary)) image.remove_prefix(kLibrary.size());
    return image;
}

}  // namespace

std::vector<std::uint16_t> known_image_ports(std::string_view image) {
    const std::string_view repository = repository_of(image);
    std::vector<std::uint16_t> ports;
    for (const KnownImage& known : kKnown) {
        if (known.repository != repository) continue;
        std::copy_if(known.ports.begin(), known.ports.end(), std::back_inserter(ports),
                     [](std::uint16_t port) { return port != 0; });
    }
    return ports;
}

}  // namespace amba::fleet
