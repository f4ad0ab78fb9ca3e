#include "tests/unit/fleet/link_samples.hpp"

namespace amba::fleet {

namespace {

std::string with_crlf(const std::string& text) {
    std::string out;
    for (const char c : text)
        out += c == '\n' ? "\r\n" : std::string(1, c);
    return out;
}

constexpr const char* kPlainIn = R"(services:
  db:
    image: db
    expose: ["1"]
    ports: ["5432:5432"]
  web:
    image: "wéb"
    volumes:
    - ./x:/x
    - x:/x
    links:
    - db
)";
constexpr const char* kPlainOut = R"(services:
  db:
    image: db
    expose: ["1"]
    ports: ["5432"]
  web:
    image: "wéb"
    volumes:
    - x:/x
    extra_hosts:
      db: 127.127.0.2
)";
const std::vector<std::string> kPlainRemarks{"5: ports of service \"db\"", "9: volume \"./x:/x\""};

std::string without_end(std::string text) {
    text.resize(text.find_last_not_of("\r\n") + 1);
    return text;
}

}  // namespace

std::vector<LinkSample> style_samples() {
    return {
        {"lines end with CRLF", with_crlf(kPlainIn), "", with_crlf(kPlainOut), kPlainRemarks},
        {"no newline at the end", without_end(kPlainIn), "", without_end(kPlainOut), kPlainRemarks},
        {"CRLF, and no newline at the end", without_end(with_crlf(kPlainIn)), "",
         without_end(with_crlf(kPlainOut)), kPlainRemarks},
        {"a byte order mark", "\xEF\xBB\xBF" + std::string(kPlainIn), "",
         "\xEF\xBB\xBF" + std::string(kPlainOut), kPlainRemarks},
        {"markers of a document",
         "%YAML 1.1\n---\n" + std::string(kPlainIn) + "...\n",
         "",
         "%YAML 1.1\n---\n" + std::string(kPlainOut) + "...\n",
         {"7: ports of service \"db\"", "11: volume \"./x:/x\""}},

        {"comments and blank lines stay with what they are about",
         R"(# the file
version: '3'   # quoted

x-common: &common   # shared
  restart: always

services:

    # the store
    redis:   # here
        <<: *common
        image: redis
        expose:
            - "6379"   # its port

    # the page
    web:
        <<: *common
        # what it needs
        links:
            - redis   # to count
            # - later
        # what it is
        image: web

        # where it listens
        ports:

        - "8000:80"
        # the end of web

# the end
)",
         "",
         R"(# the file
version: '3'   # quoted

x-common: &common   # shared
  restart: always

services:

    # the store
    redis:   # here
        <<: *common
        image: redis
        expose:
            - "6379"   # its port

    # the page
    web:
        <<: *common
        # what it needs
        extra_hosts:
            redis: 127.127.0.2   # to count
            # - later
        # what it is
        image: web

        # where it listens
        ports:

        - "80"
        # the end of web

# the end
)",
         {"27: ports of service \"web\""}},

        {"version 1 with its number, and keys that are no service",
         R"(version: "1"
x-more: [1]
redis:
  image: redis
  expose: ["6379"]
web:
  build: .
  links: [redis]
  net: host
)",
         "",
         R"(version: "1"
x-more: [1]
redis:
  image: redis
  expose: ["6379"]
web:
  build: .
  extra_hosts:
    redis: 127.127.0.2
  net: host
)",
         {"9: service \"web\" is in the host's network"}},

        {"scalars over several lines, and what looks like keys in them",
         R"(services:
  redis:
    image: redis
    expose: [
      "6379",  # its port
    ]
  web:
    command: |
      links:
        - nothing

      # no comment
    links: [
      "redis",
      redis:cache
    ]
    entrypoint: "a
      links: [b]
      c"
    environment:
      TEXT: it's [not
        a list
    depends_on: ["redis"]
)",
         "",
         R"(services:
  redis:
    image: redis
    expose: [
      "6379",  # its port
    ]
  web:
    command: |
      links:
        - nothing

      # no comment
    extra_hosts:
      redis: 127.127.0.2
      cache: 127.127.0.3
    labels:
      ambassador.link.cache: redis
    entrypoint: "a
      links: [b]
      c"
    environment:
      TEXT: it's [not
        a list
    depends_on: ["redis"]
)",
         {}},

        {"what is merged and needs no change may be merged",
         R"(x-base: &base
  volumes: ["data:/data"]
  expose: ["80"]
  depends_on: &needs [db]
services:
  db: &db
    image: db
    expose: ["5432"]
  a:
    <<: [*base, {image: a}]
  b:
    <<: *base
    depends_on: *needs
    image: b
    labels: &labels
      x: "1"
  c:
    image: c
    depends_on:
      <<: {b: {condition: service_started}}
)",
         "",
         R"(x-base: &base
  volumes: ["data:/data"]
  expose: ["80"]
  depends_on: &needs [db]
services:
  db: &db
    image: db
    expose: ["5432"]
  a:
    <<: [*base, {image: a}]
    extra_hosts:
      db: 127.127.0.2
  b:
    <<: *base
    depends_on: *needs
    extra_hosts:
      db: 127.127.0.2
    image: b
    labels: &labels
      x: "1"
  c:
    image: c
    depends_on:
      <<: {b: {condition: service_started}}
    extra_hosts:
      b: 127.127.0.2
)",
         {}},

        {"empty keys go or are filled",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    links:
    extra_hosts:
    volumes:
    ports: []
    depends_on: [db]
)",
         "",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    extra_hosts:
      db: 127.127.0.2
    volumes:
    ports: []
    depends_on: [db]
)",
         {}},

        {"include is told",
         "include: [other.yml]\nservices:\n  a: {image: a}\n",
         "",
         "include: [other.yml]\nservices:\n  a: {image: a}\n",
         {"1: include: the files it names"}},
    };
}

}  // namespace amba::fleet
