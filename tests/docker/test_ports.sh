# shellcheck shell=bash
# Ports below 1024, for a program that is not root.

web() {
    start web "$@" "$TOOLS" sh -c 'mkdir /www && echo served >/www/index.html \
        && exec busybox httpd -f -p 8080 -h /www'
}

page() { docker exec "$(name "$1")" curl -sS --max-time 5 "http://$2/"; }

serves() { equal served "$(page "$1" "$2")" "the page"; }

test_port_80_in_a_private_namespace() {
    web
    client client
    sidecar amba client -- run 127.127.0.2:80 "$(address web)" 8080
    eventually 10 serves client 127.127.0.2:80
}

test_port_80_of_its_own() {
    network net
    web --network "$(name net)" --network-alias web
    client client --network "$(name net)"
    start amba --network "$(name net)" --network-alias front "$IMAGE" 80 web 8080
    eventually 10 serves client front:80
}

test_port_80_of_its_own_without_capabilities() {
    network net
    web --network "$(name net)" --network-alias web
    client client --network "$(name net)"
    start amba --cap-drop ALL --network "$(name net)" --network-alias front "$IMAGE" 80 web 8080
    eventually 10 serves client front:80
}

# An address of 127/8 that nobody else has, on the machine of the Engine.
test_port_80_in_the_hosts_namespace() {
    web
    client client --network host
    start amba --network host "$IMAGE" run 127.127.77.80:80 "$(address web)" 8080
    eventually 10 serves client 127.127.77.80:80
}

# Without the capability amba cannot bind, says so and ends.
test_port_80_in_the_hosts_namespace_without_capabilities() {
    web
    start amba --network host --cap-drop ALL "$IMAGE" run 127.127.77.81:80 "$(address web)" 8080
    equal 1 "$(docker wait "$(name amba)")" "the exit code"
    contains "$(logs amba)" "127\.127\.77\.81:80.*([Pp]ermission denied|not permitted)" "the log"
}
