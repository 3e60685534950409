# debian.sh - what ./quickstart and ./check share: packages, the build, a free port.
# Sourced by bash.

# Installs what is missing, as root or through sudo; asks no network when nothing is. A service
# that an installation would start (redis-server, nginx) stays off: nobody asked for it.
debian_need() {
    local missing=() p as=() rc_made=no
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
    done
    if [ ${#missing[@]} -eq 0 ]; then
        echo "everything is installed"
        return 0
    fi
    echo "installing: ${missing[*]}"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo > /dev/null || { echo "missing and neither root nor sudo: ${missing[*]}" >&2; return 1; }
        as=(sudo)
    fi
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        rc_made=yes
        printf '#!/bin/sh\nexit 101\n' | "${as[@]}" tee /usr/sbin/policy-rc.d > /dev/null
        "${as[@]}" chmod 0755 /usr/sbin/policy-rc.d
    fi
    local ok=0
    { "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
      "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null; } || ok=1
    [ $rc_made = no ] || "${as[@]}" rm -f /usr/sbin/policy-rc.d
    if [ $ok -eq 0 ] && command -v systemctl > /dev/null; then # nor at the next boot
        for p in redis-server nginx; do
            case " ${missing[*]} " in *" $p "*|*" $p-light "*) "${as[@]}" systemctl disable "$p" > /dev/null 2>&1 || true ;; esac
        done
    fi
    return $ok
}

# build_tree DIR [CONFIGURE ARGUMENTS]: out of tree, incremental when DIR is there already.
build_tree() {
    local dir=$1 up=..
    shift
    [ -x configure ] && [ configure -nt configure.ac ] && [ Makefile.in -nt Makefile.am ] || autoreconf -fi > /dev/null
    mkdir -p "$dir"
    if [ ! -f "$dir/Makefile" ] || [ "$dir/configured" -ot configure ] || [ "$(cat "$dir/configured" 2>/dev/null)" != "$*" ]; then
        (cd "$dir" && "$up/configure" --quiet "$@" && echo "$*" > configured)
    fi
    make -C "$dir" -s -j"$(nproc)" all > "$dir/build.log" 2>&1 || { tail -n 40 "$dir/build.log" >&2; return 1; }
    echo "built in $dir/"
}

# The first port from FROM on that nobody listens on.
free_port() {
    local port=$1
    while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((port + 1)); done
    echo "$port"
}
