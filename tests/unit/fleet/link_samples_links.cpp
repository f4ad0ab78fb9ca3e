#include "tests/unit/fleet/link_samples.hpp"

namespace amba::fleet {

std::vector<LinkSample> link_samples() {
    return {
        {"the workshop's dockercoins",
         R"(rng:
  build: rng
  ports:
    - "8001:80"

hasher:
  build: hasher
  ports:
    - "8002:80"

webui:
  build: webui
  links:
    - redis
  ports:
    - "8000:80"
  volumes:
    - "./webui/files/:/files/"

redis:
  image: redis

worker:
  build: worker
  links:
    - rng
    - hasher
    - redis
)",
         "hasher: 80\nredis: 6379\nrng: 80\nwebui: 80\n",
         R"(rng:
  build: rng
  ports: ["80"]

hasher:
  build: hasher
  ports: ["80"]

webui:
  build: webui
  extra_hosts:
    redis: 127.127.0.2
  ports: ["80"]

redis:
  image: redis
  ports: ["6379"]

worker:
  build: worker
  extra_hosts:
    rng: 127.127.0.2
    hasher: 127.127.0.3
    redis: 127.127.0.4
)",
         {"3: ports of service \"rng\" are those of ports.yml now",
          "8: ports of service \"hasher\" are", "15: ports of service \"webui\" are",
          "18: volume \"./webui/files/:/files/\" of service \"webui\" is gone"}},

        {"a link that is skipped uses its number up",
         R"(version: "2"
services:
  a:
    image: a
  b:
    image: b
  web:
    image: web
    links: [b, a]
    depends_on: [c]
  c:
    image: c
)",
         "b: 80\nc: 80\n",
         R"(version: "2"
services:
  a:
    image: a
  b:
    image: b
    ports: ["80"]
  web:
    image: web
    links: [a]
    extra_hosts:
      b: 127.127.0.2
      c: 127.127.0.4
    depends_on: [c]
  c:
    image: c
    ports: ["80"]
)",
         {"9: Skipping link a in service web (no port mapping defined): it stays a link."}},

        {"an alias is the name, and a label keeps the service",
         R"(version: "3.8"
services:
  redis:
    image: redis
    expose: ["6379"]
  web:
    image: web
    links:
      - redis:cache
      - redis
    depends_on: [redis]
)",
         "",
         R"(version: "3.8"
