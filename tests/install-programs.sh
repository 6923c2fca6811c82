#!/bin/sh
# The browser tests need Chromium, and those of the sandbox need bubblewrap and libseccomp. Install Debian's packages
# where we may, and otherwise say what to install.
chromium() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}
missing=
chromium || missing="chromium"
command -v bwrap >/dev/null || missing="$missing bubblewrap"
python3 -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null || missing="$missing libseccomp2"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests: $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # several words
    apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
fi
echo "Some tests need programs that could not be installed here: $missing."
echo "Install them and run make test again; on Debian: sudo apt-get install $missing. The other tests run now."
