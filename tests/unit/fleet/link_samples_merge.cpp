#include "tests/unit/fleet/link_samples.hpp"

namespace amba::fleet {

std::vector<LinkSample> merge_samples() {
    return {
        {"links through a merge key are overridden where they arrive",
         R"(x-app: &app
  image: a
  links: [db, quiet]
services:
  web:
    <<: *app
    command: web
  page:
    <<: *app
    links: [db]
  done:
    <<: *app
    links: []
    extra_hosts:
      db: 127.127.0.2
  job:
    <<: *app
    links:
  db:
    image: b
    expose: ["5432"]
  quiet: {image: q}
)",
         "",
         R"(x-app: &app
  image: a
  links: [db, quiet]
services:
  web:
    <<: *app
    command: web
    links: [quiet]
    extra_hosts:
      db: 127.127.0.2
  page:
    <<: *app
    links: []
    extra_hosts:
      db: 127.127.0.2
  done:
    <<: *app
    links: []
    extra_hosts:
      db: 127.127.0.2
  job:
    <<: *app
    links:
  db:
    image: b
    expose: ["5432"]
  quiet: {image: q}
)",
         {"3: Skipping link quiet in service web"}},

        {"a service that is merged into another",
         R"(services:
  a: &a
    image: a
    links: ["db:pg"]
  b:
    <<: *a
    image: b
  db: {image: db, expose: [1]}
)",
         "",
         R"(services:
  a: &a
    image: a
    extra_hosts:
      pg: 127.127.0.2
    labels:
      ambassador.link.pg: db
  b:
    <<: *a
    image: b
    links: []
    extra_hosts:
      pg: 127.127.0.2
    labels:
      ambassador.link.pg: db
  db: {image: db, expose: [1]}
)",
         {}},

        {"lists and mappings of others are written out before something is added",
         R"(x: &x
  extra_hosts: ["a:1.1.1.1"]
  labels: {k: v, n: 1, q: "true"}
y: &y {a: 1.1.1.1}
l: &l [db]
services:
  db: {image: db, expose: [1]}
  merged:
    <<: *x
    links: ['db:pg']
  alias:
    extra_hosts: *y
    links: *l
)",
         "",
         R"(x: &x
  extra_hosts: ["a:1.1.1.1"]
  labels: {k: v, n: 1, q: "true"}
y: &y {a: 1.1.1.1}
l: &l [db]
services:
  db: {image: db, expose: [1]}
  merged:
    <<: *x
    extra_hosts:
      - "a:1.1.1.1"
      - "pg:127.127.0.2"
    labels:
      k: v
      "n": 1
      q: "true"
      ambassador.link.pg: db
  alias:
    extra_hosts:
      a: 1.1.1.1
      db: 127.127.0.2
)",
         {}},

        {"ports and volumes of others are written out without what goes",
         R"(x: &x
  image: x
  ports: ["80:80", 8443:443, {target: 90, published: 91, protocol: tcp}, 99]
  volumes: [./a:/a, data:/b, {type: bind, source: ./c, target: /c}]
v: &v [./a:/a, data:/b]
p: &p ["80:80"]
w: &w
  volumes: [./a:/a]
services:
  merged:
    <<: *x
  alias:
    image: y
    volumes: *v
    ports: *p
  all:
    <<: *w
    image: z
  own:
    <<: *w
    volumes:
      - ./b:/b
)",
         "",
         R"(x: &x
  image: x
  ports: ["80:80", 8443:443, {target: 90, published: 91, protocol: tcp}, 99]
  volumes: [./a:/a, data:/b, {type: bind, source: ./c, target: /c}]
v: &v [./a:/a, data:/b]
p: &p ["80:80"]
w: &w
  volumes: [./a:/a]
services:
  merged:
    <<: *x
    ports: ["80", "443", {target: 90, protocol: tcp}, 99]
    volumes: [data:/b]
  alias:
    image: y
    volumes: [data:/b]
    ports: ["80"]
  all:
    <<: *w
    image: z
    volumes: []
  own:
    <<: *w
    volumes: []
)",
         {"4: volume \"./a:/a\" of service \"merged\"", "4: volume \"./c\" of service \"merged\"",
          "5: volume \"./a:/a\" of service \"alias\"", "8: volume \"./a:/a\" of service \"all\"",
          "10: ports of service \"merged\" are on random ports",
          "15: ports of service \"alias\" are on random ports",
          "22: volume \"./b:/b\" of service \"own\""}},

        {"a ports.yml and merged ports",
         R"(x: &x
  ports: ["80:80"]
services:
  quiet:
    <<: *x
  web:
    <<: *x
    image: web
)",
         "web: 81\n",
         R"(x: &x
  ports: ["80:80"]
services:
  quiet:
    <<: *x
    ports: []
  web:
    <<: *x
    image: web
    ports: ["81"]
)",
         {"4: ports of service \"quiet\" are gone", "6: ports of service \"web\" are those of"}},
    };
}

}  // namespace amba::fleet
