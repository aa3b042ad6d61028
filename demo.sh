#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs what is missing, builds, and shows a live trace in a private network of namespaces.
set -eu
cd "$(dirname "$0")"
. ./packages.sh

# shellcheck disable=SC2086
install_packages $DEMO_PACKAGES
cmake --preset default >/dev/null
cmake --build --preset default --target programs
mkdir -p build/demo
ST_BIN=build/bin python3 tests/live/demo.py build/demo/demo.pcapng
