#!/bin/bash
# The guest's side of `npm run test:vm`: suite.sh CHECKOUT [WORD ...]; the words go to scripts/test.mjs.
# What the tests run is copied to the guest's own disk: a big executable takes ten times as long to
# start from a shared folder.
set -eu
checkout=$1
shift
mkdir -p /opt/runt/build
cd "$checkout"
cp -a bin lib dist man package.json scripts spec-bundles test /opt/runt/
cp -a build/test /opt/runt/build/
ln -s "$checkout/node_modules" /opt/runt/node_modules
cd /opt/runt
node scripts/build.mjs node
exec node scripts/test.mjs --no-setup --only integration --engine bun --jobs 2 "$@"
