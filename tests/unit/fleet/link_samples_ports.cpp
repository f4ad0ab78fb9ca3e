#include "tests/unit/fleet/link_samples.hpp"

namespace amba::fleet {

std::vector<LinkSample> port_samples() {
    return {
        {"ports lose their side of the host",
         R"(services:
  web:
    image: web
    ports:
      - "8000:80"   # the page
      - '8443:443'
      - 9000:90
      - "127.0.0.1:8001:81"
      - "[::1]:8002:82"
      - "127.0.0.1::83"
      - "80"
      - 3000-3005
      - "9090-9091:8080-8081"
      - "53:53/udp"
      - "${PORT:-80}:84"
  flow:
    image: web
    ports: ["8000:80", '8443:443', 9000:90, 90]
  exposed:
    image: web
    expose: ["80"]
)",
         "",
         R"(services:
  web:
    image: web
    ports:
      - "80"   # the page
      - '443'
      - "90"
      - "127.0.0.1::81"
      - "[::1]::82"
      - "127.0.0.1::83"
      - "80"
      - 3000-3005
      - "8080-8081"
      - "53/udp"
      - "84"
  flow:
    image: web
    ports: ["80", '443', "90", 90]
  exposed:
    image: web
    expose: ["80"]
)",
         {"4: ports of service \"web\" are on random ports of the host now: 8000:80, 8443:443, "
          "9000:90, 127.0.0.1:8001:81, [::1]:8002:82, 9090-9091:8080-8081, 53:53/udp, "
          "${PORT:-80}:84",
          "18: ports of service \"flow\" are on random ports of the host now: 8000:80, 8443:443, "
          "9000:90"}},

        {"ports in long form lose published",
         R"(services:
  web:
    image: web
    ports:
      - target: 80
        published: "8000"  # here
        protocol: tcp
      - published: 8443
        target: 443
      - target: 53
        protocol: udp
        published: 53

      - {target: 90, published: 9000, mode: host}
      - {published: 9001, target: 91}
      - {target: 92, published: 9002}
      - target: 93
        host_ip: 127.0.0.1
)",
         "",
         R"(services:
  web:
    image: web
    ports:
      - target: 80
        protocol: tcp
      - target: 443
      - target: 53
        protocol: udp

      - {target: 90, mode: host}
      - {target: 91}
      - {target: 92}
      - target: 93
        host_ip: 127.0.0.1
)",
         {"4: ports of service \"web\" are on random ports of the host now: 8000:80, 8443:443, "
          "53:53, 9000:90, 9001:91, 9002:92"}},

        {"ports are found in all forms",
         R"(services:
  range: {image: a, ports: ["3000-3005"]}
  short: {image: a, ports: ["80"]}
  long: {image: a, ports: [{target: 80}]}
  number: {image: a, expose: [80]}
  udp: {image: a, ports: ["53/udp", {target: 53, protocol: udp}], expose: ["54/udp"]}
  variable: {image: a, expose: ["${PORT}"]}
  web:
    image: web
    depends_on: [range, short, long, udp, number, variable]
)",
         "",
         R"(services:
  range: {image: a, ports: ["3000-3005"]}
  short: {image: a, ports: ["80"]}
  long: {image: a, ports: [{target: 80}]}
  number: {image: a, expose: [80]}
  udp: {image: a, ports: ["53/udp", {target: 53, protocol: udp}], expose: ["54/udp"]}
  variable: {image: a, expose: ["${PORT}"]}
  web:
    image: web
    depends_on: [range, short, long, udp, number, variable]
    extra_hosts:
      range: 127.127.0.2
      short: 127.127.0.3
      long: 127.127.0.4
      number: 127.127.0.5
      variable: 127.127.0.6
)",
         {"10: Skipping dependency udp in service web"}},

        {"with a ports.yml it alone counts",
         R"(services:
  web:
    image: web
    expose: ["80"]
    ports: ["8000:80"]
    depends_on: [redis, quiet]
  redis:
    image: redis
    # why
    command: redis-server

    # of the next
  same:
    image: same
    ports:
    - 81
    - "82"
  quiet:
    image: quiet
    expose: ["80"]
)",
         "redis: [6379, 6380]\nsame: [81, 82]\nnot_here: 1\n",
         R"(services:
  web:
    image: web
    expose: ["80"]
    depends_on: [redis, quiet]
    extra_hosts:
      redis: 127.127.0.2
  redis:
    image: redis
    # why
    command: redis-server
    ports: ["6379", "6380"]

    # of the next
  same:
    image: same
    ports:
    - 81
    - "82"
  quiet:
    image: quiet
    expose: ["80"]
)",
         {"5: ports of service \"web\" are gone", "6: Skipping dependency quiet in service web"}},

        {"volumes that are paths of the host go",
         R"(volumes:
  data: {}
services:
  some:
    image: a
    volumes:
      - data:/data
      # ours
      - ./x:/x:ro
      - ../y:/y

      - .:/app
      - "~/z:/z"
      - /var/run/docker.sock:/var/run/docker.sock
      - ${HOME}/w:/w
      - 'C:\x:/c'
      - 'C:/x:/d'
      - c:/x
      - /anonymous
      - type: bind
        source: ./b
        target: /b
      - type: volume
        source: data
        target: /d
      - {type: tmpfs, target: /t}
    volumes_from: [other]
  flow:
    image: a
    volumes: [./a:/a, ./b:/b, data:/c, {type: bind, source: /d, target: /d}, data:/e, ./f:/f]
  all:
    image: a

    volumes:
      - ./x:/x  # ours
      # - data:/x

    command: run
  other:
    image: a
    volumes: [it's:/data, ./x:/x, don't:/data]
  last:
    image: a

    volumes: [./x:/x]
)",
         "",
         R"(volumes:
  data: {}
services:
  some:
    image: a
    volumes:
      - data:/data
      # ours

      - c:/x
      - /anonymous
      - type: volume
        source: data
        target: /d
      - {type: tmpfs, target: /t}
    volumes_from: [other]
  flow:
    image: a
    volumes: [data:/c, data:/e]
  all:
    image: a

    # - data:/x

    command: run
  other:
    image: a
    volumes: [it's:/data, don't:/data]
  last:
    image: a
)",
         {"9: volume \"./x:/x:ro\" of service \"some\" is gone", "10: volume \"../y:/y\"",
          "12: volume \".:/app\"", "13: volume \"~/z:/z\"", "14: volume \"/var/run/docker.sock",
          "15: volume \"${HOME}/w:/w\"", "16: volume \"C:", "17: volume \"C:/x:/d\"",
          "20: volume \"./b\" of", "30: volume \"./a:/a\" of service \"flow\"",
          "30: volume \"./b:/b\"", "30: volume \"/d\"", "30: volume \"./f:/f\"",
          "35: volume \"./x:/x\" of service \"all\"",
          "41: volume \"./x:/x\" of service \"other\" is gone",
          "45: volume \"./x:/x\" of service \"last\""}},
    };
}

}  // namespace amba::fleet
