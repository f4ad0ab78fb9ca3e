#include "tests/unit/fleet/link_samples.hpp"

namespace amba::fleet {

std::vector<LinkSample> kept_samples() {
    return {
        {"links without a known port stay, in every form of a list",
         R"(services:
  a: {image: a}
  b: {image: b, expose: [1]}
  block:
    image: x
    links:
      # to store
      - b   # the first
      # to ask
      - a   # the second
      - a:c
      # to store again
      - b:d
      # - later
  flow:
    links: [a, b, 'a:x', b:z]
  all:
    links:
    # not known
    - a
    - a:b
)",
         "",
         R"(services:
  a: {image: a}
  b: {image: b, expose: [1]}
  block:
    image: x
    links:
      # to ask
      - a   # the second
      - a:c
    extra_hosts:
      # to store
      b: 127.127.0.2   # the first
      # to store again
      d: 127.127.0.5
      # - later
    labels:
      ambassador.link.d: b
  flow:
    links: [a, 'a:x']
    extra_hosts:
      b: 127.127.0.3
      z: 127.127.0.5
    labels:
      ambassador.link.z: b
  all:
    links:
    # not known
    - a
    - a:b
)",
         {"10: Skipping link a in service block (no port mapping defined): it stays a link.",
          "11: Skipping link a:c in service block", "16: Skipping link a in service flow",
          "16: Skipping link a:x in service flow", "20: Skipping link a in service all",
          "21: Skipping link a:b in service all"}},

