#!/bin/sh
# The browser tests need Chromium. Install Debian's where we may, and otherwise say what to install.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "The browser tests need Chromium, which could not be installed here."
echo "Install it and run make test again; on Debian: sudo apt-get install chromium. The other tests run now."