services:
  redis:
    image: redis
    expose: ["6379"]
  web:
    image: web
    extra_hosts:
      cache: 127.127.0.2
      redis: 127.127.0.3
    labels:
      ambassador.link.cache: redis
    depends_on: [redis]
)",
         {}},

        {"labels as a list, extra_hosts as a list",
         R"(services:
  redis: {image: redis, expose: [6379]}
  web:
    image: web
    labels:
      - "com.example=1"
    extra_hosts:
    - "somehost:10.0.0.1"
    - v6=[::1]
    links: ["redis:cache"]
    command: run
)",
         "",
         R"(services:
  redis: {image: redis, expose: [6379]}
  web:
    image: web
    labels:
      - "com.example=1"
      - "ambassador.link.cache=redis"
    extra_hosts:
    - "somehost:10.0.0.1"
    - v6=[::1]
    - "cache:127.127.0.2"
    command: run
)",
         {}},

        {"labels and extra_hosts as maps",
         R"(services:
  redis: {image: redis, expose: [6379]}
  web:
    image: web
    links: ["redis:cache"]
    labels:
        com.example: "1"
        # the last of them
    extra_hosts:
      somehost: 10.0.0.1

    command: run
)",
         "",
         R"(services:
  redis: {image: redis, expose: [6379]}
  web:
    image: web
    labels:
        com.example: "1"
        # the last of them
        ambassador.link.cache: redis
    extra_hosts:
      somehost: 10.0.0.1
      cache: 127.127.0.2

    command: run
)",
         {}},

        {"labels and extra_hosts in brackets, empty and not",
         R"(services:
  redis: {image: redis, expose: [6379]}
  a:
    links: ["redis:cache"]
    labels: {x: 'it''s, "1"'}
    extra_hosts: []
  b:
    links: ["redis:cache"]
    labels: [x=1]
    extra_hosts: {}
  c:
    links: ["redis:cache"]
    labels:
    extra_hosts: {
      somehost: 10.0.0.1, # one, two
    }
)",
         "",
         R"(services:
  redis: {image: redis, expose: [6379]}
  a:
    labels: {x: 'it''s, "1"', ambassador.link.cache: redis}
    extra_hosts: ["cache:127.127.0.2"]
  b:
    labels: [x=1, "ambassador.link.cache=redis"]
    extra_hosts: {cache: 127.127.0.2}
  c:
    labels:
      ambassador.link.cache: redis
    extra_hosts: {
      somehost: 10.0.0.1, cache: 127.127.0.2, # one, two
    }
)",
         {}},

        {"depends_on: after the links, without those of no port and without jobs",
         R"(services:
  db:
    image: postgres
    expose: ["5432"]
  cache:
    image: redis
    expose: ["6379"]
  migrate:
    image: web
  seed:
    image: web
    expose: ["1"]
  web:
    image: web
    depends_on:
      migrate:
        condition: service_started
      seed:
        condition: service_completed_successfully
      db:
        condition: service_healthy
      cache: {condition: service_started}
      gone:
        condition: service_started
        required: false
    restart: always
  other:
    image: web
    depends_on:
    - cache
    - db
    links:
    - db
)",
         "",
         R"(services:
  db:
    image: postgres
    expose: ["5432"]
  cache:
    image: redis
    expose: ["6379"]
  migrate:
    image: web
  seed:
    image: web
    expose: ["1"]
  web:
    image: web
    depends_on:
      migrate:
        condition: service_started
      seed:
        condition: service_completed_successfully
      db:
        condition: service_healthy
      cache: {condition: service_started}
      gone:
        condition: service_started
        required: false
    extra_hosts:
      db: 127.127.0.2
      cache: 127.127.0.3
    restart: always
  other:
    image: web
    depends_on:
    - cache
    - db
    extra_hosts:
      db: 127.127.0.2
      cache: 127.127.0.3
)",
         {"16: Skipping dependency migrate in service web (no port mapping defined): it gets no "
          "ambassador."}},

        {"addresses stay, and new ones take their number or the next that is free",
         R"(services:
  a: {image: a, expose: [1]}
  b: {image: b, expose: [1]}
  c: {image: c, expose: [1]}
  d: {image: d, expose: [1]}
  web:
    image: web
    extra_hosts:
      b: 127.127.0.2
      c: 127.127.7.7
      gone: 127.127.0.4
    links: [a, b, c, d]
)",
         "",
         R"(services:
  a: {image: a, expose: [1]}
  b: {image: b, expose: [1]}
  c: {image: c, expose: [1]}
  d: {image: d, expose: [1]}
  web:
    image: web
    extra_hosts:
      b: 127.127.0.2
      c: 127.127.7.7
      gone: 127.127.0.4
      a: 127.127.0.3
      d: 127.127.0.5
)",
         {}},

        {"external_links and the host's network are told",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    image: web
    external_links:
      - other_db:db2
    network_mode: host
    depends_on: [db]
  bare:
    image: bare
    network_mode: host
)",
         "",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    image: web
    external_links:
      - other_db:db2
    network_mode: host
    depends_on: [db]
    extra_hosts:
      db: 127.127.0.2
  bare:
    image: bare
    network_mode: host
)",
         {"5: external_links of service \"web\" stay",
          "7: service \"web\" is in the host's network"}},

        {"names that YAML would not take for strings are quoted",
         R"(services:
  "1.5": {image: a, expose: [1]}
  "on": {image: a, expose: [1]}
  web:
    links: ["1.5", "on", "on:80"]
)",
         "",
         R"(services:
  "1.5": {image: a, expose: [1]}
  "on": {image: a, expose: [1]}
  web:
    extra_hosts:
      "1.5": 127.127.0.2
      "on": 127.127.0.3
      "80": 127.127.0.4
    labels:
      ambassador.link.80: "on"
)",
         {}},
    };
}

}  // namespace amba::fleet