        {"comments in links go where their links go",
         R"(services:
  db: {image: db, expose: [1]}
  fresh:
    links: # what it needs
      # the primary
      - db # not the replica
      # - cache
    image: x
  there:
    extra_hosts:
      x: 10.0.0.1
    links:
    - db # the primary
    # - cache
  list:
    links: [ # all of them
      "db", # the primary
      # none but it
    ]
    extra_hosts:
    - x:10.0.0.1
  flow:
    extra_hosts: {x: 10.0.0.1}
    links:
      - "db"  # has a '#' in it
      - db:two
      # the end
  known:
    extra_hosts:
      db: 127.127.0.2
    links:
      - db   # known
)",
         "",
         R"(services:
  db: {image: db, expose: [1]}
  fresh:
    extra_hosts: # what it needs
      # the primary
      db: 127.127.0.2 # not the replica
      # - cache
    image: x
  there:
    extra_hosts:
      x: 10.0.0.1
      db: 127.127.0.2 # the primary
    # - cache
  list:
    # all of them
    extra_hosts:
    - x:10.0.0.1
    - "db:127.127.0.2" # the primary
    # none but it
  flow:
    extra_hosts: {x: 10.0.0.1, db: 127.127.0.2, two: 127.127.0.3}
    # has a '#' in it
    # the end
    labels:
      ambassador.link.two: db
  known:
    extra_hosts:
      db: 127.127.0.2
    # known
)",
         {}},

        {"variables in aliases stand where Compose replaces them",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    links: ["db:${ALIAS:-pg}", db]
  lists:
    links: ["db:${ALIAS:-pg}"]
    extra_hosts: [x:10.0.0.1]
    labels:
      - a=b
  mapping:
    links: ["db:${ALIAS:-pg}", db]
    extra_hosts: {x: 10.0.0.1}
  labelled:
    links: ["db:${ALIAS:-pg}"]
    labels: {x: "1"}
)",
         "",
         R"(services:
  db: {image: db, expose: [1]}
  web:
    extra_hosts:
      - "${ALIAS:-pg}:127.127.0.2"
      - "db:127.127.0.3"
    labels:
      - "ambassador.link.${ALIAS:-pg}=db"
  lists:
    extra_hosts: [x:10.0.0.1, "${ALIAS:-pg}:127.127.0.2"]
    labels:
      - a=b
      - "ambassador.link.${ALIAS:-pg}=db"
  mapping:
    links: ["db:${ALIAS:-pg}"]
    extra_hosts: {x: 10.0.0.1, db: 127.127.0.3}
  labelled:
    links: ["db:${ALIAS:-pg}"]
    labels: {x: "1"}
)",
         {"11: Skipping link db:${ALIAS:-pg} in service mapping (extra_hosts of service "
          "\"mapping\" "
          "are a mapping, in whose keys Compose does not replace variables; expected a list): it",
          "14: Skipping link db:${ALIAS:-pg} in service labelled (labels of service"}},

        {"who is in another's network has its names there",
         R"(services:
  app:
    image: a
    network_mode: "service:vpn"
    depends_on: [vpn, db]
  deep:
    image: a
    network_mode: "service:app"
    depends_on: [db, cache]
  vpn:
    image: b
    expose: ["80"]
    depends_on: [cache]
  outside:
    image: a
    network_mode: container:other
    depends_on: [db]
    links: [cache]
  none:
    image: a
    network_mode: none
    depends_on: [db]
  beside:
    image: a
    network_mode: service:none
    depends_on: [cache]
  db: {image: c, expose: ["5432"]}
  cache: {image: c, expose: ["6379"]}
)",
         "",
         R"(services:
  app:
    image: a
    network_mode: "service:vpn"
    depends_on: [vpn, db]
  deep:
    image: a
    network_mode: "service:app"
    depends_on: [db, cache]
  vpn:
    image: b
    expose: ["80"]
    depends_on: [cache]
    extra_hosts:
      cache: 127.127.0.2
      db: 127.127.0.3
  outside:
    image: a
    network_mode: container:other
    depends_on: [db]
    links: [cache]
  none:
    image: a
    network_mode: none
    depends_on: [db]
  beside:
    image: a
    network_mode: service:none
    depends_on: [cache]
  db: {image: c, expose: ["5432"]}
  cache: {image: c, expose: ["6379"]}
)",
         {"4: service \"app\" is in the network of \"vpn\": both share their ambassador",
          "5: Skipping dependency vpn in service app (it is in the network of that service)",
          "8: service \"deep\" is in the network of \"app\"",
          "17: Skipping dependency db in service outside (it is in the network of \"other\", where "
          "the Engine takes no extra_hosts; give them to that one)",
          "18: Skipping link cache in service outside (it is in the network of \"other\", where",
          "22: Skipping dependency db in service none (it has no network: network_mode is none)",
          "26: Skipping dependency cache in service beside (it is in the network of \"none\", "
          "which has none)"}},

        {"an alias in another's network is labelled there, and an other's name is not taken",
         R"(vpn:
  image: b
  links: [db]
app:
  image: a
  net: "container:vpn"
  links: ["cache:db", "cache:fast"]
db: {image: c, expose: ["5432"]}
cache: {image: c, expose: ["6379"]}
)",
         "",
         R"(vpn:
  image: b
  extra_hosts:
    db: 127.127.0.2
    fast: 127.127.0.4
  labels:
    ambassador.link.fast: cache
app:
  image: a
  net: "container:vpn"
  links: ["cache:db"]
db: {image: c, expose: ["5432"]}
cache: {image: c, expose: ["6379"]}
)",
         {"6: service \"app\" is in the network of \"vpn\"",
          "7: Skipping link cache:db in service app (\"db\" stands for \"db\" in the network that "
          "they share): it stays a link."}},

        {"a link and an external link of one name",
         R"(services:
  web:
    external_links: ["other_db_1:db", cache]
    links: [db, "db:mine"]
    depends_on: [cache]
  db: {image: c, expose: ["5432"]}
  cache: {image: c, expose: ["6379"]}
)",
         "",
         R"(services:
  web:
    external_links: ["other_db_1:db", cache]
    links: [db]
    extra_hosts:
      mine: 127.127.0.3
    labels:
      ambassador.link.mine: db
    depends_on: [cache]
  db: {image: c, expose: ["5432"]}
  cache: {image: c, expose: ["6379"]}
)",
         {"3: external_links of service \"web\" stay",
          "4: Skipping link db in service web (an external link has the name \"db\" too): it stays",
          "5: Skipping dependency cache in service web (an external link has the name"}},
    };
}

}  // namespace amba::fleet
