#!/bin/bash
# The guest's side of test/vm/suite.mjs: suite.sh CHECKOUT SCRIPT [WORD ...]
# What the tests run is copied to the guest's own disk: from a shared folder executables take longer to start.
set -eu
checkout=$1
shift
mkdir -p /opt/runt/build /opt/runt/node_modules
cd "$checkout"
cp -a bin lib dist docs man package.json scripts spec-bundles test /opt/runt/
cp -a build/test build/node /opt/runt/build/
# Results of other files, which a run of some files keeps.
if [ -d build/clients ]; then cp -r build/clients /opt/runt/build/; fi
for package in tap-parser jsonc-parser minimist pbf; do ln -s "$checkout/node_modules/$package" /opt/runt/node_modules/; done
mv /opt/runt/build/test/tap /opt/runt/node_modules/tap
# As udev does, which does not run here: slirp4netns makes its device as the user.
if [ -c /dev/net/tun ]; then chmod 666 /dev/net/tun; fi
cd /opt/runt
node scripts/build.mjs node
status=0
node "$@" || status=$?
for file in build/clients/systemd-*.json; do
  if [ -e "$file" ]; then cp "$file" "$checkout/build/clients/"; fi
done
exit "$status"
