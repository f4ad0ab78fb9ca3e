# shellcheck shell=bash
# README's docker commands, as they stand there, but for the names of containers and images.

# readme_lines SECTION: the lines of the section's shell blocks
readme_lines() {
    awk -v section="## $1" '$0 == section { on = 1; next } /^## / { on = 0 }
        on && /^```sh/ { code = 1; next } /^```/ { code = 0 } on && code' "$ROOT/README.md"
}

# as_tested LINE: the same with this test's names, its client for the reader's, its server's address
as_tested() {
    sed -e "s|my/client|$TOOLS sleep infinity|" \
        -e "s|--name client|--name $(name client) --network $(name net) --label $LABEL|" \
        -e "s|--name amba |--name $(name amba) --label $LABEL |" \
        -e "s|container:client|container:$(name client)|" \
        -e "s|--volumes-from amba amba|--volumes-from $(name amba) $IMAGE|" \
        -e "s|unless-stopped amba|unless-stopped $IMAGE|" \
        -e "s|10.0.0.5 32768|$(address redis1) 6379|" <<<"$1"
}

test_readme_in_a_clients_namespace() {
    network net
    redis redis1 --network "$(name net)" --network-alias redis1
    redis redis2 --network "$(name net)" --network-alias redis2
    local lines=() line
    mapfile -t lines < <(readme_lines "In a client's namespace")
    equal 5 "${#lines[@]}" "README's commands"
    for line in "${lines[@]}"; do
        echo "+ $(as_tested "$line")"
        case $line in
            *reconfigure*32768*)
                eventually 10 ready amba
                refused client redis
                eval "$(as_tested "$line")"
                answers redis1 client redis || fail "redis1 to answer at the name redis"
                ;;
            *) eval "$(as_tested "$line")" ;;
        esac
    done
    eventually 5 answers redis2 client redis
    eventually 5 answers redis1 client redis
}
